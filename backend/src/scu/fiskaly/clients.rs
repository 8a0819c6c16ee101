//! The clients of a TSS: by the serial number that the queue knows, with the id that fiskaly wants.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;
use uuid::Uuid;

use super::call::{Call, Failure};
use super::history::PAGE_MAX;
use super::names;
use super::wire::ClientBody;
use crate::scu::ScuError;

/// The state of a client that may sign.
const REGISTERED: &str = "REGISTERED";
/// The state of one that may not any more.
const DEREGISTERED: &str = "DEREGISTERED";
/// How many pages of a list are read: a TSS has at most 199 clients and 2000 open transactions.
pub const PAGES_MAX: usize = 50;

/// The ids of registered clients, as last listed.
#[derive(Debug, Default)]
pub struct Clients(Mutex<HashMap<String, Uuid>>);

impl Clients {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// The id of a client that may sign. One that is not known is looked for once more: another pod may have
    /// registered it.
    ///
    /// # Errors
    /// When it is not registered, or the TSS does not answer.
    pub async fn client(&self, serial: &str) -> Result<Uuid, Failure> {
        let known = self.tss.clients.lock().get(serial).copied();
        if let Some(id) = known {
            return Ok(id);
        }
        let found = self.all_clients().await?;
        let found = found
            .iter()
            .find(|client| is_registered(client) && client.serial_number == serial);
        let found = found.map(|client| client.id);
        found.ok_or_else(|| Failure::ours(format!("The client {serial} is not registered.")))
    }

    /// The id of a client, registered or not any more; none if the TSS has never had it.
    ///
    /// # Errors
    /// When the TSS does not answer.
    pub async fn any_client(&self, serial: &str) -> Result<Option<Uuid>, Failure> {
        let known = self.tss.clients.lock().get(serial).copied();
        match known {
            Some(id) => Ok(Some(id)),
            None => Ok(with_serial(&self.all_clients().await?, serial).map(|client| client.id)),
        }
    }

    /// Every client, and remembers those that may sign.
    ///
    /// # Errors
    /// When the TSS does not answer.
    pub async fn all_clients(&self) -> Result<Vec<ClientBody>, Failure> {
        let clients: Vec<ClientBody> = self.whole_list("client").await?;
        let registered = clients.iter().filter(|client| is_registered(client));
        *self.tss.clients.lock() = registered
            .map(|client| (client.serial_number.clone(), client.id))
            .collect();
        Ok(clients)
    }

    /// A list to its end.
    ///
    /// # Errors
    /// When the TSS does not answer.
    pub async fn whole_list<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = self
                .list(&format!("{path}{sign}limit={PAGE_MAX}&offset={}", all.len()))
                .await?;
            let is_last = page.len() < PAGE_MAX;
            all.extend(page);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Registers a client, once; answers everybody who may sign.
    ///
    /// # Errors
    /// When the TSS refuses it or has no room, or does not answer.
    pub async fn register(&self, serial: &str) -> Result<Vec<String>, ScuError> {
        let clients = self.all_clients().await?;
        let before = with_serial(&clients, serial);
        if before.is_some_and(is_registered) {
            return Ok(registered(&clients));
        }
        let count = registered(&clients).len();
        if let Some(max) = self.tss.settings.clients_max.filter(|max| count >= *max) {
            return Err(Failure::ours(format!(
                "The client {serial} is not registered: the TSS has {count} clients, and MaxClientCount allows {max}."
            ))
            .into());
        }
        let (path, body) = match before {
            // A serial number is a TSS's only once: one that was removed comes back as it was.
            Some(before) => (format!("client/{}", before.id), json!({ "state": REGISTERED })),
            None => (
                format!("client/{}", names::client(self.tss.id, serial)),
                json!({ "serial_number": serial }),
            ),
        };
        match before {
            Some(_) => self.as_admin(|| self.patch(&path, &body)).await?,
            None => self.as_admin(|| self.put(&path, &body)).await?,
        };
        Ok(registered(&self.all_clients().await?))
    }

    /// Takes a client its right to sign; answers everybody who has it still.
    ///
    /// # Errors
    /// When the TSS refuses it or does not answer.
    pub async fn unregister(&self, serial: &str) -> Result<Vec<String>, ScuError> {
        let clients = self.all_clients().await?;
        let Some(client) = with_serial(&clients, serial).filter(|client| is_registered(client)) else {
            return Ok(registered(&clients));
        };
        let (path, body) = (format!("client/{}", client.id), json!({ "state": DEREGISTERED }));
        self.tss.clients.lock().remove(serial);
        self.as_admin(|| self.patch(&path, &body)).await?;
        Ok(registered(&self.all_clients().await?))
    }
}

/// The client of this serial number; one that may sign goes before one that may not any more.
fn with_serial<'a>(clients: &'a [ClientBody], serial: &str) -> Option<&'a ClientBody> {
    let named = || clients.iter().filter(|client| client.serial_number == serial);
    named()
        .find(|client| is_registered(client))
        .or_else(|| named().next())
}

fn is_registered(client: &ClientBody) -> bool {
    client.state == REGISTERED
}

/// Serial numbers of those that may sign.
#[must_use]
pub fn registered(clients: &[ClientBody]) -> Vec<String> {
    let registered = clients.iter().filter(|client| is_registered(client));
    registered.map(|client| client.serial_number.clone()).collect()
}
