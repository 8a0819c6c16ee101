//! Where the record is kept, and how long a pod's lease lasts: settings.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::redis::connection::RedisConnection;
use super::sql::address::DatabaseAddress;
use crate::env::{Faults, Setting, Settings};
use crate::timings::Lease;

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
    /// In a database.
    Database(DatabaseAddress),
}

/// Where the record is kept, and how long a pod's lease lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnershipConfig {
    /// Where ownership is recorded.
    pub place: Place,
    /// Prefix of keys and name of the channel in Redis: 1 to 64 letters, digits, `-`, `_`, `.`, `:` or `/`.
    pub channel: String,
    /// How long a pod's record lives, and how often it is renewed.
    pub lease: Lease,
}

impl OwnershipConfig {
    /// Reads where the record is kept and how long leases last.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let lease = Lease {
            lasts: Duration::from_secs(settings.number(&LEASE_SECONDS, 2..=300, faults)),
            renew_every: Duration::from_secs(settings.number(&RENEW_SECONDS, 1..=100, faults)),
        };
        lease.check(faults);
        Self {
            place: place(settings, faults),
            channel: channel(settings, faults),
            lease,
        }
    }
}

fn place(settings: &Settings, faults: &mut Faults) -> Place {
    let redis = read_place(settings, &REDIS, Place::Redis, faults);
    let database = read_place(settings, &URL, Place::Database, faults);
    match (redis, database) {
        (Some(_), Some(_)) => {
            let both = "ownership is recorded in one place";
            faults.add_text(format!("{} and {} are both set: {both}", REDIS.name, URL.name));
            Place::Alone
        }
        (one, other) => one.or(other).unwrap_or(Place::Alone),
    }
}

/// The place that a setting names; `None` when it is empty. What cannot be read is a fault.
fn read_place<T>(
    settings: &Settings,
    setting: &Setting,
    place: fn(T) -> Place,
    faults: &mut Faults,
) -> Option<Place>
where
    T: FromStr<Err: Display>,
{
    let effective = settings.effective(setting);
    if effective.value.trim().is_empty() {
        return None;
    }
    let address = effective.value.parse();
    Some(address.map_or_else(
        |error| {
            faults.add(setting, &effective, &error);
            Place::Alone
        },
        place,
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Origin;

    fn read(given: &[(&str, &str)]) -> (OwnershipConfig, Vec<String>) {
        let settings = Settings::default().with(Origin::Environment, given.iter().copied());
        let mut faults = Faults::default();
        let config = OwnershipConfig::read(&settings, &mut faults);
        (config, faults.lines().to_vec())
    }

    #[test]
    fn without_an_address_a_pod_runs_alone() {
        let (config, faults) = read(&[("Redis__ConnectionString", " "), ("Byodc__Ownership__Url", "")]);
        assert_eq!((config.place, faults.len()), (Place::Alone, 0));
        assert_eq!(config.lease.lasts, Duration::from_secs(10));
    }

    #[test]
    fn a_redis_or_a_database_is_taken_and_both_are_refused() {
        let redis = ("Redis__ConnectionString", "redis:6379");
        let database = ("Byodc__Ownership__Url", "sqlite:///tmp/ownership.db");
        assert!(matches!(read(&[redis]).0.place, Place::Redis(_)));
        assert!(matches!(read(&[database]).0.place, Place::Database(_)));
        let (_, faults) = read(&[redis, database]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("are both set"), "{faults:?}");
    }

    #[test]
    fn a_malformed_address_or_channel_is_a_fault_that_shows_no_secret() {
        let (_, faults) = read(&[
            (
                "Redis__ConnectionString",
                "h,password=hunter2hunter2,zzz=hunter2hunter2",
            ),
            ("Redis__Channel", "a}b"),
        ]);
        assert_eq!(faults.len(), 2);
        assert!(!faults.concat().contains("hunter2"), "{faults:?}");
        let (_, faults) = read(&[("Byodc__Ownership__Url", "oracle://u:hunter2@h/d")]);
        assert!(faults.len() == 1 && !faults[0].contains("hunter2"), "{faults:?}");
    }
}
