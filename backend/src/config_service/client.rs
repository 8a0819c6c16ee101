//! Asks the configuration service with patience: one deadline for everything, retries with jitter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::Url;
use secrecy::SecretString;
use shared::env::{Faults, Setting, Settings};
use shared::identity::CashBoxId;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::documents::Documents;
use super::error::FetchError;
use super::outgoing_proxy::OutgoingProxy;
use super::wire::Shape;

/// Where the service is.
pub const BASE_URL: Setting = Setting::plain(
    "Helipad__BaseUrl",
    "https://helipad-sandbox.fiskaltrust.cloud",
    "base address of the configuration service, http or https",
);
/// Which form is spoken.
pub const SHAPE: Setting = Setting::plain(
    "Byodc__ConfigurationService__Shape",
    "helipad",
    "how the configuration service is asked: helipad, or launcher for the newer service",
);
/// How long everything may take.
pub const TIMEOUT_SECONDS: Setting = Setting::plain(
    "Byodc__ConfigurationService__TimeoutSeconds",
    "60",
    "seconds for fetching one configuration, retries included, 1 to 600; waiting for a turn has the same bound",
);
/// How often it is tried again.
pub const RETRIES: Setting = Setting::plain(
    "Byodc__ConfigurationService__Retries",
    "2",
    "how often a fetch is repeated after a network failure, 408, 429 or 5xx, 0 to 10",
);
/// How many fetches run at once.
pub const CONCURRENCY: Setting = Setting::plain(
    "Byodc__ConfigurationService__Concurrency",
    "64",
    "how many configurations are fetched at the same time, 1 to 4096",
);
/// How many fetches wait for their turn.
pub const WAITING_MAX: Setting = Setting::plain(
    "Byodc__ConfigurationService__WaitingMax",
    "10000",
    "how many fetches may wait for their turn, 0 to 1000000; further ones get 503 rate-limited",
);
/// The largest document.
pub const BODY_BYTES_MAX: Setting = Setting::plain(
    "Byodc__ConfigurationService__BodyBytesMax",
    "4194304",
    "the largest configuration that is read, in bytes, 1024 to 268435456",
);

/// The pause before the first repetition; doubled each time, with jitter.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long the service counts as away after a fetch found it so.
const AWAY_FOR: Duration = Duration::from_secs(5);

/// How the service is asked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it is.
    pub base: Url,
    /// Which form is spoken.
    pub shape: Shape,
    /// How long everything may take.
    pub timeout: Duration,
    /// How often it is tried again.
    pub retries: usize,
    /// How many fetches run at once.
    pub concurrency: usize,
    /// How many fetches wait for their turn.
    pub waiting_max: usize,
    /// The largest document.
    pub body_bytes_max: usize,
    /// The way out of the site.
    pub proxy: OutgoingProxy,
}

impl Config {
    pub(super) fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let base = settings.value::<BaseUrl>(&BASE_URL, faults).0;
        let shape = settings.value(&SHAPE, faults);
        let seconds = settings.number(&TIMEOUT_SECONDS, 1..=600, faults);
        let mut count = |setting, bounds| {
            let count = settings.number(setting, bounds, faults);
            usize::try_from(count).expect("the bounds fit into usize")
        };
        Self {
            base,
            shape,
            timeout: Duration::from_secs(seconds),
            retries: count(&RETRIES, 0..=10),
            concurrency: count(&CONCURRENCY, 1..=4096),
            waiting_max: count(&WAITING_MAX, 0..=1_000_000),
            body_bytes_max: count(&BODY_BYTES_MAX, 1024..=268_435_456),
            proxy: OutgoingProxy::read(settings, faults),
        }
    }
}

/// An address that requests can be sent to.
struct BaseUrl(Url);

impl std::str::FromStr for BaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "must be an absolute address such as https://host")?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("must begin with http:// or https://");
        }
        if url.query().is_some() || url.fragment().is_some() || url.password().is_some() {
            return Err("must have neither a query, a fragment nor a password");
        }
        Ok(Self(url))
    }
}

/// The right to ask once, given back when it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    _place: SemaphorePermit<'a>,
    _turn: SemaphorePermit<'a>,
}

/// Asks the configuration service.
#[derive(Debug)]
pub struct Client {
    documents: Arc<dyn Documents>,
    turns: Semaphore,
    /// Turns and places to wait for one.
    places: Semaphore,
    timeout: Duration,
    retries: usize,
    /// When the service was found to be away; none once it answered again.
    away_since: Mutex<Option<Instant>>,
}

impl Client {
    /// A client of `documents`, as patient as configured.
    #[must_use]
    pub fn new(documents: Arc<dyn Documents>, config: &Config) -> Self {
        Self {
            documents,
            turns: Semaphore::new(config.concurrency),
            places: Semaphore::new(config.concurrency + config.waiting_max),
            timeout: config.timeout,
            retries: config.retries,
            away_since: Mutex::default(),
        }
    }

    /// Waits for a turn to ask.
    ///
    /// # Errors
    /// [`FetchError::RateLimited`] when too many wait already, [`FetchError::Unreachable`] when no turn came in time.
    pub async fn turn(&self) -> Result<Turn<'_>, FetchError> {
        let place = self.places.try_acquire().map_err(|_| FetchError::RateLimited)?;
        let turn = tokio::time::timeout(self.timeout, self.turns.acquire()).await;
        let turn = turn.map_err(|_| self.out_of_time())?;
        Ok(Turn {
            _place: place,
            _turn: turn.expect("the semaphore is never closed"),
        })
    }

    /// The document of a cashbox as the service gives it for this token.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn get(
        &self,
        _turn: &Turn<'_>,
        cashbox: CashBoxId,
        token: &SecretString,
    ) -> Result<String, FetchError> {
        let retries = ExponentialBuilder::default()
            .with_min_delay(RETRY_PAUSE)
            .with_max_delay(RETRY_PAUSE_MAX)
            .with_max_times(self.retries)
            .with_jitter();
        let attempt = || self.documents.get(cashbox, token);
        let attempts = attempt
            .retry(retries)
            .when(|error| matches!(error, FetchError::Unreachable { .. }))
            .notify(|error, pause| {
                tracing::debug!(cashbox.id = %cashbox, %error, pause_ms = pause.as_secs_f64() * 1000.0, "asking the configuration service again");
            });
        let got = tokio::time::timeout(self.timeout, attempts).await;
        let got = got.unwrap_or_else(|_| Err(self.out_of_time()));
        let is_away = matches!(got, Err(FetchError::Unreachable { .. }));
        *self.away_since() = is_away.then(Instant::now);
        got
    }

    /// Whether the service was found to be away a moment ago. Who has another way then needs not ask: after a cold
    /// start of thousands of cashboxes, each would wait for the same failure.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away_since().is_some_and(|since| since.elapsed() < AWAY_FOR)
    }

    fn away_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out_of_time(&self) -> FetchError {
        FetchError::Unreachable {
            reason: format!("no configuration within {:?}", self.timeout),
        }
    }
}
