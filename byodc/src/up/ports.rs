//! Addresses on this machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Context;

/// The address of the proxy, which stays the same for the whole run: the one asked for, if nobody listens there.
///
/// # Errors
/// The address cannot be listened on.
pub fn listen(asked: SocketAddr) -> anyhow::Result<SocketAddr> {
    TcpListener::bind(asked)
        .and_then(|listener| listener.local_addr())
        .with_context(|| format!("listening on {asked}; choose another address with --listen"))
}

/// An address of this machine alone that nobody listens on at this moment. Whoever takes it before the process it is
/// meant for makes that process fail and be started again, with another one.
///
/// # Errors
/// No port is free.
pub fn free() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_address_is_told_with_the_flag_that_helps() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let holder = TcpListener::bind(taken.unwrap()).unwrap();
        let error = format!("{:#}", listen(holder.local_addr().unwrap()).unwrap_err());
        assert!(error.contains("--listen") && error.contains("in use"), "{error}");
    }
}
