//! One TSS at fiskaly, shared by the cashboxes whose configuration names it: what one of them learns, all know.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use uuid::Uuid;

use super::clients::Clients;
use super::export::Exports;
use super::settings::Settings;
use super::token::Tokens;
use super::transaction::Finishing;
use crate::scu::http_client::HttpClient;

/// How many transactions' revisions are remembered; others are asked for. A TSS has at most 2000 open ones.
const REVISIONS_MAX: usize = 4096;

/// A TSS and what is known of it.
#[derive(Debug)]
pub struct Tss {
    /// Its id.
    pub id: Uuid,
    /// How it is asked.
    pub settings: Settings,
    /// The way to it.
    pub http: HttpClient,
    /// The token in use.
    pub tokens: Tokens,
    /// Who may sign.
    pub clients: Clients,
    /// The newest revision of open transactions.
    pub revisions: Revisions,
    /// Finishes that were sent from here.
    pub finishing: Finishing,
    /// One at a time is its administrator: the end of one log-in ends the other.
    pub admin: tokio::sync::Mutex<()>,
    /// Exports under way.
    pub exports: Exports,
}

impl Tss {
    /// The TSS that settings name, asked by `http`.
    #[must_use]
    pub fn new(settings: Settings, http: HttpClient) -> Self {
        Self {
            id: settings.tss,
            settings,
            http,
            tokens: Tokens::default(),
            clients: Clients::default(),
            revisions: Revisions::default(),
            finishing: Finishing::default(),
            admin: tokio::sync::Mutex::default(),
            exports: Exports::default(),
        }
    }

    /// What to say of a TSS that is gone (6.1).
    #[must_use]
    pub fn deleted(&self) -> String {
        format!(
            "The TSS {} was deleted. fiskaly deletes the TSSs of its TEST environment in a weekly clean-up; create a new \
             one and name it as TssId in the configuration of the SCU.",
            self.id
        )
    }
}

/// The newest revision of open transactions. A cache: another pod may have finished one, which the TSS then says.
#[derive(Debug, Default)]
pub struct Revisions(Mutex<BTreeMap<u64, u64>>);

impl Revisions {
    /// The newest revision of a transaction, if it is known.
    #[must_use]
    pub fn latest(&self, number: u64) -> Option<u64> {
        self.lock().get(&number).copied()
    }

    /// Notes the newest revision of a transaction.
    pub fn note(&self, number: u64, latest: u64) {
        let mut known = self.lock();
        known.insert(number, latest);
        if known.len() > REVISIONS_MAX {
            known.pop_first();
        }
    }

    /// A transaction has ended, or is not what was thought.
    pub fn forget(&self, number: u64) {
        self.lock().remove(&number);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The TSSs that cashboxes of this pod use now.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<[u8; 32], Weak<Tss>>>);

impl Known {
    /// The TSS that these settings name: the one that another cashbox uses with the same settings, or a new one.
    ///
    /// # Errors
    /// Why a new one cannot be asked.
    pub fn get_or<E>(&self, digest: [u8; 32], new: impl FnOnce() -> Result<Tss, E>) -> Result<Arc<Tss>, E> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tss) = known.get(&digest).and_then(Weak::upgrade) {
            return Ok(tss);
        }
        known.retain(|_, tss| tss.strong_count() > 0);
        let tss = Arc::new(new()?);
        known.insert(digest, Arc::downgrade(&tss));
        Ok(tss)
    }
}
