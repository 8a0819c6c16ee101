//! Who reaches what beside the requests of POS systems: a port for scrapers, a port for operators and peers.

/// Where figures and health answer whoever scrapes them.
pub mod metrics_port;
