//! The way out of the site: the original's `Proxy` setting, or the usual variables.
//!
//! `Proxy` is the current form and goes before the variables.

use std::fmt;
use std::str::FromStr;

use reqwest::{ClientBuilder, NoProxy, Proxy, Url};
use secrecy::{ExposeSecret, SecretString};
use shared::env::{Faults, Setting, Settings};
use thiserror::Error;

/// The current form.
pub const PROXY: Setting = Setting::secret(
    "Proxy",
    "",
    "outgoing proxy: address=http://host:port;username=...;password=... (username and password may be left out); \
     goes before the variables below",
);
/// For http addresses.
pub const HTTP_PROXY: Setting = Setting::secret("HTTP_PROXY", "", "outgoing proxy for http addresses");
/// For https addresses.
pub const HTTPS_PROXY: Setting = Setting::secret("HTTPS_PROXY", "", "outgoing proxy for https addresses");
/// For both.
pub const ALL_PROXY: Setting = Setting::secret("ALL_PROXY", "", "outgoing proxy for every address");
/// Exceptions.
pub const NO_PROXY: Setting = Setting::plain(
    "NO_PROXY",
    "",
    "hosts, domains and networks that are reached without a proxy, separated by commas",
);

/// Where requests leave the site.
#[derive(Debug, Clone, Default)]
pub struct OutgoingProxy {
    http: Option<ProxyAddress>,
    https: Option<ProxyAddress>,
    except: String,
}

/// A proxy and how to log on to it.
#[derive(Clone)]
pub struct ProxyAddress {
    url: Url,
    logon: Option<(String, SecretString)>,
}

/// Why a text names no proxy. Never repeats the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProxyError {
    /// No `address`.
    #[error("must have a part address=http://host:port")]
    NoAddress,
    /// The address is none.
    #[error("the address must be http://host:port or https://host:port")]
    Address,
    /// A part without `=`, or with a name that means nothing.
    #[error("each part must be address=, username= or password=, once, separated by semicolons")]
    Part,
    /// A password for nobody.
    #[error("a password needs a username")]
    NoUsername,
}

impl OutgoingProxy {
    pub(super) fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let mut read = |setting: &Setting, parse: fn(&str) -> Result<ProxyAddress, ProxyError>| {
            let effective = settings.effective(setting);
            let text = effective.value.trim();
            let parsed = (!text.is_empty()).then(|| parse(text))?;
            parsed
                .map_err(|error| faults.add(setting, &effective, &error))
                .ok()
        };
        let current = read(&PROXY, ProxyAddress::from_parts);
        let all = read(&ALL_PROXY, ProxyAddress::from_address);
        let http = read(&HTTP_PROXY, ProxyAddress::from_address);
        let https = read(&HTTPS_PROXY, ProxyAddress::from_address);
        Self {
            http: current.clone().or(http).or(all.clone()),
            https: current.or(https).or(all),
            except: settings.effective(&NO_PROXY).value,
        }
    }

    /// Everything through one proxy.
    #[must_use]
    pub fn only(address: ProxyAddress) -> Self {
        Self {
            http: Some(address.clone()),
            https: Some(address),
            except: String::new(),
        }
    }

    /// Makes a client go this way.
    ///
    /// # Errors
    /// When the client takes an address for none.
    pub fn apply(&self, mut http: ClientBuilder) -> Result<ClientBuilder, reqwest::Error> {
        let except = || NoProxy::from_string(&self.except);
        if let Some(address) = &self.http {
            http = http.proxy(
                address
                    .log_on(Proxy::http(address.url.clone())?)
                    .no_proxy(except()),
            );
        }
        if let Some(address) = &self.https {
            http = http.proxy(
                address
                    .log_on(Proxy::https(address.url.clone())?)
                    .no_proxy(except()),
            );
        }
        Ok(http)
    }
}

impl ProxyAddress {
    /// Reads `address=…;username=…;password=…`. Names match in any letter case and order; a value ends at the
    /// next semicolon, so none can hold one.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn from_parts(text: &str) -> Result<Self, ProxyError> {
        let (mut address, mut username, mut password) = (None, None, None);
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or(ProxyError::Part)?;
            let place = match name.trim().to_ascii_lowercase().as_str() {
                "address" => &mut address,
                "username" => &mut username,
                "password" => &mut password,
                _ => return Err(ProxyError::Part),
            };
            if place.replace(value).is_some() {
                return Err(ProxyError::Part);
            }
        }
        let mut proxy = Self::from_address(address.ok_or(ProxyError::NoAddress)?.trim())?;
        match (username.filter(|name| !name.is_empty()), password) {
            (Some(name), password) => {
                proxy.logon = Some((name.to_owned(), password.unwrap_or_default().into()));
            }
            (None, Some(password)) if !password.is_empty() => return Err(ProxyError::NoUsername),
            (None, _) => {}
        }
        Ok(proxy)
    }

    /// Reads `http://user:password@host:port`; without a scheme, http is meant.
    ///
    /// # Errors
    /// When the text is no such address.
    pub fn from_address(text: &str) -> Result<Self, ProxyError> {
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let url = Url::parse(&with_scheme).map_err(|_| ProxyError::Address)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ProxyError::Address);
        }
        Ok(Self { url, logon: None })
    }

    /// The same proxy, logged on to as somebody.
    #[must_use]
    pub fn as_user(self, name: String, password: SecretString) -> Self {
        Self {
            logon: Some((name, password)),
            ..self
        }
    }

    fn log_on(&self, proxy: Proxy) -> Proxy {
        match &self.logon {
            Some((username, password)) => proxy.basic_auth(username, password.expose_secret()),
            None => proxy,
        }
    }
}

impl FromStr for ProxyAddress {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        Self::from_parts(text)
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyAddress")
            .field("host", &self.url.host_str())
            .field("port", &self.url.port_or_known_default())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::env::Origin;

    #[test]
    fn the_form_of_the_original_is_read_in_any_order_and_letter_case() {
        let proxy =
            ProxyAddress::from_parts("Password=s=cr et; USERNAME=me;address=http://proxy:3128;").unwrap();
        assert_eq!(proxy.url.as_str(), "http://proxy:3128/");
        let (name, password) = proxy.logon.unwrap();
        assert_eq!((name.as_str(), password.expose_secret()), ("me", "s=cr et"));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_by_its_name() {
        for (text, error) in [
            ("username=me", ProxyError::NoAddress),
            ("address=", ProxyError::Address),
            ("address=ftp://proxy", ProxyError::Address),
            ("address=proxy:80;port=80", ProxyError::Part),
            ("address=a;address=b", ProxyError::Part),
            ("proxy:80", ProxyError::Part),
            ("address=proxy;password=x", ProxyError::NoUsername),
        ] {
            assert_eq!(ProxyAddress::from_parts(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn the_current_form_goes_before_the_variables_and_faults_hold_no_password() {
        let read = |values: &[(&'static str, &'static str)]| {
            let settings = Settings::default().with(Origin::Environment, values.iter().copied());
            let mut faults = Faults::default();
            let proxy = OutgoingProxy::read(&settings, &mut faults);
            (proxy, faults)
        };
        let host =
            |address: &Option<ProxyAddress>| address.as_ref().unwrap().url.host_str().unwrap().to_owned();

        let (proxy, _) = read(&[("ALL_PROXY", "all:1"), ("HTTP_PROXY", "http:1")]);
        assert_eq!(
            (host(&proxy.http), host(&proxy.https)),
            ("http".into(), "all".into())
        );
        let (proxy, _) = read(&[("Proxy", "address=new:1"), ("HTTPS_PROXY", "old:1")]);
        assert_eq!(host(&proxy.https), "new");
        let (_, faults) = read(&[("Proxy", "address=;username=me;password=hunter2")]);
        assert!(faults.lines()[0].starts_with("Proxy = (not shown)"), "{faults}");
        assert!(!faults.to_string().contains("hunter2"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_its_password_is_never_shown(text in ".{0,80}") {
            if let Ok(proxy) = ProxyAddress::from_parts(&text) {
                prop_assert!(matches!(proxy.url.scheme(), "http" | "https"));
            }
        }

        #[test]
        fn what_was_written_is_read(
            host in "[a-z][a-z0-9]{0,20}", port in 1_u16..,
            name in "[a-zA-Z0-9@. ]{1,20}", password in "[!-:<-~]{0,30}",
        ) {
            let text = format!("address=http://{host}:{port};username={name};password={password}");
            let proxy = ProxyAddress::from_parts(&text).unwrap();
            let shown = format!("{proxy:?}");
            let (read_name, read_password) = proxy.logon.unwrap();
            prop_assert_eq!(proxy.url.host_str(), Some(host.as_str()));
            prop_assert_eq!((read_name, read_password.expose_secret()), (name, password.as_str()));
            prop_assert!(!shown.contains("logon"));
        }
    }
}
