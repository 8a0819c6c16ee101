//! An address in a setting: `address:port`, for both families.
//!
//! An IPv6 address stands in brackets (`[fd00::1]:80`), or bare with its port behind the last colon (`fd00::1:80`):
//! a chart that writes `$(POD_IP):80` does not know which family the cluster gives. It is always shown in brackets.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use thiserror::Error;

/// An address that a setting names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub SocketAddr);

/// A text that is no address with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be address:port, for example 10.0.0.7:80 or [fd00::7]:80")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = text.parse().ok().or_else(|| without_brackets(text));
        address.map(Self).ok_or(AddressError)
    }
}

/// `fd00::1:80` is port 80 of `fd00::1`. As an address it could be read whole; but a setting needs a port.
fn without_brackets(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.rsplit_once(':')?;
    let ip: Ipv6Addr = ip.parse().ok()?;
    Some(SocketAddr::new(IpAddr::V6(ip), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_are_read_and_shown_so_that_they_are_read_again() {
        for (text, shown) in [
            ("10.0.0.7:80", "10.0.0.7:80"),
            ("[::]:80", "[::]:80"),
            ("[fd00::1]:8081", "[fd00::1]:8081"),
            ("fd00::1:8081", "[fd00::1]:8081"),
            ("fd00:0:0:0:0:0:0:1:80", "[fd00::1]:80"),
            ("::1:80", "[::1]:80"),
            (":::80", "[::]:80"),
        ] {
            let Address(address) = text.parse().unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(Address(address)));
        }
    }

    #[test]
    fn an_address_without_a_port_is_none() {
        let texts = [
            "",
            "80",
            "10.0.0.7",
            "fd00:0:0:0:0:0:0:1",
            "::1",
            "[::1]",
            "fd00::g:80",
            "fd00::1:65536",
            "host:80",
        ];
        for text in texts {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text}");
        }
    }
}
