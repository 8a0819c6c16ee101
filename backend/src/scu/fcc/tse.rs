//! What the TSE behind an FCC says of itself, and whom it knows (`fiscal-spec.md` 5.2 and 6.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::call::{As, Call, error_type};
use super::wire::{
    Client, Deregistration, Info, KeyInfo, OpenTransaction, Registration, SelfCheck, TssDetails,
};
use super::{Fcc, der, query, rejected};
use crate::scu::ScuError;
use crate::scu::types::{SignatureData, TseInfo, TseState};

/// The FCC's word for: no more clients.
const NO_MORE_CLIENTS: &str = "ERS_INVALID_REGISTRATION_KEY";
/// How many clients are asked for their open transactions at the same time.
const CLIENTS_AT_ONCE: usize = 8;

/// What does not change while a TSE lives: every signature is told with it.
#[derive(Debug, Clone)]
pub struct Details {
    /// As the FCC says.
    pub tss: TssDetails,
    /// Out of the leaf certificate.
    pub public_key_base64: String,
}

impl Details {
    /// A signature with what is needed to check it.
    #[must_use]
    pub fn signature(&self, counter: u64, signature_base64: String) -> SignatureData {
        SignatureData {
            counter,
            algorithm: self.tss.algorithm.clone(),
            signature_base64,
            public_key_base64: self.public_key_base64.clone(),
        }
    }

    fn of(tss: TssDetails) -> Result<Self, ScuError> {
        let certificate = BASE64.decode(tss.leaf_certificate.trim()).ok();
        let key = certificate.as_deref().and_then(der::public_key);
        let key = key.ok_or_else(|| rejected("The FCC's leaf certificate holds no readable public key."))?;
        let public_key_base64 = BASE64.encode(key);
        Ok(Self {
            tss,
            public_key_base64,
        })
    }
}

impl Fcc {
    /// Asked for once. Before anything is signed, so that no signature is lost for want of it.
    pub(super) async fn details(&self) -> Result<&Details, ScuError> {
        self.details
            .get_or_try_init(|| async { Details::of(self.fresh_details().await?) })
            .await
    }

    async fn fresh_details(&self) -> Result<TssDetails, ScuError> {
        let call = Call::get("reading the TSE's details", As::Restricted, "tssdetails");
        self.client.ask(&call).await
    }

    pub(super) async fn check(&self) -> Result<SelfCheck, ScuError> {
        let call = Call::get("checking itself", As::Restricted, "selfcheck");
        self.client.ask(&call).await
    }

    pub(super) async fn fcc_info(&self) -> Result<Info, ScuError> {
        let call = Call::get("reading its limits", As::Admin, "info");
        self.client.ask(&call).await
    }

    pub(super) async fn clients(&self) -> Result<Vec<String>, ScuError> {
        let call = Call::get("listing its clients", As::Admin, "clients");
        let clients: Vec<Client> = self.client.ask(&call).await?;
        Ok(clients.into_iter().map(|client| client.client_id).collect())
    }

    /// A client's open transactions, lowest number first.
    pub(super) async fn open_numbers(&self, client_id: &str) -> Result<Vec<u64>, ScuError> {
        let path = format!("transactions?{}", query(&[("clientId", client_id)]));
        let call = Call::get("listing open transactions", As::Bearer(client_id), path);
        let Some(answer) = self.client.find(&call).await? else {
            return Ok(Vec::new());
        };
        let open: Vec<OpenTransaction> = answer.json().map_err(|error| call.unanswered(error))?;
        let mut numbers: Vec<u64> = open.into_iter().map(|open| open.transaction_number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The open transactions of the client that this unit is asked for. One that was asked for none yet answers those
    /// of all clients.
    async fn numbers_of(&self, clients: &[String]) -> Result<Vec<u64>, ScuError> {
        let own = self.memory().client().map(str::to_owned);
        if let Some(own) = own.filter(|own| clients.contains(own)) {
            return self.open_numbers(&own).await;
        }
        let owned = clients.to_vec();
        let lists = stream::iter(owned).map(|client| async move { self.open_numbers(&client).await });
        let mut numbers: Vec<u64> = lists
            .buffer_unordered(CLIENTS_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?
            .concat();
        numbers.sort_unstable();
        Ok(numbers)
    }

    pub(super) async fn info(&self) -> Result<TseInfo, ScuError> {
        let (limits, check, details, clients) = tokio::try_join!(
            self.fcc_info(),
            self.check(),
            self.fresh_details(),
            self.clients()
        )?;
        let numbers = self.numbers_of(&clients).await?;
        let details = Details::of(details)?;
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let signatures = check
            .key_infos
            .iter()
            .filter_map(|key| key.last_signature_counter)
            .max();
        Ok(TseInfo {
            max_number_of_clients: limits.max_number_clients,
            current_number_of_clients: count(clients.len()),
            current_client_ids: Some(clients),
            max_number_of_started_transactions: limits.max_number_transactions,
            current_number_of_started_transactions: limits.current_number_of_transactions,
            current_started_transaction_numbers: Some(numbers),
            max_number_of_signatures: i64::MAX,
            current_number_of_signatures: i64::try_from(signatures.unwrap_or(0)).unwrap_or(i64::MAX),
            max_log_memory_size: i64::MAX,
            current_log_memory_size: -1,
            current_state: state_of(&check.key_infos),
            firmware_identification: check.remote_csp_version.clone(),
            certification_identification: Some(self.settings.certification.clone()),
            signature_algorithm: Some(details.tss.algorithm),
            log_time_format: Some(details.tss.time_format),
            serial_number_octet: Some(details.tss.serial_number_hex),
            public_key_base64: Some(details.public_key_base64),
            certificates_base64: Some(vec![details.tss.leaf_certificate]),
            info: Some(versions(&check)),
        })
    }

    pub(super) async fn register(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let known = self.clients().await?;
        if known.iter().any(|known| known == client_id) {
            return Ok(known);
        }
        let token = self.settings.activation_token.as_ref();
        let token = token.ok_or_else(|| {
            rejected("A client cannot be registered at the FCC without the setting ActivationToken.")
        })?;
        let registration = Registration {
            registration_token: token.expose_secret(),
            unique_client_id: client_id,
            brief_description: client_id,
            type_of_system: "PC_POS",
            ers_identifier: client_id,
        };
        let call = Call::change(
            "registering a client",
            As::Admin,
            Method::POST,
            "registration",
            &registration,
        );
        let answer = self.client.send(&call).await?;
        if error_type(&answer).as_deref() == Some(NO_MORE_CLIENTS) {
            return Err(rejected(&format!(
                "The FCC allows no more clients; the client {client_id} cannot be registered ({NO_MORE_CLIENTS})."
            )));
        }
        call.judge(answer)?;
        self.clients().await
    }

    pub(super) async fn deregister(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let known = self.clients().await?;
        if !known.iter().any(|known| known == client_id) {
            return Ok(known);
        }
        let body = Deregistration {
            unique_client_id: client_id,
        };
        let call = Call::change(
            "deregistering a client",
            As::Admin,
            Method::POST,
            "deregistration",
            &body,
        );
        call.judge(self.client.send(&call).await?)?;
        self.clients().await
    }

    pub(super) async fn state(&self) -> Result<TseState, ScuError> {
        Ok(state_of(&self.check().await?.key_infos))
    }
}

/// One key that signs is enough; a TSE without a key was not set up yet.
fn state_of(keys: &[KeyInfo]) -> TseState {
    let is_active = |key: &KeyInfo| key.state.eq_ignore_ascii_case("ACTIVE");
    match (keys.is_empty(), keys.iter().any(is_active)) {
        (true, _) => TseState::Uninitialized,
        (false, true) => TseState::Initialized,
        (false, false) => TseState::Terminated,
    }
}

fn versions(check: &SelfCheck) -> Map<String, Value> {
    let versions = [
        ("FccVersion", &check.fcc_version),
        ("LocalClientVersion", &check.local_client_version),
        ("RemoteCspVersion", &check.remote_csp_version),
    ];
    let known = versions.into_iter().filter_map(|(name, version)| {
        let version = version.clone()?;
        Some((name.to_owned(), Value::String(version)))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_that_of_the_keys() {
        let keys = |states: &[&str]| -> Vec<KeyInfo> {
            let key = |state: &&str| KeyInfo {
                state: (*state).to_owned(),
                last_signature_counter: None,
            };
            states.iter().map(key).collect()
        };
        assert_eq!(state_of(&keys(&["ACTIVE"])), TseState::Initialized);
        assert_eq!(state_of(&keys(&["NONACTIVE", "ACTIVE"])), TseState::Initialized);
        assert_eq!(state_of(&keys(&["NONACTIVE"])), TseState::Terminated);
        assert_eq!(state_of(&[]), TseState::Uninitialized);
    }
}
