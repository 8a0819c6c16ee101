//! Who calls: the name of the process at the other end of a connection on this machine.
//!
//! The kernel lists each connection with the inode of its socket, and each process with the sockets it holds.

use std::net::SocketAddr;
use std::path::Path;

use crate::process;

/// The name of the child of this process that holds the connection from `caller` to `relay`; none for a stranger.
/// It reads files of the kernel, which may take a while: nothing for a thread that others wait for.
pub(super) fn name_of(caller: SocketAddr, relay: SocketAddr) -> Option<String> {
    let listed = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let socket = format!("socket:[{}]", inode_of(&listed, caller, relay)?);
    let children = process::living();
    let holder = children.into_iter().find(|(pid, _)| holds(*pid, &socket))?;
    Some(holder.1)
}

/// The inode of a connection in the kernel's list, where address, peer and inode are the 2nd, 3rd and 10th column.
/// A busy machine lists tens of thousands, so the line is searched for as text.
fn inode_of(listed: &str, address: SocketAddr, peer: SocketAddr) -> Option<&str> {
    let ends = format!(" {} {} ", as_listed(address)?, as_listed(peer)?);
    let (_, rest) = listed.split_once(&ends)?;
    rest.lines().next()?.split_whitespace().nth(6)
}

/// An address as the kernel writes it: the four bytes in the machine's order, then the port, in hexadecimal.
fn as_listed(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else {
        return None;
    };
    let number = u32::from_ne_bytes(address.ip().octets());
    Some(format!("{number:08X}:{:04X}", address.port()))
}

fn holds(pid: u32, socket: &str) -> bool {
    let Ok(open) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    open.flatten()
        .filter_map(|file| std::fs::read_link(file.path()).ok())
        .any(|target| target == Path::new(socket))
}
