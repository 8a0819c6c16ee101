//! One cashbox: found, started, waited for, served one request at a time.
//!
//! ```text
//! registry ─ start ─→ actor ⇄ mailbox ← handle ← everybody else
//!                       └ receipt → write, reset
//! ```

/// Why a cashbox did not do what was asked.
pub mod error;
/// The access token, as a digest.
pub mod token;
/// From id to running cashbox.
pub mod registry;
/// What cashboxes are made of.
pub mod parts;
/// The ways to its TSEs.
mod units;
/// How a cashbox starts.
mod start;
/// What the configuration service says of a cashbox, checked.
pub mod configuration;
/// Where its queue's rows are kept.
mod place;
/// What the queue engine is told of it.
mod options;
/// What everybody but the actor holds.
pub mod handle;
/// What can be asked, and the place of the answer.
pub mod command;
/// Waiting for one's turn.
pub mod mailbox;
/// The life of a cashbox, as one pure function.
pub mod lifecycle;
/// What can be seen from outside.
pub mod status;
/// Whether it gets on with what it does.
pub mod progress;
/// What went wrong lately, and how soon it may start again.
mod setbacks;
/// Whether it could move without anybody noticing.
mod rest;
/// The task that alone touches the state.
pub mod actor;
/// One receipt, from request to answer.
mod receipt;
/// What a receipt gets from this pod.
mod site;
/// The TSE's log into the journal.
pub mod export;
/// Before it serves: may the journal be continued, and what was interrupted.
mod settle;
/// What a TSE that keeps no identities has signed for an interrupted receipt.
mod recall;
/// What the journal holds, beside what the TSE has signed.
mod ledger;
/// Nothing changes a TSE that was not compared.
mod guarded;
/// Kept straight against the TSE, or stopped.
mod books;
/// What this pod has acknowledged.
pub mod acknowledged;
/// Going on with a stale journal.
pub mod acceptance;
/// Writing with certainty.
mod write;
/// Beginning anew under the same tenure.
mod reset;
/// Handing a cashbox to another pod.
pub mod handover;
/// What this pod made ready for cashboxes that others mean to hand to it.
pub mod prepared;
/// What stops a receipt.
mod trouble;
/// What is counted.
pub mod metrics;

use std::time::Duration;

use shared::env::{Faults, Setting, Settings};

/// How many requests may wait for one cashbox.
pub const MAILBOX_DEPTH: Setting = Setting::plain(
    "Byodc__Cashbox__MailboxDepth",
    "256",
    "how many requests may wait for one cashbox, 1 to 65536; one more is answered with 503 mailbox-full",
);
/// After how long an idle cashbox leaves memory.
pub const IDLE_MINUTES: Setting = Setting::plain(
    "Byodc__Cashbox__IdleMinutes",
    "60",
    "minutes without a request after which a cashbox leaves memory and is released, 0 to 10080; 0 = never; \
     one with an open TSE transaction stays",
);
/// How many cashboxes one pod hosts.
pub const HOSTED_MAX: Setting = Setting::plain(
    "Byodc__Cashbox__HostedMax",
    "100000",
    "how many cashboxes this pod hosts at the most, 1 to 10000000; a further one is answered with 503",
);
/// How many cashboxes start at once.
pub const STARTS_MAX: Setting = Setting::plain(
    "Byodc__Cashbox__StartsMax",
    "64",
    "how many starts of cashboxes ask the ownership store, and how many claim in the journal, at the same time, 1 to \
     4096; further ones wait their turn",
);
/// How long a cashbox may make no progress.
pub const STUCK_SECONDS: Setting = Setting::plain(
    "Byodc__Cashbox__StuckSeconds",
    "300",
    "seconds without any progress in one request, or in a start, after which a cashbox is freed and starts anew, \
     1 to 86400; never less than twice the time-out of its SCU",
);

/// What becomes of a queue that has a database of its own.
pub const OWN_DATABASES: Setting = Setting::plain(
    "Byodc__Cashbox__OwnDatabases",
    "open",
    "what becomes of a queue whose configuration names a database of its own (connectionstring): open it in place (the \
     original's MySQL package; others are refused), refuse it, or replace: keep its receipts in the pods' journal, where \
     a new chain begins",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[
    MAILBOX_DEPTH,
    IDLE_MINUTES,
    HOSTED_MAX,
    STARTS_MAX,
    STUCK_SECONDS,
    OWN_DATABASES,
];

/// What becomes of a queue whose configuration names a database of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnDatabases {
    /// The original's MySQL database is opened in place, and its chain continued; other kinds are refused.
    Open,
    /// It is not served: a chain that may exist there is not forked.
    Refuse,
    /// Its receipts go into the pods' journal, where a new chain begins.
    Replace,
}

impl OwnDatabases {
    fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let effective = settings.effective(&OWN_DATABASES);
        match effective.value.trim().to_lowercase().as_str() {
            "open" => Self::Open,
            "refuse" => Self::Refuse,
            "replace" => Self::Replace,
            _ => {
                faults.add(&OWN_DATABASES, &effective, &"must be open, refuse or replace");
                Self::Refuse
            }
        }
    }
}

/// How many cashboxes a pod hosts, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Cashbox__MailboxDepth`.
    pub mailbox_depth: usize,
    /// `Byodc__Cashbox__IdleMinutes`; none = never.
    pub idle_after: Option<Duration>,
    /// `Byodc__Cashbox__HostedMax`.
    pub hosted_max: usize,
    /// `Byodc__Cashbox__StartsMax`.
    pub starts_max: usize,
    /// `Byodc__Cashbox__StuckSeconds`.
    pub stuck_after: Duration,
    /// `Byodc__Cashbox__OwnDatabases`.
    pub own_databases: OwnDatabases,
    /// Exports of the TSE within a receipt.
    pub exports: export::Config,
}

impl Config {
    /// Reads how many cashboxes a pod hosts, and how.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let mut count = |setting, max| {
            let number = settings.number(setting, 1..=max, faults);
            usize::try_from(number).expect("the bound fits into usize")
        };
        let (mailbox_depth, hosted_max, starts_max) = (
            count(&MAILBOX_DEPTH, 65_536),
            count(&HOSTED_MAX, 10_000_000),
            count(&STARTS_MAX, 4096),
        );
        let idle_minutes = settings.number(&IDLE_MINUTES, 0..=10_080, faults);
        Self {
            mailbox_depth,
            idle_after: (idle_minutes > 0).then(|| Duration::from_secs(idle_minutes * 60)),
            hosted_max,
            starts_max,
            stuck_after: Duration::from_secs(settings.number(&STUCK_SECONDS, 1..=86_400, faults)),
            own_databases: OwnDatabases::read(settings, faults),
            exports: export::Config::read(settings, faults),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
