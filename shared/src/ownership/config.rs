//! Where the record is kept, and how long a pod's lease lasts: settings.

use std::time::Duration;

use super::redis::connection::RedisConnection;
use crate::env::{Faults, Setting, Settings};

/// The Redis that records ownership.
pub const REDIS: Setting = Setting::secret(
    "Redis__ConnectionString",
    "",
    "the Redis that records who owns what: as StackExchange.Redis writes it (`host:6379,password=…`) or as a \
     redis:// or rediss:// URL; empty = a single pod without coordination",
);
/// What separates installations that share a Redis.
pub const CHANNEL: Setting = Setting::plain(
    "Redis__Channel",
    "byodc",
    "prefix of every key and name of the channel in Redis; separates installations that share one",
);
/// The database that records ownership instead of a Redis.
pub const URL: Setting = Setting::secret(
    "Byodc__Ownership__Url",
    "",
    "a database that records ownership instead of Redis: sqlite://, mysql:// or postgres:// URL",
);
/// How long a pod's record lives without renewal.
pub const LEASE_SECONDS: Setting = Setting::plain(
    "Byodc__Lease__Seconds",
    "10",
    "seconds that a pod's record lives without renewal, 2 to 300: how long a cashbox may wait for a silent owner",
);
/// How often a pod renews its record.
pub const RENEW_SECONDS: Setting = Setting::plain(
    "Byodc__Lease__RenewSeconds",
    "2",
    "seconds between renewals of a pod's record, 1 to 100; at most half of Byodc__Lease__Seconds",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[REDIS, CHANNEL, URL, LEASE_SECONDS, RENEW_SECONDS];

/// Where ownership is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this process: a single pod, without coordination.
    Alone,
    /// In a Redis.
    Redis(RedisConnection),
}

/// Where the record is kept, and how long a pod's lease lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnershipConfig {
    /// Where ownership is recorded.
    pub place: Place,
    /// Prefix of keys and name of the channel in Redis: 1 to 64 letters, digits, `-`, `_`, `.`, `:` or `/`.
    pub channel: String,
    /// How long a pod's record lives without renewal.
    pub lease: Duration,
    /// How often a pod renews its record.
    pub renew_every: Duration,
}

impl OwnershipConfig {
    /// Reads where the record is kept and how long leases last.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let lease = settings.number(&LEASE_SECONDS, 2..=300, faults);
        let renew_every = settings.number(&RENEW_SECONDS, 1..=100, faults);
        if renew_every * 2 > lease {
            faults.add_text(format!(
                "{} = {renew_every} and {} = {lease}: a lease must outlast two renewals, so that one may be lost",
                RENEW_SECONDS.name, LEASE_SECONDS.name
            ));
        }
        Self {
            place: place(settings, faults),
            channel: channel(settings, faults),
            lease: Duration::from_secs(lease),
            renew_every: Duration::from_secs(renew_every),
        }
    }
}

fn place(settings: &Settings, faults: &mut Faults) -> Place {
    let redis = settings.effective(&REDIS);
    if redis.value.trim().is_empty() {
        return Place::Alone;
    }
    match redis.value.parse() {
        Ok(connection) => Place::Redis(connection),
        Err(error) => {
            faults.add(&REDIS, &redis, &error);
            Place::Alone
        }
    }
}

fn channel(settings: &Settings, faults: &mut Faults) -> String {
    let channel = settings.effective(&CHANNEL);
    // A brace would move the hash tag, and with it half of the keys to another slot.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if channel.value.is_empty() || channel.value.len() > 64 || !channel.value.chars().all(plain) {
        let rule = "must be 1 to 64 letters, digits, '-', '_', '.', ':' or '/'";
        faults.add(&CHANNEL, &channel, &rule);
    }
    channel.value
}
