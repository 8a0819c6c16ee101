//! TLS for those who send requests: where, and with which certificate.

use std::net::SocketAddr;
use std::path::PathBuf;

use shared::env::address::Address;
use shared::env::{Faults, Setting, Settings};

/// Where requests are taken over TLS.
pub const LISTEN: Setting = Setting::plain(
    "Byodc__Proxy__TlsListen",
    "",
    "where the proxy takes requests over TLS, as address:port; empty: nowhere",
);
/// The certificate chain.
pub const CERTIFICATE: Setting = Setting::plain(
    "Byodc__Proxy__TlsCertificate",
    "",
    "PEM file with the certificate chain, leaf first; read again when it changes",
);
/// The certificate's key.
pub const KEY: Setting = Setting::plain(
    "Byodc__Proxy__TlsKey",
    "",
    "PEM file with the certificate's private key; read again when it changes",
);

/// Where TLS is spoken, and with which files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate chain's file.
    pub certificate: PathBuf,
    /// The key's file.
    pub key: PathBuf,
}

impl TlsConfig {
    /// Reads the three settings, which stand or fall together; none where TLS is not asked for. Every fault is added
    /// to `faults`.
    pub(super) fn read(settings: &Settings, faults: &mut Faults) -> Option<Self> {
        let [listen, certificate, key] = [LISTEN, CERTIFICATE, KEY].map(|s| settings.effective(&s));
        if listen.value.trim().is_empty() {
            for (setting, effective) in [(CERTIFICATE, certificate), (KEY, key)] {
                if !effective.value.trim().is_empty() {
                    faults.add(&setting, &effective, &"needs Byodc__Proxy__TlsListen as well");
                }
            }
            return None;
        }
        for (setting, effective) in [(CERTIFICATE, &certificate), (KEY, &key)] {
            if effective.value.trim().is_empty() {
                faults.add(&setting, effective, &"Byodc__Proxy__TlsListen needs this file");
            }
        }
        let address = listen.value.trim().parse::<Address>();
        let Address(listen) = address
            .inspect_err(|error| faults.add(&LISTEN, &listen, error))
            .ok()?;
        Some(Self {
            listen,
            certificate: certificate.value.trim().into(),
            key: key.value.trim().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    fn read(given: &[(&str, &str)]) -> (Option<TlsConfig>, Faults) {
        let settings = Settings::default().with(Origin::Environment, given.iter().copied());
        let mut faults = Faults::default();
        let tls = TlsConfig::read(&settings, &mut faults);
        (tls, faults)
    }

    #[test]
    fn tls_needs_all_three_of_its_settings() {
        let (tls, faults) = read(&[("Byodc__Proxy__TlsListen", "0.0.0.0:443")]);
        assert_eq!(faults.lines().len(), 2, "{faults}");
        assert!(tls.is_some());
        let (_, faults) = read(&[("Byodc__Proxy__TlsKey", "/key.pem")]);
        assert_eq!(faults.lines().len(), 1, "{faults}");
    }
}
