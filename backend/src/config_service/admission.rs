//! Who may ask the configuration service: refusals are remembered, and pairs of cashbox and token that never were
//! accepted are rationed for the whole pod, so a flood of unknown ids reaches neither the service nor memory.
//!
//! ```text
//! refused lately ──▶ Refused at once
//! accepted before ─▶ asked
//! never seen ──────▶ takes a ticket (none left: RateLimited) ─▶ asked ─ refused ─▶ the ticket is spent
//!                                                                └ otherwise ────▶ the ticket is given back
//! ```

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use shared::env::{Faults, Setting, Settings};
use shared::identity::CashBoxId;
use tokio::time::Instant;

use super::TokenDigest;
use super::error::FetchError;

/// How long a refusal is remembered.
pub const REFUSED_SECONDS: Setting = Setting::plain(
    "Byodc__ConfigurationService__RefusedSeconds",
    "30",
    "seconds for which a refused pair of cashbox and token is refused again without asking, 0 to 3600",
);
/// How many unknown ids are asked for in a second.
pub const UNKNOWN_PER_SECOND: Setting = Setting::plain(
    "Byodc__ConfigurationService__UnknownPerSecond",
    "20",
    "how many refused asks for unknown cashboxes or tokens this pod makes in a second, 1 to 100000",
);
/// How many unknown ids are asked for at once.
pub const UNKNOWN_BURST: Setting = Setting::plain(
    "Byodc__ConfigurationService__UnknownBurst",
    "200",
    "how many asks for unknown cashboxes or tokens this pod makes at once, 1 to 100000; further ones get \
     503 rate-limited",
);

/// How many pairs are remembered, of each kind.
const PAIRS_MAX: u64 = 100_000;

/// Who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How long a refusal is remembered.
    pub refused_for: Duration,
    /// Tickets that come back in a second.
    pub unknown_per_second: u32,
    /// Tickets at the most.
    pub unknown_burst: u32,
}

impl Config {
    pub(super) fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let mut count = |setting| {
            let count = settings.number(setting, 1..=100_000, faults);
            u32::try_from(count).expect("the bound fits into u32")
        };
        let (unknown_per_second, unknown_burst) = (count(&UNKNOWN_PER_SECOND), count(&UNKNOWN_BURST));
        Self {
            refused_for: Duration::from_secs(settings.number(&REFUSED_SECONDS, 0..=3600, faults)),
            unknown_per_second,
            unknown_burst,
        }
    }
}

type Pair = (CashBoxId, TokenDigest);

/// Decides who may ask.
#[derive(Debug)]
pub struct Admission {
    refused: Cache<Pair, ()>,
    accepted: Cache<Pair, ()>,
    tickets: Mutex<TicketBucket>,
}

/// A permission to ask once. To be handed to [`Admission::settle`].
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    pair: Pair,
    ticket: Option<Ticket>,
}

#[derive(Debug)]
struct Ticket;

/// What the service said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It knows the pair.
    Accepted,
    /// It refused the pair.
    Refused,
    /// It said nothing about the pair.
    None,
}

impl Admission {
    /// Decides as configured.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let cache = || Cache::builder().max_capacity(PAIRS_MAX);
        Self {
            refused: cache().time_to_live(config.refused_for).build(),
            accepted: cache().build(),
            tickets: Mutex::new(TicketBucket::full(
                config.unknown_burst,
                config.unknown_per_second,
            )),
        }
    }

    /// Turns a pair away that was refused lately.
    ///
    /// # Errors
    /// [`FetchError::Refused`].
    pub fn check_not_refused(&self, cashbox: CashBoxId, token: TokenDigest) -> Result<(), FetchError> {
        match self.refused.contains_key(&(cashbox, token)) {
            true => Err(FetchError::Refused),
            false => Ok(()),
        }
    }

    /// Asks for permission.
    ///
    /// # Errors
    /// [`FetchError::RateLimited`] when the pair is unknown and no ticket is left.
    pub async fn admit(&self, cashbox: CashBoxId, token: TokenDigest) -> Result<Admitted, FetchError> {
        self.admit_at((cashbox, token), Instant::now()).await
    }

    async fn admit_at(&self, pair: Pair, now: Instant) -> Result<Admitted, FetchError> {
        let ticket = match self.accepted.get(&pair).await {
            Some(()) => None,
            None if self.tickets().take(now) => Some(Ticket),
            None => return Err(FetchError::RateLimited),
        };
        Ok(Admitted { pair, ticket })
    }

    /// Remembers what the service said, and gives the ticket back unless it was spent on a refusal.
    pub async fn settle(&self, admitted: Admitted, verdict: Verdict) {
        match verdict {
            Verdict::Accepted => self.accepted.insert(admitted.pair, ()).await,
            Verdict::Refused => {
                self.accepted.invalidate(&admitted.pair).await;
                self.refused.insert(admitted.pair, ()).await;
                return;
            }
            Verdict::None => {}
        }
        if admitted.ticket.is_some() {
            self.tickets().give_back();
        }
    }

    fn tickets(&self) -> std::sync::MutexGuard<'_, TicketBucket> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token bucket; called tickets, because tokens are something else here.
#[derive(Debug)]
struct TicketBucket {
    size: f64,
    per_second: f64,
    left: f64,
    counted_at: Instant,
}

impl TicketBucket {
    fn full(size: u32, per_second: u32) -> Self {
        Self {
            size: f64::from(size),
            per_second: f64::from(per_second),
            left: f64::from(size),
            counted_at: Instant::now(),
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted_at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.size);
        self.counted_at = now;
        let taken = self.left >= 1.0;
        if taken {
            self.left -= 1.0;
        }
        taken
    }

    fn give_back(&mut self) {
        self.left = (self.left + 1.0).min(self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASHBOX: CashBoxId = CashBoxId::from_u128(1);

    fn admission(unknown_burst: u32) -> Admission {
        Admission::new(&Config {
            refused_for: Duration::from_secs(30),
            unknown_per_second: 1,
            unknown_burst,
        })
    }

    #[tokio::test]
    async fn a_refused_pair_is_refused_at_once_and_another_token_is_not() {
        let admission = admission(5);
        let admitted = admission.admit(CASHBOX, [1; 32]).await.unwrap();
        admission.settle(admitted, Verdict::Refused).await;
        assert_eq!(
            admission.check_not_refused(CASHBOX, [1; 32]),
            Err(FetchError::Refused)
        );
        assert_eq!(admission.check_not_refused(CASHBOX, [2; 32]), Ok(()));
    }

    #[tokio::test]
    async fn refusals_use_up_the_tickets_and_time_brings_them_back() {
        let admission = admission(2);
        let now = Instant::now();
        for token in 1..=2 {
            let admitted = admission.admit_at((CASHBOX, [token; 32]), now).await.unwrap();
            admission.settle(admitted, Verdict::Refused).await;
        }
        let third = admission.admit_at((CASHBOX, [3; 32]), now).await;
        assert_eq!(third.unwrap_err(), FetchError::RateLimited);
        let later = now + Duration::from_secs(1);
        assert!(admission.admit_at((CASHBOX, [3; 32]), later).await.is_ok());
    }

    #[tokio::test]
    async fn accepted_pairs_need_no_tickets_even_when_none_are_left() {
        let (admission, now) = (admission(1), Instant::now());
        let ask = |token: u8| admission.admit_at((CASHBOX, [token; 32]), now);
        admission.settle(ask(1).await.unwrap(), Verdict::Accepted).await;
        admission.settle(ask(2).await.unwrap(), Verdict::Refused).await;
        assert_eq!(ask(3).await.unwrap_err(), FetchError::RateLimited);
        assert!(ask(1).await.is_ok());
    }

    #[tokio::test]
    async fn a_trouble_of_the_service_costs_no_ticket() {
        let admission = admission(1);
        for token in 0..10 {
            let admitted = admission.admit(CASHBOX, [token; 32]).await.unwrap();
            admission.settle(admitted, Verdict::None).await;
        }
    }
}
