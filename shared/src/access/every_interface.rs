//! Listening on every interface, whichever families the machine has.
//!
//! `[::]` takes both: Linux gives an IPv6 socket the IPv4 callers, too (unless `net.ipv6.bindv6only` forbids it). So it
//! is what the listeners' settings say when nobody does, on IPv4, dual-stack and IPv6-only clusters alike. Where IPv6
//! was taken out of the machine `[::]` cannot be had, and `0.0.0.0` is every interface there is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::env::Setting;

/// Where to listen on this machine for what a setting says. The log tells when that is another address.
#[must_use]
pub fn here(setting: &Setting, told: SocketAddr) -> SocketAddr {
    let address = on_a_machine(told, has_ipv6);
    if address != told {
        tracing::info!(setting = setting.name, %told, %address, "this machine has no IPv6: listening on IPv4 alone");
    }
    address
}

fn on_a_machine(told: SocketAddr, has_ipv6: impl FnOnce() -> bool) -> SocketAddr {
    if told.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && !has_ipv6() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), told.port());
    }
    told
}

/// Whether a socket of that family can be had, at any port.
fn has_ipv6() -> bool {
    UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn told(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn every_interface_is_that_of_the_families_there_are() {
        assert_eq!(on_a_machine(told("[::]:80"), || true), told("[::]:80"));
        assert_eq!(on_a_machine(told("[::]:80"), || false), told("0.0.0.0:80"));
    }

    #[test]
    fn callers_of_ipv4_come_in_whichever_it_is() {
        let listener = TcpListener::bind(on_a_machine(told("[::]:0"), has_ipv6)).unwrap();
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    }

    #[test]
    fn an_address_that_somebody_chose_stays_as_it_is() {
        for text in ["0.0.0.0:80", "[::1]:80", "10.0.0.7:80", "[fd00::1]:80"] {
            assert_eq!(on_a_machine(told(text), || false), told(text));
        }
    }
}
