//! Ports that nobody listens on.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{LazyLock, Mutex};

/// Where servers of tests listen, unless a test is about another address.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What this process has given out. A port is not given twice, so that two tests cannot pick the same one in the
/// moment before its server listens.
static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port on the loopback address that was free a moment ago and is given to nobody else in this process.
///
/// It lies below the range from which the kernel takes ports for outgoing connections, which could otherwise take
/// it before the server does, or while a killed server's successor has not yet begun to listen.
#[must_use]
pub fn free_port() -> u16 {
    free_port_on(LOOPBACK)
}

/// The same on another address of this machine.
#[must_use]
pub fn free_port_on(ip: IpAddr) -> u16 {
    let mut given = GIVEN.lock().unwrap();
    for _ in 0..1000 {
        let port = rand::random_range(12_000..32_000);
        if given.contains(&port) || TcpListener::bind((ip, port)).is_err() {
            continue;
        }
        given.insert(port);
        return port;
    }
    panic!("no free port in a thousand attempts");
}

/// A free port as a loopback address.
#[must_use]
pub fn free_address() -> SocketAddr {
    free_address_on(LOOPBACK)
}

/// The same on another address of this machine.
#[must_use]
pub fn free_address_on(ip: IpAddr) -> SocketAddr {
    SocketAddr::from((ip, free_port_on(ip)))
}
