//! Who reaches what beside the requests of POS systems: a port for scrapers, a port for operators and peers, and the
//! keys that are asked for there.

/// Where figures and health answer whoever scrapes them.
pub mod metrics_port;
/// Every interface of a machine with or without IPv6.
pub mod every_interface;
/// A key that comes with a request, and what is kept of it.
pub mod bearer;
/// Which operators may look, and which may change something.
pub mod admin_keys;
