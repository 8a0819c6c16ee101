//! What the proxy can be told: its settings, each with its default and bounds.

/// Pods that are known without the ownership store.
pub mod named_pods;
/// TLS for those who send requests.
pub mod tls;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use shared::access::admin_keys::{self, AdminKeys};
use shared::access::metrics_port;
use shared::env::{Faults, Setting, Settings};
use shared::timings::{self, Lease, ProxyTimes, Told};

use named_pods::{DnsName, StaticPod, StaticPods};
use tls::TlsConfig;

/// Where requests are taken in plain HTTP.
pub const LISTEN: Setting = Setting::plain(
    "Byodc__Proxy__Listen",
    "[::]:80",
    "where the proxy takes requests in plain HTTP/1.1 and HTTP/2, as address:port (port 0: any free one)",
);
/// Where operators connect.
pub const ADMIN_LISTEN: Setting = Setting::plain(
    "Byodc__Proxy__AdminListen",
    "[::]:8081",
    "where the proxy answers operators (/admin/v1), /metrics and /health too, as address:port; must not be reachable \
     from outside the cluster",
);
/// How many threads serve requests.
pub const THREADS: Setting = Setting::plain(
    "Byodc__Proxy__Threads",
    "0",
    "how many threads serve requests, 0 to 256; 0: one per core",
);
/// How many clients may be connected.
pub const CONNECTIONS_MAX: Setting = Setting::plain(
    "Byodc__Proxy__ConnectionsMax",
    "20000",
    "how many clients may be connected at once, 1 to 1000000; one more is closed at once",
);
/// How long a request's head may be.
pub const HEAD_BYTES_MAX: Setting = Setting::plain(
    "Byodc__Proxy__HeadBytesMax",
    "16384",
    "how long a request's head may be, 1024 to 262144 bytes; longer ones are answered 431",
);
/// How long a request's body may be.
pub const BODY_BYTES_MAX: Setting = Setting::plain(
    "Byodc__Proxy__BodyBytesMax",
    "1048576",
    "how long a request's body may be, 1024 to 67108864 bytes; longer ones are answered 413",
);
/// How long a client may be idle between requests.
pub const IDLE_MS: Setting = Setting::plain(
    "Byodc__Proxy__IdleMs",
    "75000",
    "how long a client's connection is kept open between two requests, 100 to 3600000 ms",
);
/// How long a message may pause.
pub const STALL_MS: Setting = Setting::plain(
    "Byodc__Proxy__StallMs",
    "60000",
    "how long a request may take to arrive, and how long an answer may pause, 100 to 3600000 ms",
);
/// How long a request may take in all.
pub const DEADLINE_MS: Setting = Setting::plain(
    "Byodc__Proxy__DeadlineMs",
    "900000",
    "how long a POS waits for the beginning of its answer, all repetitions included, 100 to 3600000 ms",
);
/// How long a connection to a pod may take.
pub const CONNECT_MS: Setting = Setting::plain(
    "Byodc__Proxy__ConnectMs",
    "15000",
    "how long connecting to a pod may take before the pod counts as gone, 10 to 600000 ms",
);
/// How many requests may wait for one cashbox.
pub const WAITING_PER_CASHBOX: Setting = Setting::plain(
    "Byodc__Proxy__WaitingPerCashbox",
    "64",
    "how many requests may wait for a cashbox that changes hands, 1 to 100000; one more is answered 503",
);
/// How many requests may wait in all.
pub const WAITING_TOTAL: Setting = Setting::plain(
    "Byodc__Proxy__WaitingTotal",
    "10000",
    "how many requests may wait for cashboxes that change hands, 1 to 1000000; one more is answered 503",
);
/// How many routes are remembered.
pub const ROUTES_MAX: Setting = Setting::plain(
    "Byodc__Proxy__RoutesMax",
    "2000000",
    "how many cashboxes' owners are remembered, 1 to 100000000; others are looked up for each request",
);
/// How long a lookup in the ownership store may take.
pub const LOOKUP_MS: Setting = Setting::plain(
    "Byodc__Proxy__LookupMs",
    "1000",
    "how long the ownership store may take to answer before the proxy goes on without it, 10 to 60000 ms",
);
/// Pods that are known without the ownership store.
pub const PODS: Setting = Setting::plain(
    "Byodc__Proxy__Pods",
    "",
    "pods to try while the ownership store is away: name=host:port/adminport, separated by commas",
);
/// A DNS name under which pods are found without the ownership store.
pub const PODS_DNS: Setting = Setting::plain(
    "Byodc__Proxy__PodsDns",
    "",
    "host:port whose addresses are the pods to try while the ownership store is away (a headless Service)",
);
/// How long new requests are still taken after the signal to stop.
pub const LAME_DUCK_MS: Setting = Setting::plain(
    "Byodc__Proxy__LameDuckMs",
    "2000",
    "how long new connections are still taken after the signal to stop, not ready any more, 0 to 600000 ms",
);
/// How long running requests may take after that.
pub const DRAIN_MS: Setting = Setting::plain(
    "Byodc__Proxy__DrainMs",
    "30000",
    "how long running requests may take to end after the proxy stopped listening, 0 to 3600000 ms",
);

/// Every setting of the proxy.
pub const SETTINGS: &[Setting] = &[
    LISTEN,
    tls::LISTEN,
    tls::CERTIFICATE,
    tls::KEY,
    ADMIN_LISTEN,
    metrics_port::LISTEN,
    admin_keys::KEYS,
    THREADS,
    CONNECTIONS_MAX,
    HEAD_BYTES_MAX,
    BODY_BYTES_MAX,
    IDLE_MS,
    STALL_MS,
    DEADLINE_MS,
    CONNECT_MS,
    WAITING_PER_CASHBOX,
    WAITING_TOTAL,
    ROUTES_MAX,
    LOOKUP_MS,
    PODS,
    PODS_DNS,
    LAME_DUCK_MS,
    DRAIN_MS,
];

/// What the proxy was told. Fields mean what the setting of the same name says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "each field is documented by the setting of its name above"
)]
pub struct Config {
    pub listen: SocketAddr,
    pub tls: Option<TlsConfig>,
    pub admin_listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub admin_keys: AdminKeys,
    pub threads: usize,
    pub connections_max: usize,
    pub head_bytes_max: usize,
    pub body_bytes_max: usize,
    pub idle: Duration,
    pub stall: Duration,
    pub deadline: Duration,
    pub connect: Duration,
    pub waiting_per_cashbox: usize,
    pub waiting_total: usize,
    pub routes_max: usize,
    pub lookup: Duration,
    pub pods: Vec<StaticPod>,
    pub pods_dns: Option<String>,
    pub lame_duck: Duration,
    pub drain: Duration,
    /// How long pods' records live, as the settings of ownership say.
    pub lease: Lease,
}

impl Config {
    /// Reads what the proxy was told beside the `lease` of pods. Every fault is added to `faults`; the default
    /// stands in for it.
    pub fn read(settings: &Settings, lease: Lease, faults: &mut Faults) -> Self {
        Self {
            lease,
            listen: settings.address(&LISTEN, faults),
            tls: TlsConfig::read(settings, faults),
            admin_listen: settings.address(&ADMIN_LISTEN, faults),
            metrics_listen: metrics_port::read(settings, faults),
            admin_keys: AdminKeys::read(settings, faults),
            threads: threads(settings, faults),
            connections_max: count(settings, &CONNECTIONS_MAX, 1..=1_000_000, faults),
            head_bytes_max: count(settings, &HEAD_BYTES_MAX, 1024..=262_144, faults),
            body_bytes_max: count(settings, &BODY_BYTES_MAX, 1024..=67_108_864, faults),
            idle: millis(settings, &IDLE_MS, 100..=3_600_000, faults),
            stall: millis(settings, &STALL_MS, 100..=3_600_000, faults),
            deadline: millis(settings, &DEADLINE_MS, 100..=3_600_000, faults),
            connect: millis(settings, &CONNECT_MS, 10..=600_000, faults),
            waiting_per_cashbox: count(settings, &WAITING_PER_CASHBOX, 1..=100_000, faults),
            waiting_total: count(settings, &WAITING_TOTAL, 1..=1_000_000, faults),
            routes_max: count(settings, &ROUTES_MAX, 1..=100_000_000, faults),
            lookup: millis(settings, &LOOKUP_MS, 10..=60_000, faults),
            pods: settings.value::<StaticPods>(&PODS, faults).0,
            pods_dns: settings.value::<DnsName>(&PODS_DNS, faults).0,
            lame_duck: millis(settings, &LAME_DUCK_MS, 0..=600_000, faults),
            drain: millis(settings, &DRAIN_MS, 0..=3_600_000, faults),
        }
    }
}

impl Config {
    /// Notes every time that does not fit another.
    pub fn check_times(&self, settings: &Settings, faults: &mut Faults) {
        let told = |setting, time| Told { setting, time };
        let times = ProxyTimes {
            lease: self.lease,
            deadline: told(&DEADLINE_MS, self.deadline),
            connect: told(&CONNECT_MS, self.connect),
            lame_duck: told(&LAME_DUCK_MS, self.lame_duck),
            drain: told(&DRAIN_MS, self.drain),
            grace: timings::grace(settings, faults),
        };
        times.check(faults);
    }
}

fn count(settings: &Settings, setting: &Setting, bounds: RangeInclusive<u64>, faults: &mut Faults) -> usize {
    usize::try_from(settings.number(setting, bounds, faults)).expect("every upper bound fits an address")
}

fn millis(
    settings: &Settings,
    setting: &Setting,
    bounds: RangeInclusive<u64>,
    faults: &mut Faults,
) -> Duration {
    Duration::from_millis(settings.number(setting, bounds, faults))
}

fn threads(settings: &Settings, faults: &mut Faults) -> usize {
    match count(settings, &THREADS, 0..=256, faults) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;
    use shared::ownership::config::OwnershipConfig;

    fn read(given: &[(&str, &str)]) -> (Config, Faults) {
        let settings = Settings::default().with(Origin::Environment, given.iter().copied());
        let mut faults = Faults::default();
        let lease = OwnershipConfig::read(&settings, &mut faults).lease;
        let config = Config::read(&settings, lease, &mut faults);
        config.check_times(&settings, &mut faults);
        (config, faults)
    }

    #[test]
    fn a_deadline_shorter_than_a_takeover_is_a_fault() {
        let (_, faults) = read(&[
            ("Byodc__Proxy__DeadlineMs", "12000"),
            ("Byodc__Proxy__ConnectMs", "500"),
        ]);
        assert_eq!(faults.lines().len(), 1, "{faults}");
        let (_, faults) = read(&[
            ("Byodc__Lease__Seconds", "60"),
            ("Byodc__Drain__GraceSeconds", "20"),
        ]);
        assert_eq!(faults.lines().len(), 2, "{faults}");
    }

    #[test]
    fn every_default_can_be_read() {
        let (config, faults) = read(&[]);
        assert!(faults.lines().is_empty(), "{faults}");
        assert_eq!(config.body_bytes_max, 1_048_576);
        assert_eq!(config.deadline, Duration::from_secs(900));
        assert!(config.threads >= 1 && config.tls.is_none());
    }

    #[test]
    fn static_pods_are_read_with_their_admin_ports() {
        let (config, faults) = read(&[(
            "byodc__proxy__pods",
            "byodc-0=10.0.0.7:80/8080, byodc-1=[::1]:81/9090",
        )]);
        assert!(faults.lines().is_empty(), "{faults}");
        assert_eq!(config.pods[0].admin_address, "10.0.0.7:8080".parse().unwrap());
        assert_eq!(config.pods[1].address, "[::1]:81".parse().unwrap());
    }

    #[test]
    fn a_wrong_pod_or_name_is_reported_with_the_rule() {
        let (_, faults) = read(&[
            ("Byodc__Proxy__Pods", "byodc-0=10.0.0.7:80"),
            ("Byodc__Proxy__PodsDns", "no port"),
            ("Byodc__Proxy__Listen", "everywhere"),
        ]);
        let text = faults.to_string();
        assert!(text.contains("is not name=host:port/adminport"), "{text}");
        assert!(text.contains("must be host:port"), "{text}");
        assert_eq!(faults.lines().len(), 3, "{text}");
    }
}
