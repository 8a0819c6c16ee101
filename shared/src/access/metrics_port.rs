//! The port for scrapers: `/metrics` and `/health/*`, and nothing that tells of a single cashbox or changes anything.
//!
//! A Service may show it inside the cluster; the admin port, which answers the same and more, is on none.

use std::net::SocketAddr;

use crate::env::address::Address;
use crate::env::{Faults, Setting, Settings};

/// Where scrapers and probes connect.
pub const LISTEN: Setting = Setting::plain(
    "Byodc__Metrics__Listen",
    "[::]:8080",
    "where only /metrics and /health answer, as address:port; port 0 takes a free one; empty: nowhere",
);

/// Reads where the port is; `None` when there shall be none.
pub fn read(settings: &Settings, faults: &mut Faults) -> Option<SocketAddr> {
    let effective = settings.effective(&LISTEN);
    let told = effective.value.trim();
    if told.is_empty() {
        return None;
    }
    let address = told.parse::<Address>();
    if address.is_err() {
        let rule = "must be address:port, for example [::]:8080, or empty for none";
        faults.add(&LISTEN, &effective, &rule);
    }
    Some(address.ok()?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Origin;

    fn told(value: &str) -> (Option<SocketAddr>, Faults) {
        let settings = Settings::default().with(Origin::Environment, [(LISTEN.name, value)]);
        let mut faults = Faults::default();
        (read(&settings, &mut faults), faults)
    }

    #[test]
    fn an_empty_address_opens_no_port_and_a_wrong_one_is_a_fault() {
        assert_eq!(told(" "), (None, Faults::default()));
        assert_eq!(told("[::]:9100").0, "[::]:9100".parse().ok());
        let (address, faults) = told("8080");
        assert_eq!((address, faults.lines().len()), (None, 1));
        assert!(
            faults.lines()[0].starts_with("Byodc__Metrics__Listen = \"8080\""),
            "{faults}"
        );
    }
}
