//! The proxy alone.

use anyhow::Context;
use shared::env::{Faults, Setting, Settings};
use shared::identity::Incarnation;
use shared::ownership::config::{OwnershipConfig, Place};
use shared::ownership::{self, config as ownership_config};
use shared::timings;
use shared::trace::config as trace_config;
use shared::trace::export::{Export, Source};

use crate::cli::Given;
use crate::role::{self, Role};

/// What the proxy needs to know.
#[derive(Debug)]
pub struct Config {
    /// Its own part.
    proxy: proxy::config::Config,
    /// Where it is known who owns what.
    ownership: OwnershipConfig,
    /// Where spans go.
    trace: trace_config::Config,
}

impl Config {
    /// Reads every part.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let ownership = OwnershipConfig::read(settings, faults);
        let proxy = proxy::config::Config::read(settings, ownership.lease, faults);
        proxy.check_times(settings, faults);
        let trace = trace_config::Config::read(settings, faults);
        Self {
            proxy,
            ownership,
            trace,
        }
    }
}

impl Config {
    /// Whether nothing says where pods are: no store that they are in, and no name of theirs.
    fn knows_no_pods(&self) -> bool {
        let is_alone = self.ownership.place == Place::Alone;
        is_alone && self.proxy.pods.is_empty() && self.proxy.pods_dns.is_none()
    }
}

/// The settings of every part.
pub fn settings() -> Vec<&'static [Setting]> {
    vec![
        proxy::config::SETTINGS,
        ownership_config::SETTINGS,
        timings::SETTINGS,
        trace_config::SETTINGS,
    ]
}

/// Runs the role until it is asked to stop.
///
/// # Errors
/// Faults of the settings; a port or a store that cannot be had.
pub fn run(given: &Given) -> anyhow::Result<()> {
    let config = role::open(given, Config::read)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(async {
        let shutdown = role::shutdown(given)?;
        if config.knows_no_pods() {
            tracing::error!(
                "the proxy knows no way to a pod and will not be ready: set {} or {} as for the pods, or {} or {}",
                ownership_config::REDIS.name,
                ownership_config::URL.name,
                proxy::config::PODS.name,
                proxy::config::PODS_DNS.name
            );
        }
        let store = ownership::connect(&config.ownership)?;
        let (tracer, export) = Export::begin(&config.trace, &source()).context("exporting spans")?;
        let ran = proxy::run(config.proxy, store, tracer, shutdown).await;
        export.finish().await;
        ran.context("running the proxy")
    })
}

/// Whose spans they are: the platform names the process, and each start is another instance.
fn source() -> Source {
    Source {
        role: Role::Proxy.word(),
        name: std::env::var("HOSTNAME").unwrap_or_default(),
        instance: Incarnation::random().to_string(),
        version: env!("CARGO_PKG_VERSION"),
    }
}
