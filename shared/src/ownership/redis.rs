//! The record in a Redis: what every proxy and pod of a cluster asks.
//!
//! Each call is one script and one round trip; the scripts (`redis/*.lua`) follow [`crate::ownership::transition`]. All keys
//! share the hash tag `{<channel>}`, so that they live in one slot of a clustered Redis.
//!
//! | key | holds | ends |
//! |---|---|---|
//! | `{c}:live:<incarnation>` | nothing; the pod's lease | with the lease |
//! | `{c}:pod:<incarnation>` | the pod's record | when buried, or an hour after its lease |
//! | `{c}:pods` | the incarnations of all records | |
//! | `{c}:era` | a number by chance, made with the first record: another one after the Redis was emptied | never |
//! | `{c}:box:<cashbox>` | holder, who confirmed, epoch | never: an epoch is never forgotten |
//! | `{c}` | channel of events | |

/// Where a Redis is and how it is entered.
pub mod connection;
/// The connection: made when needed, and made again.
mod link;
/// What can be done about a Redis that refuses, or forgets.
mod advice;
/// Following the channel.
mod subscription;

use std::time::Duration;

use async_trait::async_trait;
use redis::{RedisError, Script};
use tokio::sync::broadcast;
use tokio_util::task::AbortOnDropHandle;

use super::first_renewals::FirstRenewals;
use super::message::{self, pod_from_json, pod_to_json};
use super::store::{
    Confirmation, EVENTS_KEPT, Era, Owner, OwnershipEvent, OwnershipStore, Passage, Reservation, StoreError,
};
use super::{ConnectError, config};
use crate::identity::{CashBoxId, Epoch, Incarnation};
use crate::placement::pod::PodRecord;
use connection::RedisConnection;
use link::Link;

/// How long the record of a pod whose lease ran out is kept: the next pod asks it before it takes over.
const KEEP_LAPSED: Duration = Duration::from_secs(3600);

/// Ownership and membership in a Redis.
#[derive(Debug)]
pub struct RedisStore {
    link: std::sync::Arc<Link>,
    channel: String,
    scripts: Scripts,
    first_renewals: FirstRenewals,
    events: broadcast::Sender<OwnershipEvent>,
    _subscription: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Scripts {
    renew: Script,
    bury: Script,
    era: Script,
    pods: Script,
    owner: Script,
    reserve: Script,
    confirm: Script,
    release: Script,
    hand_over: Script,
}

impl Scripts {
    fn load() -> Self {
        Self {
            renew: Script::new(include_str!("redis/renew.lua")),
            bury: Script::new(include_str!("redis/bury.lua")),
            era: Script::new(include_str!("redis/era.lua")),
            pods: Script::new(include_str!("redis/pods.lua")),
            owner: Script::new(include_str!("redis/owner.lua")),
            reserve: Script::new(include_str!("redis/reserve.lua")),
            confirm: Script::new(include_str!("redis/confirm.lua")),
            release: Script::new(include_str!("redis/release.lua")),
            hand_over: Script::new(include_str!("redis/hand_over.lua")),
        }
    }
}

impl RedisStore {
    /// A store that connects when it is first needed, and follows its channel from now on. Must be called within
    /// a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(connection: &RedisConnection, channel: &str) -> Result<Self, ConnectError> {
        let link = std::sync::Arc::new(Link::new(connection)?);
        let events = broadcast::Sender::new(EVENTS_KEPT);
        let following = subscription::follow(link.clone(), tagged(channel), events.clone());
        Ok(Self {
            link,
            channel: tagged(channel),
            scripts: Scripts::load(),
            first_renewals: FirstRenewals::default(),
            events,
            _subscription: AbortOnDropHandle::new(tokio::spawn(following)),
        })
    }

    fn key(&self, kind: &str, id: impl std::fmt::Display) -> String {
        format!("{}:{kind}:{id}", self.channel)
    }

    fn pods_key(&self) -> String {
        format!("{}:pods", self.channel)
    }

    fn era_key(&self) -> String {
        format!("{}:era", self.channel)
    }
}

/// In braces: the part of a key that decides its slot.
fn tagged(channel: &str) -> String {
    format!("{{{channel}}}")
}

#[async_trait]
impl OwnershipStore for RedisStore {
    fn setting(&self) -> Option<&'static str> {
        Some(config::REDIS.name)
    }

    async fn renew(&self, pod: &PodRecord, lease: Duration) -> Result<bool, StoreError> {
        let incarnation = pod.id.incarnation;
        let first = self.first_renewals.is_first(incarnation);
        let mut call = self.scripts.renew.key(self.key("live", incarnation));
        call.key(self.key("pod", incarnation))
            .key(self.pods_key())
            .key(self.era_key())
            .arg(incarnation.to_string())
            .arg(pod_to_json(pod))
            .arg(pod_to_json(&pod.without_load()))
            .arg(millis(lease))
            .arg(millis(lease + KEEP_LAPSED))
            .arg(&self.channel)
            .arg(message::PODS_CHANGED)
            .arg(Era::random().0);
        let lived: bool = self.link.invoke("renewing a pod's record", &call).await?;
        Ok(lived || first)
    }

    async fn bury(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        let mut call = self.scripts.bury.key(self.key("live", incarnation));
        call.key(self.key("pod", incarnation))
            .key(self.pods_key())
            .arg(incarnation.to_string())
            .arg(&self.channel)
            .arg(message::PODS_CHANGED);
        self.link.invoke("removing a pod's record", &call).await
    }

    async fn era(&self) -> Result<Option<Era>, StoreError> {
        let call = self.scripts.era.key(self.era_key());
        let era: Option<u64> = self.link.invoke("reading the store's era", &call).await?;
        Ok(era.map(Era))
    }

    async fn pods(&self) -> Result<Vec<PodRecord>, StoreError> {
        let doing = "reading the pods";
        let mut call = self.scripts.pods.key(self.pods_key());
        call.arg(&self.channel);
        let records: Vec<String> = self.link.invoke(doing, &call).await?;
        let records = records.iter().map(|record| pod(record, doing));
        let mut pods = records.collect::<Result<Vec<_>, _>>()?;
        pods.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(pods)
    }

    async fn owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, StoreError> {
        let doing = "reading a cashbox's owner";
        let mut call = self.scripts.owner.key(self.key("box", cashbox));
        call.arg(&self.channel);
        let found: Option<(String, u64)> = self.link.invoke(doing, &call).await?;
        found.map(|(pod, epoch)| owner(&pod, epoch, doing)).transpose()
    }

    async fn reserve(&self, cashbox: CashBoxId, by: Incarnation) -> Result<Reservation, StoreError> {
        let doing = "reserving a cashbox";
        let mut call = self.scripts.reserve.key(self.key("box", cashbox));
        call.key(self.key("live", by))
            .key(self.era_key())
            .arg(by.to_string())
            .arg(&self.channel);
        let (answer, pod, epoch, era): (String, String, u64, u64) = self.link.invoke(doing, &call).await?;
        let era = Era(era);
        Ok(match (answer.as_str(), pod.as_str()) {
            ("asker-unknown", _) => Reservation::AskerUnknown,
            ("reserved", _) => Reservation::Reserved {
                before: None,
                abandoned: false,
                era,
            },
            ("abandoned", "") => Reservation::Reserved {
                before: None,
                abandoned: true,
                era,
            },
            ("abandoned", pod) => Reservation::Reserved {
                before: Some(owner(pod, epoch, doing)?),
                abandoned: true,
                era,
            },
            ("held", pod) => Reservation::HeldBy(owner(pod, epoch, doing)?),
            _ => return Err(unreadable(doing, "an answer that no script gives")),
        })
    }

    async fn confirm(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Epoch,
    ) -> Result<Confirmation, StoreError> {
        let mut call = self.scripts.confirm.key(self.key("box", cashbox));
        call.key(self.key("live", by))
            .key(self.key("pod", by))
            .arg(by.to_string())
            .arg(epoch.0)
            .arg(&self.channel)
            .arg(cashbox.to_string());
        let newer: Option<u64> = self.link.invoke("recording a claim", &call).await?;
        Ok(match newer {
            None => Confirmation::Recorded,
            Some(epoch) => Confirmation::Superseded { epoch: Epoch(epoch) },
        })
    }

    async fn release(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        let mut call = self.scripts.release.key(self.key("box", cashbox));
        call.arg(by.to_string())
            .arg(epoch.map(|epoch| epoch.to_string()).unwrap_or_default())
            .arg(&self.channel)
            .arg(cashbox.to_string());
        self.link.invoke("releasing a cashbox", &call).await
    }

    async fn hand_over(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
        to: Incarnation,
    ) -> Result<Passage, StoreError> {
        let doing = "handing a cashbox over";
        let mut call = self.scripts.hand_over.key(self.key("box", cashbox));
        call.key(self.key("live", to))
            .key(self.key("pod", to))
            .arg(from.to_string())
            .arg(epoch.0)
            .arg(to.to_string())
            .arg(&self.channel)
            .arg(cashbox.to_string());
        let answer: String = self.link.invoke(doing, &call).await?;
        match answer.as_str() {
            "passed" => Ok(Passage::Passed),
            "not-owner" => Ok(Passage::NotOwner),
            "successor-gone" => Ok(Passage::SuccessorGone),
            _ => Err(unreadable(doing, "an answer that no script gives")),
        }
    }

    fn events(&self) -> broadcast::Receiver<OwnershipEvent> {
        self.events.subscribe()
    }
}

fn owner(pod: &str, epoch: u64, doing: &'static str) -> Result<Owner, StoreError> {
    Ok(Owner {
        pod: self::pod(pod, doing)?,
        epoch: Epoch(epoch),
    })
}

fn pod(text: &str, doing: &'static str) -> Result<PodRecord, StoreError> {
    pod_from_json(text).map_err(|error| unreadable(doing, format!("a pod's record: {error}")))
}

fn unreadable(doing: &'static str, detail: impl Into<String>) -> StoreError {
    StoreError::Unreadable {
        doing,
        detail: detail.into(),
    }
}

fn unreachable(doing: &'static str, error: RedisError) -> StoreError {
    StoreError::Unreachable {
        doing,
        source: match advice::on(&error) {
            Some(advice) => Box::new(Advised { advice, error }),
            None => Box::new(error),
        },
    }
}

/// A refusal of Redis, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{advice}")]
struct Advised {
    advice: &'static str,
    #[source]
    error: RedisError,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
