//! From a package name in a cashbox's configuration to a unit that can be asked.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::Scu;
use super::deadline::Deadline;
use super::fcc::{self, Fcc};
use super::fiskaly::tss::Tss;
use super::fiskaly::{self, Fiskaly};
use super::http_client::{self, HttpClient};
use super::metrics::Metrics;
use super::package::ScuPackage;
use super::simulator::{DELAY_MS_MAX, Simulators, Traits};
use super::types::TseState;
use crate::outbound::{self, Outbound};

/// Packages that mean the simulator: ours, and the original's TSE in memory.
const SIMULATOR_PACKAGES: [&str; 2] = ["byodc.scu.de.simulator", "fiskaltrust.middleware.scu.de.inmemory"];
/// The original's package for fiskaly's TSEs.
const FISKALY_PACKAGE: &str = "fiskaltrust.middleware.scu.de.fiskalycertified";

/// Why a configured SCU cannot be used. The cashbox cannot start until its configuration or the version changes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// Nothing is known by this name.
    #[error(
        "there is no SCU package {package}; this version supports Byodc.SCU.DE.Simulator and, as \
         fiskaltrust.Middleware.SCU.DE.*, InMemory, FiskalyCertified, DeutscheFiskal and SwissbitCloud"
    )]
    Unknown {
        /// As configured.
        package: String,
    },
    /// A setting of the package is wrong. Its value is not repeated.
    #[error("the setting {key} of the SCU package {package} must be {rule}")]
    Setting {
        /// As configured.
        package: String,
        /// Which setting.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The way to its service cannot be built.
    #[error("the way to the SCU's service cannot be built: {0}")]
    NoClient(String),
}

/// Makes the units of all cashboxes of a pod.
#[derive(Debug)]
pub struct Connector {
    simulators: Simulators,
    outbound: Outbound,
    fiskaly: fiskaly::tss::Known,
    metrics: Arc<Metrics>,
}

impl Connector {
    /// Units that leave the site by `outbound` and count what they are asked in `metrics`.
    #[must_use]
    pub fn new(simulators: Simulators, outbound: Outbound, metrics: Arc<Metrics>) -> Self {
        Self {
            simulators,
            outbound,
            fiskaly: fiskaly::tss::Known::default(),
            metrics,
        }
    }

    /// The simulated TSEs, for tests that make them fail.
    #[must_use]
    pub fn simulators(&self) -> &Simulators {
        &self.simulators
    }

    /// The unit that a configuration names. Nothing is sent to it, so a TSE that is down does not keep a cashbox from
    /// starting. Calls are not bounded yet: see [`Connector::with_deadline`].
    ///
    /// # Errors
    /// When the package is unknown, or one of its settings is wrong.
    pub fn connect(&self, package: &ScuPackage) -> Result<Arc<dyn Scu>, ConnectError> {
        let name = package.package.to_ascii_lowercase();
        if SIMULATOR_PACKAGES.contains(&name.as_str()) {
            let simulator = self.simulators.open(package.scu, simulator_traits(package)?);
            return Ok(Arc::new(simulator));
        }
        if fcc::PACKAGES.contains(&name.as_str()) {
            return Ok(Arc::new(self.fcc(package)?));
        }
        if name == FISKALY_PACKAGE {
            return self.fiskaly(package);
        }
        Err(ConnectError::Unknown {
            package: package.package.clone(),
        })
    }

    /// fiskaly is outside of the site: the way to it takes the pod's proxy, or one of its own.
    fn fiskaly(&self, package: &ScuPackage) -> Result<Arc<dyn Scu>, ConnectError> {
        let wrong = |key, rule| ConnectError::Setting {
            package: package.package.clone(),
            key,
            rule,
        };
        let settings = fiskaly::settings::Settings::read(&package.keys);
        let settings = settings.map_err(|fiskaly::settings::Wrong(key, rule)| wrong(key, rule))?;
        let tss = self.fiskaly.get_or(settings.digest, || {
            let http = HttpClient::new(self.http(package)?, &settings.base, settings.timeout);
            let http = http.map_err(|_| wrong("ApiEndpoint", http_client::BASE_RULE))?;
            Ok(Tss::new(settings.clone(), http))
        })?;
        Ok(Arc::new(Fiskaly::new(tss, package.patience.one_try)))
    }

    /// A client for a unit that is asked over HTTP.
    fn http(&self, package: &ScuPackage) -> Result<reqwest::Client, ConnectError> {
        let own = http_client::own_proxy(&package.keys).map_err(|(key, rule)| ConnectError::Setting {
            package: package.package.clone(),
            key,
            rule,
        })?;
        let client = self.outbound.client(own);
        client.map_err(|error| ConnectError::NoClient(outbound::in_words(error)))
    }

    /// An FCC stands in the cluster, so the way to it takes no proxy.
    fn fcc(&self, package: &ScuPackage) -> Result<Fcc, ConnectError> {
        let wrong = |key, rule| ConnectError::Setting {
            package: package.package.clone(),
            key,
            rule,
        };
        let settings =
            fcc::settings::Settings::read(&package.keys).map_err(|(key, rule)| wrong(key, rule))?;
        let client = self.outbound.direct();
        let client = client.map_err(|error| ConnectError::NoClient(outbound::in_words(error)))?;
        Fcc::new(client, settings).map_err(|_| wrong("FccUri", fcc::settings::ADDRESS_RULE))
    }

    /// Bounds the calls to a unit as its package says.
    #[must_use]
    pub fn with_deadline(&self, unit: Arc<dyn Scu>, package: &ScuPackage) -> Deadline {
        Deadline::new(unit, package.patience, Arc::clone(&self.metrics))
    }
}

/// The simulator's settings: `DelayMs`, and `InitialState` (0 or 1) for a TSE that is made now.
fn simulator_traits(package: &ScuPackage) -> Result<Traits, ConnectError> {
    let wrong = |key, rule| ConnectError::Setting {
        package: package.package.clone(),
        key,
        rule,
    };
    let delay_ms = package.keys.text("DelayMs").map(|text| text.trim().parse());
    let delay = match delay_ms {
        None => None,
        Some(Ok(ms @ 0..=DELAY_MS_MAX)) => Some(Duration::from_millis(ms)),
        Some(_) => return Err(wrong("DelayMs", "0 to 600000")),
    };
    let born_as = match package.keys.text("InitialState").as_deref() {
        None => Traits::default().born_as,
        Some("0") => TseState::Uninitialized,
        Some("1") => TseState::Initialized,
        Some(_) => return Err(wrong("InitialState", "0 or 1")),
    };
    Ok(Traits { delay, born_as })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scu::deadline::Patience;
    use crate::scu::package::PackageKeys;
    use crate::scu::simulator;
    use serde_json::json;
    use shared::clock::MachineClock;
    use shared::figures::Figures;
    use shared::identity::ScuId;

    fn connect(name: &str, settings: serde_json::Value) -> Result<Arc<dyn Scu>, ConnectError> {
        let simulators =
            Simulators::new(simulator::Config::default(), Arc::new(MachineClock::default())).unwrap();
        let metrics = Arc::new(Metrics::register(&Figures::default()));
        Connector::new(simulators, Outbound::default(), metrics).connect(&ScuPackage {
            scu: ScuId::from_u128(1),
            package: name.to_owned(),
            version: String::new(),
            urls: Vec::new(),
            keys: PackageKeys::new(settings.as_object()),
            patience: Patience::default(),
        })
    }

    #[test]
    fn both_simulator_packages_are_found_in_any_letter_case() {
        for name in ["Byodc.SCU.DE.Simulator", "fiskaltrust.middleware.scu.de.INMEMORY"] {
            assert!(
                connect(name, json!({"delayms": "5", "InitialState": 0})).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn an_unknown_package_is_named_and_its_settings_are_not() {
        let error = connect("Abacus", json!({"ApiSecret": "hunter2"})).unwrap_err();
        assert!(matches!(&error, ConnectError::Unknown { package } if package == "Abacus"));
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_rule() {
        for (key, value) in [
            ("DelayMs", json!(-1)),
            ("DelayMs", json!("soon")),
            ("InitialState", json!(2)),
        ] {
            let error = connect("Byodc.SCU.DE.Simulator", json!({ key: value })).unwrap_err();
            assert!(
                matches!(error, ConnectError::Setting { key: named, .. } if named == key),
                "{error}"
            );
        }
    }
}
