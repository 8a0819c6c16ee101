//! Client of the configuration service (`fiscal-spec.md` 2.1): fetches a cashbox's document with the caller's id
//! and token, and gives it back checked.
//!
//! ```text
//! fetch ─▶ flight (one per cashbox and token) ─▶ admission (refused lately? too many unknown ids?)
//!       ─▶ client (deadline, retries) ─▶ CashboxConfiguration::read ─▶ copy kept, sealed
//!             └ unreachable ─▶ the copy kept last, for the same token only
//! ```
//!
//! A token that the service refuses is also forgotten in the kept copy, so it opens nothing during an outage.

/// Why there is no configuration.
pub mod error;
/// Who may ask: refusals are remembered, unknown ids are rationed.
pub mod admission;
/// Asks the service with patience: deadline, retries, turns.
pub mod client;
/// Where the documents come from: one question to the service.
pub mod documents;
/// Values that the service encrypts for whoever asks.
pub mod encrypted_values;
/// How the question looks on the wire.
pub mod wire;
/// The way out of the site.
pub mod outgoing_proxy;
/// The configuration kept for bad times.
pub mod kept_copy;
/// What a kept configuration looks like in the database.
pub mod seal;
/// What a pod tells its successor of a cashbox.
pub mod ticket;
/// How often the service was asked.
pub mod metrics;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use shared::clock::{Clock, Ticks};
use shared::env::{Faults, Setting, Settings};
use shared::identity::CashBoxId;
use shared::trace::current;

use crate::cashbox::configuration::{CashboxConfiguration, Fingerprint};
use crate::journal::JournalStore;
use admission::{Admission, Verdict};
use client::Client;
use documents::{Documents, HttpDocuments};
use error::{AnswerFault, BuildError, FetchError};
use kept_copy::KeptCopies;
use metrics::Metrics;
use seal::Seal;
use ticket::Ticket;

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[
    client::BASE_URL,
    client::SHAPE,
    client::TIMEOUT_SECONDS,
    client::RETRIES,
    client::CONCURRENCY,
    client::WAITING_MAX,
    client::BODY_BYTES_MAX,
    admission::REFUSED_SECONDS,
    admission::UNKNOWN_PER_SECOND,
    admission::UNKNOWN_BURST,
    seal::KEY,
    seal::PREVIOUS_KEY,
    outgoing_proxy::PROXY,
    outgoing_proxy::HTTP_PROXY,
    outgoing_proxy::HTTPS_PROXY,
    outgoing_proxy::ALL_PROXY,
    outgoing_proxy::NO_PROXY,
];

/// How the configuration service is asked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it is, and how patiently it is asked.
    pub client: client::Config,
    /// Who may ask.
    pub admission: admission::Config,
    /// The keys that seal kept configurations; without one, none is kept.
    pub seal: Option<seal::Seal>,
}

impl Config {
    /// Reads how the configuration service is asked.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        Self {
            client: client::Config::read(settings, faults),
            admission: admission::Config::read(settings, faults),
            seal: seal::Seal::read(settings, faults),
        }
    }
}

/// A checked configuration and where it came from.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The configuration.
    pub configuration: Arc<CashboxConfiguration>,
    /// Where it came from.
    pub source: Source,
}

/// Where a configuration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The configuration service, just now.
    Service,
    /// The copy kept last, because the service was not reached.
    KeptCopy {
        /// When the copy was fetched.
        fetched_at: Ticks,
    },
}

/// What is remembered of an access token instead of the token: its SHA-256.
pub type TokenDigest = [u8; 32];

/// The configuration service as a pod sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ConfigurationService {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    client: Client,
    admission: Admission,
    /// Seals what pods tell each other; none without a key.
    seal: Option<Seal>,
    kept: KeptCopies,
    clock: Arc<dyn Clock>,
    flights: Mutex<HashMap<FlightKey, Flight>>,
}

/// A flight is joined only by those who show the same token.
type FlightKey = (CashBoxId, TokenDigest);
type Flight = Shared<BoxFuture<'static, Result<Fetched, FetchError>>>;

impl ConfigurationService {
    /// The service as configured; copies are kept in `journal`.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(
        config: Config,
        journal: Arc<dyn JournalStore>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Result<Self, BuildError> {
        let documents = Arc::new(HttpDocuments::new(&config.client, metrics)?);
        Ok(Self::over(documents, config, journal, clock))
    }

    /// The same with documents from elsewhere than the configured service.
    #[must_use]
    pub fn over(
        documents: Arc<dyn Documents>,
        config: Config,
        journal: Arc<dyn JournalStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let parts = Parts {
            client: Client::new(documents, &config.client),
            admission: Admission::new(&config.admission),
            seal: config.seal.clone(),
            kept: KeptCopies::new(config.seal, journal),
            clock,
            flights: Mutex::default(),
        };
        Self {
            parts: Arc::new(parts),
        }
    }

    /// The configuration of a cashbox, for its start or to check a token. Joins a flight that is under way for the
    /// same cashbox and token; when the service is not reached, the copy kept last stands in for the same token.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fetch(&self, cashbox: CashBoxId, token: &SecretString) -> Result<Fetched, FetchError> {
        self.flight(cashbox, token).await
    }

    /// The flight under way for the same cashbox and token, or a new one.
    fn flight(&self, cashbox: CashBoxId, token: &SecretString) -> Flight {
        let key = (cashbox, digest(token));
        let mut flights = self.parts.flights();
        let flight = flights
            .entry(key)
            .or_insert_with(|| self.depart(key, token.clone()));
        flight.clone()
    }

    /// The configuration of a cashbox as it is now, for a reset: never an earlier flight's, never a kept copy.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fetch_anew(&self, cashbox: CashBoxId, token: &SecretString) -> Result<Fetched, FetchError> {
        self.parts.ask(cashbox, token).await
    }

    /// Seals a ticket for the pod that a cashbox is handed to; `None` when the pods share no key.
    #[must_use]
    pub fn seal_ticket(&self, cashbox: CashBoxId, ticket: &Ticket) -> Option<Vec<u8>> {
        Some(ticket.seal(self.parts.seal.as_ref()?, cashbox))
    }

    /// Opens a ticket that another pod sealed for this cashbox.
    #[must_use]
    pub fn open_ticket(&self, cashbox: CashBoxId, sealed: &[u8]) -> Option<Ticket> {
        Ticket::open(self.parts.seal.as_ref()?, cashbox, sealed)
    }

    /// The kept configuration, if it is the very one and was fetched with the token of this digest. The service is
    /// not asked.
    pub async fn recall_exactly(
        &self,
        cashbox: CashBoxId,
        token: &TokenDigest,
        wanted: Fingerprint,
    ) -> Option<Arc<CashboxConfiguration>> {
        let copy = self.parts.kept.recall(cashbox, token).await?;
        let configuration = self.parts.read(&copy.document, cashbox).ok()?;
        (configuration.fingerprint == wanted).then_some(configuration)
    }

    /// Starts a flight as a task of its own: it ends and is forgotten even when nobody waits any more.
    fn depart(&self, key: FlightKey, token: SecretString) -> Flight {
        let landing = Landing {
            parts: Arc::clone(&self.parts),
            key,
        };
        let asking = async move { landing.parts.ask_or_recall(key.0, &token).await };
        let task = tokio::spawn(current::carried(current::about(key.0, asking)));
        let landed = task.map(|ended| {
            ended.unwrap_or_else(|fault| {
                // A panic, or the runtime is going down: for the caller the service was not reached.
                let reason = format!("the fetch was ended: {fault}");
                Err(FetchError::Unreachable { reason })
            })
        });
        landed.boxed().shared()
    }
}

/// Forgets a flight when it ends, however it ends.
struct Landing {
    parts: Arc<Parts>,
    key: FlightKey,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.parts.flights().remove(&self.key);
    }
}

impl Parts {
    fn flights(&self) -> std::sync::MutexGuard<'_, HashMap<FlightKey, Flight>> {
        // The map is whole after every single change, so a panic elsewhere does not spoil it.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_or_recall(&self, cashbox: CashBoxId, token: &SecretString) -> Result<Fetched, FetchError> {
        if self.client.is_away()
            && let Some(fetched) = self.recall(cashbox, token).await?
        {
            return Ok(fetched);
        }
        match self.ask(cashbox, token).await {
            Err(FetchError::Unreachable { reason }) => {
                tracing::warn!(cashbox.id = %cashbox, setting = client::BASE_URL.name, reason,
                    "the configuration service was not reached");
                let recalled = self.recall(cashbox, token).await?;
                recalled.ok_or(FetchError::Unreachable { reason })
            }
            asked => asked,
        }
    }

    async fn ask(&self, cashbox: CashBoxId, token: &SecretString) -> Result<Fetched, FetchError> {
        let digest = digest(token);
        self.admission.check_not_refused(cashbox, digest)?;
        let turn = self.client.turn().await?;
        let admitted = self.admission.admit(cashbox, digest).await?;
        let answer = self.client.get(&turn, cashbox, token).await;
        drop(turn);
        match &answer {
            Ok(_) => self.admission.settle(admitted, Verdict::Accepted).await,
            Err(FetchError::Refused) => {
                self.admission.settle(admitted, Verdict::Refused).await;
                self.kept.forget(cashbox, &digest, self.clock.now()).await;
            }
            Err(_) => self.admission.settle(admitted, Verdict::None).await,
        }
        let document = answer?;
        let configuration = self.read(&document, cashbox)?;
        self.kept
            .keep(cashbox, &digest, &document, self.clock.now())
            .await;
        Ok(Fetched {
            configuration,
            source: Source::Service,
        })
    }

    async fn recall(&self, cashbox: CashBoxId, token: &SecretString) -> Result<Option<Fetched>, FetchError> {
        let Some(copy) = self.kept.recall(cashbox, &digest(token)).await else {
            return Ok(None);
        };
        let configuration = self.read(&copy.document, cashbox)?;
        tracing::warn!(cashbox.id = %cashbox, fetched_at = copy.fetched_at.0, "using the configuration kept last");
        Ok(Some(Fetched {
            configuration,
            source: Source::KeptCopy {
                fetched_at: copy.fetched_at,
            },
        }))
    }

    fn read(&self, document: &str, cashbox: CashBoxId) -> Result<Arc<CashboxConfiguration>, AnswerFault> {
        let configuration = CashboxConfiguration::read(document, cashbox, self.clock.now())?;
        Ok(Arc::new(configuration))
    }
}

fn digest(token: &SecretString) -> TokenDigest {
    Sha256::digest(token.expose_secret().as_bytes()).into()
}

#[cfg(test)]
mod tests;
