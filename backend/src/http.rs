//! Into the pod: paths, headers, tokens, answers.
//!
//! ```text
//! router → extract (whose receipt, which operation) → sign | echo | journal → reply
//! ```
//!
//! Everything that a client sends is checked here, and every answer is made here. What happens in between belongs
//! to [`crate::cashbox`], which knows nothing of HTTP.

/// Every spelling of every path.
pub mod path;
/// From path to handler, and what surrounds every handler.
pub mod router;
/// Whose request it is.
pub mod extract;
/// What a body may be and a receipt may say.
pub mod admissible;
/// No handler of a cashbox without a caller.
pub mod auth;
/// What makes two requests the same operation.
pub mod operation;
/// Sign a receipt.
pub mod sign;
/// Answer the same text, or reset.
pub mod echo;
/// Stream a journal.
pub mod journal;
/// The same in the second generation of the interface.
pub mod v2;
/// Say which version runs.
pub mod version;
/// Say whether the pod turns and takes cashboxes.
pub mod health;
/// Describe the interface.
pub mod swagger;
/// Who may ask on the admin port.
pub mod access;
/// The one line per change that an operator asks for.
pub mod audit;
/// What other pods and operators ask.
pub mod peer;
/// Who held a cashbox when.
pub mod history;
/// Hand cashboxes over, for pods and operators.
pub mod handover;
/// Going on with a stale journal.
pub mod accept_journal;
/// Why a request is refused, and what the outside learns of it.
pub mod failure;
/// Into HTTP: what was done, or why it was not.
pub mod reply;
/// The one line per request.
pub mod record;
/// What is counted.
pub mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;

use admissible::OldDates;
use shared::access::admin_keys::{self, AdminKeys};
use shared::access::metrics_port;
use shared::api::writing::Shape;
use shared::clock::Clock;
use shared::env::{Faults, Setting, Settings};
use shared::identity::pod::PodId;
use shared::trace::tracer::Tracer;
use tokio_util::sync::CancellationToken;

use crate::cashbox::registry::Registry;
use crate::journal::JournalStore;
use crate::metrics::Metrics;
use crate::ownership::Ownership;
use crate::ownership::peer_keys::PeerKeys;
use journal::export::Exports;

/// Where POS systems and proxies connect.
pub const LISTEN: Setting = Setting::plain(
    "Byodc__Http__Listen",
    "[::]:80",
    "where the pod takes requests, as address:port; port 0 takes a free one",
);
/// Where operators and peers connect.
pub const ADMIN_LISTEN: Setting = Setting::plain(
    "Byodc__Admin__Listen",
    "[::]:8081",
    "where the pod answers operators (/admin/v1) and other pods (/peer/v1), /metrics and /health too, as \
     address:port; port 0 takes a free one; must not be reachable from outside the cluster",
);
/// The largest request body.
pub const BODY_BYTES_MAX: Setting = Setting::plain(
    "Byodc__Http__BodyBytesMax",
    "1048576",
    "the largest request body in bytes, 1024 to 67108864; larger ones are answered with 413",
);
/// How member names are written in answers.
pub const CASING: Setting = Setting::plain(
    "Byodc__Json__Casing",
    "camel",
    "member names in answers: camel (as the original cloud product, nulls included) or original \
     (as the original local product, nulls left out)",
);
/// What becomes of receipts with dates before 2000.
pub const OLD_DATES: Setting = Setting::plain(
    "Byodc__Receipt__OldDates",
    "refuse",
    "what becomes of a receipt with a date before the year 2000, its own or an item's: refuse it, or accept",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[
    LISTEN,
    ADMIN_LISTEN,
    metrics_port::LISTEN,
    admin_keys::KEYS,
    BODY_BYTES_MAX,
    CASING,
    OLD_DATES,
];

/// Where a pod listens, and how it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Http__Listen`.
    pub listen: SocketAddr,
    /// `Byodc__Admin__Listen`.
    pub admin_listen: SocketAddr,
    /// `Byodc__Admin__Keys`.
    pub admin_keys: AdminKeys,
    /// `Byodc__Metrics__Listen`; none = no such port.
    pub metrics_listen: Option<SocketAddr>,
    /// `Byodc__Http__BodyBytesMax`.
    pub body_bytes_max: usize,
    /// `Byodc__Json__Casing`.
    pub shape: Shape,
    /// `Byodc__Export__*`.
    pub exports: journal::config::Config,
    /// `Byodc__Receipt__OldDates`.
    pub old_dates: OldDates,
}

/// What every handler is given.
#[derive(Debug)]
pub struct Pod {
    /// Who answers.
    pub id: PodId,
    /// How answers look.
    pub config: Config,
    /// By which key it knows other pods.
    pub peer_keys: PeerKeys,
    /// The cashboxes.
    pub registry: Registry,
    /// What this pod holds, for peers that ask.
    pub ownership: Arc<Ownership>,
    /// What is permanent, for exports.
    pub journal: Arc<dyn JournalStore>,
    /// The exports that run.
    pub exports: Exports,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// Where spans begin.
    pub tracer: Tracer,
    /// Cancelled when the pod begins to shut down.
    pub draining: CancellationToken,
}

impl Config {
    /// Reads where a pod listens, and how it answers.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let body_bytes_max = settings.number(&BODY_BYTES_MAX, 1024..=67_108_864, faults);
        Self {
            listen: settings.address(&LISTEN, faults),
            admin_listen: settings.address(&ADMIN_LISTEN, faults),
            admin_keys: AdminKeys::read(settings, faults),
            metrics_listen: metrics_port::read(settings, faults),
            body_bytes_max: usize::try_from(body_bytes_max).expect("64 MiB fit into usize"),
            shape: shape(settings, faults),
            exports: journal::config::Config::read(settings, faults),
            old_dates: settings.value(&OLD_DATES, faults),
        }
    }
}

fn shape(settings: &Settings, faults: &mut Faults) -> Shape {
    let effective = settings.effective(&CASING);
    match effective.value.to_lowercase().as_str() {
        "camel" => Shape::Camel,
        "original" => Shape::Original,
        _ => {
            faults.add(&CASING, &effective, &"must be camel or original");
            Shape::Camel
        }
    }
}

#[cfg(test)]
mod tests;
