//! What a package says of an FCC (`fiscal-spec.md` 2.2 and 6.2).

use std::time::Duration;

use secrecy::SecretString;

use crate::scu::package::PackageKeys;

/// The FCC's port where none is configured.
const PORT: u16 = 20_001;
/// How long a call may take where nothing is configured (`FCCTimeoutSec`).
const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest time that a call may be given.
const TIMEOUT_SECONDS_MAX: u64 = 600;
/// The certification of the TSE behind every FCC, unless the package names another.
const CERTIFICATION: &str = "BSI-K-TR-0524-2024";
/// What is said of that certification: the certificate of its environment protection is suspended.
const CERTIFICATION_ADDITION: &str = " [USK ausgesetzt]";

/// What `FccUri` must be.
pub const ADDRESS_RULE: &str = "an address such as http://host, without a path";

/// How an FCC is asked. Its debug form shows no credential.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `http://host:port`.
    pub base: String,
    /// How long one call may take, and one pause inside an export.
    pub timeout: Duration,
    /// The password of all three ways to log on.
    pub ers_code: SecretString,
    /// What makes a new client known; needed for registering only.
    pub activation_token: Option<SecretString>,
    /// What receipts print as the TSE's certification.
    pub certification: String,
}

/// A setting that is wrong, and its rule.
pub type Fault = (&'static str, &'static str);

impl Settings {
    /// Reads `FccUri`, `FccPort`, `FCCTimeoutSec`, `ErsCode`, `ActivationToken`, `CertificationId`, and
    /// `DisplayCertificationIdAddition` with `CertificationIdAddition`.
    ///
    /// # Errors
    /// The first setting that is missing or wrong. Its value is not repeated.
    pub fn read(keys: &PackageKeys) -> Result<Self, Fault> {
        let given = |key| keys.text(key).filter(|text| !text.trim().is_empty());
        let secret = |key| given(key).map(|text| SecretString::from(text.trim()));
        Ok(Self {
            base: base(given("FccUri"), given("FccPort"))?,
            timeout: timeout(given("FCCTimeoutSec"))?,
            ers_code: secret("ErsCode").ok_or(("ErsCode", "given"))?,
            activation_token: secret("ActivationToken"),
            certification: certification(
                given("CertificationId"),
                given("DisplayCertificationIdAddition"),
                given("CertificationIdAddition"),
            )?,
        })
    }
}

/// `{FccUri or http://localhost}:{FccPort or 20001}`; a port inside the address is taken where `FccPort` is missing.
fn base(uri: Option<String>, port: Option<String>) -> Result<String, Fault> {
    let uri = uri.unwrap_or_else(|| "http://localhost".to_owned());
    let mut url = reqwest::Url::parse(uri.trim()).map_err(|_| ("FccUri", ADDRESS_RULE))?;
    let is_bare =
        url.path() == "/" && url.query().is_none() && url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_bare {
        return Err(("FccUri", ADDRESS_RULE));
    }
    let port = match port.map(|port| port.trim().parse::<u16>()) {
        Some(Ok(port @ 1..)) => port,
        Some(_) => return Err(("FccPort", "1 to 65535")),
        None => url.port().unwrap_or(PORT),
    };
    url.set_port(Some(port)).map_err(|()| ("FccUri", ADDRESS_RULE))?;
    Ok(url.to_string())
}

fn timeout(seconds: Option<String>) -> Result<Duration, Fault> {
    match seconds.map(|seconds| seconds.trim().parse::<u64>()) {
        None => Ok(TIMEOUT),
        Some(Ok(seconds @ 1..=TIMEOUT_SECONDS_MAX)) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(("FCCTimeoutSec", "1 to 600")),
    }
}

fn certification(
    id: Option<String>,
    shown: Option<String>,
    addition: Option<String>,
) -> Result<String, Fault> {
    let id = id.unwrap_or_else(|| CERTIFICATION.to_owned());
    let is_shown = match shown.as_deref().map(str::trim) {
        None => true,
        Some(text) if text.eq_ignore_ascii_case("true") => true,
        Some(text) if text.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(("DisplayCertificationIdAddition", "true or false")),
    };
    let addition = addition.map_or_else(
        || CERTIFICATION_ADDITION.to_owned(),
        |text| format!(" [{}]", text.trim()),
    );
    Ok(if is_shown { id + &addition } else { id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;
    use serde_json::{Value, json};

    fn read(keys: Value) -> Result<Settings, Fault> {
        Settings::read(&PackageKeys::new(keys.as_object()))
    }

    #[test]
    fn an_ers_code_is_enough() {
        let settings = read(json!({"ErsCode": "code"})).unwrap();
        assert_eq!(settings.base, "http://localhost:20001/");
        assert_eq!(settings.timeout, Duration::from_secs(2));
        assert_eq!(settings.certification, "BSI-K-TR-0524-2024 [USK ausgesetzt]");
        assert_eq!(settings.ers_code.expose_secret(), "code");
        assert!(settings.activation_token.is_none());
    }

    #[test]
    fn address_and_port_go_together() {
        let base = |keys: Value| read(keys).unwrap().base;
        assert_eq!(
            base(json!({"ErsCode": "c", "FccUri": "http://fcc-1"})),
            "http://fcc-1:20001/"
        );
        assert_eq!(
            base(json!({"ErsCode": "c", "FccUri": "http://f:1/", "FccPort": 2})),
            "http://f:2/"
        );
        assert_eq!(
            base(json!({"ErsCode": "c", "FccUri": "https://f:443", "FccPort": "9"})),
            "https://f:9/"
        );
        assert_eq!(
            base(json!({"ErsCode": "c", "FccUri": "http://f:7"})),
            "http://f:7/"
        );
    }

    #[test]
    fn the_certification_is_the_configured_one() {
        let of = |keys: Value| read(keys).unwrap().certification;
        assert_eq!(
            of(json!({"ErsCode": "c", "CertificationId": "X", "DisplayCertificationIdAddition": false})),
            "X"
        );
        assert_eq!(
            of(json!({"ErsCode": "c", "CertificationId": "X", "CertificationIdAddition": "y"})),
            "X [y]"
        );
    }

    #[test]
    fn a_wrong_setting_is_named_and_no_credential_is_shown() {
        for (keys, wrong) in [
            (json!({}), "ErsCode"),
            (json!({"ErsCode": "c", "FccUri": "fcc"}), "FccUri"),
            (json!({"ErsCode": "c", "FccUri": "http://u:p@fcc"}), "FccUri"),
            (json!({"ErsCode": "c", "FccPort": 0}), "FccPort"),
            (json!({"ErsCode": "c", "FCCTimeoutSec": "soon"}), "FCCTimeoutSec"),
            (
                json!({"ErsCode": "c", "DisplayCertificationIdAddition": "maybe"}),
                "DisplayCertificationIdAddition",
            ),
        ] {
            assert_eq!(read(keys).unwrap_err().0, wrong);
        }
        let settings = read(json!({"ErsCode": "hunter2", "ActivationToken": "hunter3"})).unwrap();
        assert!(!format!("{settings:?}").contains("hunter"));
    }
}
