//! What is exported, and where to.

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::tracer::SampleRatio;
use crate::env::{Faults, Setting, Settings};

/// Where spans are sent.
pub const ENDPOINT: Setting = Setting::plain(
    "Byodc__Otlp__Endpoint",
    "",
    "base address of an OpenTelemetry collector that takes spans as OTLP over HTTP (protobuf), for example \
     http://collector:4318; empty = OTEL_EXPORTER_OTLP_ENDPOINT, and without that no spans are made",
);
/// The same under the name that other programs know.
pub const ENDPOINT_ALIAS: Setting = Setting::plain(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "taken where Byodc__Otlp__Endpoint is empty",
);
/// What is sent along.
pub const HEADERS: Setting = Setting::secret(
    "Byodc__Otlp__Headers",
    "",
    "headers sent to the collector with each request: name=value, separated by commas",
);
/// How much is recorded.
pub const SAMPLE_RATIO: Setting = Setting::plain(
    "Byodc__Otlp__SampleRatio",
    "1",
    "part of the traces that begin here that is recorded, 0 to 1; where the caller sends a traceparent, its sampled flag decides",
);
/// Who sends.
pub const SERVICE_NAME: Setting = Setting::plain(
    "Byodc__Otlp__ServiceName",
    "",
    "the name under which the collector sees this process (service.name); empty = byodc-proxy or byodc-backend",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[ENDPOINT, ENDPOINT_ALIAS, HEADERS, SAMPLE_RATIO, SERVICE_NAME];

/// Where OTLP over HTTP takes spans, below the base address.
const TRACES_PATH: &str = "/v1/traces";

/// What is exported, and where to; the default exports nothing.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where to; none: nothing is exported.
    pub collector: Option<Collector>,
    /// `Byodc__Otlp__ServiceName`, if one is set.
    pub service_name: Option<String>,
}

/// A collector that takes spans.
#[derive(Debug, Clone)]
pub struct Collector {
    /// Where spans are posted.
    pub address: Uri,
    /// Sent along with each request; the values are secrets.
    pub headers: Vec<(HeaderName, SecretString)>,
    /// Which part of the traces that begin here is recorded.
    pub ratio: SampleRatio,
}

/// Why nothing can be sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum Unusable {
    #[error("must be an address such as http://collector:4318")]
    Address,
    #[error("must be name=value pairs, separated by commas")]
    Headers,
    #[error("this build exports no spans: it was made without the feature otlp")]
    Build,
}

impl Config {
    /// Reads what is exported, and where to.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let ratio = settings.value(&SAMPLE_RATIO, faults);
        let headers = headers(settings, faults);
        let service_name = settings.effective(&SERVICE_NAME).value.trim().to_owned();
        Self {
            collector: address(settings, faults).map(|address| Collector {
                address,
                headers,
                ratio,
            }),
            service_name: Some(service_name).filter(|name| !name.is_empty()),
        }
    }
}

fn address(settings: &Settings, faults: &mut Faults) -> Option<Uri> {
    for setting in [&ENDPOINT, &ENDPOINT_ALIAS] {
        let effective = settings.effective(setting);
        if effective.value.trim().is_empty() {
            continue;
        }
        let usable = match cfg!(feature = "otlp") {
            true => traces_address(effective.value.trim()),
            false => Err(Unusable::Build),
        };
        return usable
            .map_err(|error| faults.add(setting, &effective, &error))
            .ok();
    }
    None
}

/// The address under which a collector at this base takes spans.
fn traces_address(base: &str) -> Result<Uri, Unusable> {
    let base: Uri = base.parse().map_err(|_| Unusable::Address)?;
    let mut parts = base.into_parts();
    let known = parts
        .scheme
        .as_ref()
        .is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https"));
    if !known
        || parts
            .authority
            .as_ref()
            .is_none_or(|authority| authority.as_str().contains('@'))
    {
        return Err(Unusable::Address);
    }
    let path = parts.path_and_query.as_ref().map_or("/", PathAndQuery::as_str);
    if path.contains('?') {
        return Err(Unusable::Address);
    }
    let base = path.trim_end_matches('/');
    let base = base.strip_suffix(TRACES_PATH).unwrap_or(base);
    let path = format!("{base}{TRACES_PATH}");
    parts.path_and_query = Some(path.parse().map_err(|_| Unusable::Address)?);
    Uri::from_parts(parts).map_err(|_| Unusable::Address)
}

fn headers(settings: &Settings, faults: &mut Faults) -> Vec<(HeaderName, SecretString)> {
    let effective = settings.effective(&HEADERS);
    let pairs = effective
        .value
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    let read: Option<Vec<_>> = pairs.map(header).collect();
    read.unwrap_or_else(|| {
        faults.add(&HEADERS, &effective, &Unusable::Headers);
        Vec::new()
    })
}

fn header(pair: &str) -> Option<(HeaderName, SecretString)> {
    let (name, value) = pair.split_once('=')?;
    let name = name.trim().parse().ok()?;
    let value = SecretString::from(value.trim());
    HeaderValue::from_str(value.expose_secret()).ok()?;
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Origin;

    fn read(values: &[(&str, &str)]) -> (Config, Faults) {
        let settings = Settings::default().with(Origin::Environment, values.iter().copied());
        let mut faults = Faults::default();
        let config = Config::read(&settings, &mut faults);
        (config, faults)
    }

    #[test]
    fn nothing_is_exported_unless_an_address_is_given() {
        let (config, faults) = read(&[]);
        assert!(config.collector.is_none() && faults.lines().is_empty());
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn a_base_address_becomes_the_one_for_traces_and_ours_goes_before_the_other_name() {
        for (given, address) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("https://c/otlp/", "https://c/otlp/v1/traces"),
            ("http://c:4318/v1/traces", "http://c:4318/v1/traces"),
        ] {
            let (config, faults) = read(&[
                ("Byodc__Otlp__Endpoint", given),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://other:4318"),
            ]);
            assert!(faults.lines().is_empty(), "{faults}");
            assert_eq!(config.collector.unwrap().address, address);
        }
        let (config, _) = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://other:4318")]);
        assert_eq!(config.collector.unwrap().address, "http://other:4318/v1/traces");
    }

    #[test]
    fn each_fault_names_its_setting_and_a_header_is_not_repeated() {
        let (_, faults) = read(&[
            ("Byodc__Otlp__Endpoint", "collector:4318"),
            ("Byodc__Otlp__SampleRatio", "2"),
            ("Byodc__Otlp__Headers", "authorization"),
        ]);
        let text = faults.into_result(()).unwrap_err().to_string();
        for said in [
            "Byodc__Otlp__Endpoint",
            "Byodc__Otlp__SampleRatio",
            "Byodc__Otlp__Headers = (not shown)",
        ] {
            assert!(text.contains(said), "{text}");
        }
        let (config, _) = read(&[
            ("Byodc__Otlp__Endpoint", "http://c"),
            ("Byodc__Otlp__Headers", "authorization=Bearer hunter2"),
        ]);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
