//! Where a Redis is and how it is entered, read from either spelling.
//!
//! * StackExchange.Redis, as the original's chart writes it: `host:6379,other:6379,password=…,ssl=true`;
//! * a URL: `redis://user:password@host:6379/0`, `rediss://…` with TLS.
//!
//! Nothing here ever shows a password: not in `Debug`, not in an error, also not where a part of it was taken for
//! something else.

/// The spelling of StackExchange.Redis.
pub mod stack_exchange;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use redis::{ConnectionAddr, IntoConnectionInfo};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// How long a connection may take, unless the address says otherwise.
const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_millis(2000);
/// How long an answer may take, unless the address says otherwise. Requests wait for it while a Redis hangs.
const ANSWER_TIMEOUT_DEFAULT: Duration = Duration::from_millis(1000);

/// One server: a Redis, or a Sentinel that knows where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name or address.
    pub name: String,
    /// Its port.
    pub port: u16,
}

/// Whether the way to the servers is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// In the clear.
    Off,
    /// With TLS; the certificate must be for the host's name, from an authority the machine trusts.
    On,
}

/// Where a Redis is and how it is entered.
#[derive(Clone)]
pub struct RedisConnection {
    /// The servers, at least one. With [`RedisConnection::service`] these are Sentinels.
    pub hosts: Vec<Host>,
    /// The name under which the Sentinels know the Redis.
    pub service: Option<String>,
    /// The ACL user; `None` is Redis's default user.
    pub user: Option<String>,
    /// The password, if one is needed.
    pub password: Option<SecretString>,
    /// Whether the way to the servers is encrypted.
    pub tls: Tls,
    /// The number of the database.
    pub database: u32,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub answer_timeout: Duration,
    /// What was given and means nothing here, as sentences for the log.
    pub notices: Vec<String>,
}

/// Why a text is no address of a Redis. Never repeats what may be a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RedisConnectionError {
    /// An option that StackExchange.Redis does not have either.
    #[error("unknown option {0}")]
    UnknownOption(String),
    /// An option that would change what is connected, and that this build cannot follow.
    #[error("option {option} cannot be followed: {reason}")]
    Unsupported {
        /// The option's name.
        option: &'static str,
        /// What to do instead.
        reason: &'static str,
    },
    /// An option's value breaks its rule.
    #[error("option {option} must be {rule}")]
    Value {
        /// The option's name.
        option: &'static str,
        /// What it may be.
        rule: &'static str,
    },
    /// A part that is neither an option nor `host:port`.
    #[error("part {0} is neither host, host:port nor option=value")]
    Host(usize),
    /// No server is named.
    #[error("no host is named")]
    NoHost,
    /// A URL that cannot be read.
    #[error("not a usable redis:// or rediss:// URL")]
    Url,
}

impl FromStr for RedisConnection {
    type Err = RedisConnectionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.contains("://") {
            return from_url(text);
        }
        stack_exchange::parse(text)
    }
}

impl RedisConnection {
    /// A connection in the clear without password, to database 0, with the default bounds.
    #[must_use]
    pub fn plain(hosts: Vec<Host>) -> Self {
        Self {
            hosts,
            service: None,
            user: None,
            password: None,
            tls: Tls::Off,
            database: 0,
            connect_timeout: CONNECT_TIMEOUT_DEFAULT,
            answer_timeout: ANSWER_TIMEOUT_DEFAULT,
            notices: Vec::new(),
        }
    }
}

fn from_url(text: &str) -> Result<RedisConnection, RedisConnectionError> {
    // A fragment would switch certificate checks off; a query would choose a protocol.
    if text.contains(['#', '?']) {
        return Err(RedisConnectionError::Url);
    }
    // The cause is dropped: it may quote the URL, and with it the password.
    let info = text
        .into_connection_info()
        .map_err(|_| RedisConnectionError::Url)?;
    let (name, port, tls) = match info.addr() {
        ConnectionAddr::Tcp(host, port) => (host, *port, Tls::Off),
        ConnectionAddr::TcpTls { host, port, .. } => (host, *port, Tls::On),
        _ => return Err(RedisConnectionError::Url),
    };
    let settings = info.redis_settings();
    let host = Host {
        name: name.clone(),
        port,
    };
    Ok(RedisConnection {
        user: settings.username().map(str::to_owned),
        password: settings.password().map(SecretString::from),
        tls,
        database: u32::try_from(settings.db()).map_err(|_| RedisConnectionError::Url)?,
        ..RedisConnection::plain(vec![host])
    })
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection")
            .field("hosts", &self.hosts)
            .field("service", &self.service)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("tls", &self.tls)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl PartialEq for RedisConnection {
    fn eq(&self, other: &Self) -> bool {
        let key = |of: &Self| {
            (
                of.hosts.clone(),
                of.service.clone(),
                of.user.clone(),
                of.tls,
                of.database,
            )
        };
        let password = |of: &Self| of.password.as_ref().map(|p| p.expose_secret().to_owned());
        key(self) == key(other) && password(self) == password(other)
    }
}

impl Eq for RedisConnection {}

#[cfg(test)]
mod tests;
