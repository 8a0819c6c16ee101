//! The spelling of StackExchange.Redis: parts separated by commas, each a host or `option=value`.
//!
//! A comma cannot be escaped there. A password that holds one is cut in pieces, so no error repeats any part that
//! follows a password.

use std::time::Duration;

use secrecy::SecretString;

use super::{Host, RedisConnection, RedisConnectionError, Tls};

/// Ports when none is given.
const PORT: u16 = 6379;
const PORT_TLS: u16 = 6380;
const PORT_SENTINEL: u16 = 26379;

/// Options that StackExchange.Redis knows and that change nothing here.
const IGNORED: &[&str] = &[
    "abortconnect",
    "allowadmin",
    "channelprefix",
    "checkcertificaterevocation",
    "configchannel",
    "configcheckseconds",
    "connectretry",
    "heartbeatconsistencychecks",
    "heartbeatinterval",
    "highintegrity",
    "keepalive",
    "name",
    "protocol",
    "resolvedns",
    "responsetimeout",
    "setlib",
    "sslprotocols",
    "synctimeout",
    "tiebreaker",
    "version",
    "writebuffer",
];

/// Reads it.
///
/// # Errors
/// Names the option that breaks a rule, or the number of the part, never a value.
pub fn parse(text: &str) -> Result<RedisConnection, RedisConnectionError> {
    let mut connection = RedisConnection::plain(Vec::new());
    let mut hosts = Vec::new();
    let mut ssl_host = None;
    let parts = text.split(',').map(str::trim).enumerate();
    for (index, part) in parts.filter(|(_, part)| !part.is_empty()) {
        match part.split_once('=') {
            Some((option, value)) if option.trim().eq_ignore_ascii_case("sslHost") => {
                ssl_host = Some(value.trim().to_owned());
            }
            Some((option, value)) => connection.set(index, option.trim(), value.trim())?,
            None => hosts.push(host(part).ok_or(RedisConnectionError::Host(index + 1))?),
        }
    }
    let port = default_port(&connection);
    connection.hosts = hosts
        .into_iter()
        .map(|(name, given)| Host {
            name,
            port: given.unwrap_or(port),
        })
        .collect();
    check(connection, ssl_host)
}

fn default_port(connection: &RedisConnection) -> u16 {
    match (&connection.service, connection.tls) {
        (Some(_), _) => PORT_SENTINEL,
        (None, Tls::On) => PORT_TLS,
        (None, Tls::Off) => PORT,
    }
}

fn check(
    connection: RedisConnection,
    ssl_host: Option<String>,
) -> Result<RedisConnection, RedisConnectionError> {
    if connection.hosts.is_empty() {
        return Err(RedisConnectionError::NoHost);
    }
    let other_name = |name: &String| connection.hosts.iter().any(|host| host.name != *name);
    if connection.tls == Tls::On && ssl_host.as_ref().is_some_and(other_name) {
        return Err(RedisConnectionError::Unsupported {
            option: "sslHost",
            reason: "name the host as its certificate does",
        });
    }
    Ok(connection)
}

impl RedisConnection {
    fn set(&mut self, index: usize, option: &str, value: &str) -> Result<(), RedisConnectionError> {
        match option.to_lowercase().as_str() {
            "password" => self.password = (!value.is_empty()).then(|| SecretString::from(value)),
            "user" => self.user = (!value.is_empty()).then(|| value.to_owned()),
            "servicename" => self.service = (!value.is_empty()).then(|| value.to_owned()),
            "ssl" => self.tls = tls(value)?,
            "defaultdatabase" => {
                let rule = "a number from 0";
                self.database = number("defaultDatabase", value, rule, 0..=u32::MAX)?;
            }
            "connecttimeout" => self.connect_timeout = timeout("connectTimeout", value)?,
            "asynctimeout" => self.answer_timeout = timeout("asyncTimeout", value)?,
            "proxy" if !value.eq_ignore_ascii_case("none") => {
                return Err(RedisConnectionError::Unsupported {
                    option: "proxy",
                    reason: "scripts do not pass through twemproxy; name the Redis itself",
                });
            }
            "tunnel" => {
                return Err(RedisConnectionError::Unsupported {
                    option: "tunnel",
                    reason: "name a host that can be reached directly",
                });
            }
            "proxy" => {}
            known if IGNORED.contains(&known) => {
                self.notices
                    .push(format!("option {known} of the Redis address has no effect here"));
            }
            _ => return Err(RedisConnectionError::UnknownOption(self.speakable(index, option))),
        }
        Ok(())
    }

    /// How an unknown option may be called in an error: after a password it may be a piece of it.
    fn speakable(&self, index: usize, option: &str) -> String {
        let is_word = option.len() <= 32 && option.bytes().all(|byte| byte.is_ascii_alphabetic());
        if is_word && self.password.is_none() {
            return option.to_owned();
        }
        format!(
            "in part {} (not shown: it may belong to a password; a comma in one needs the redis:// form)",
            index + 1
        )
    }
}

fn tls(value: &str) -> Result<Tls, RedisConnectionError> {
    match value.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(Tls::On),
        "false" | "no" | "off" | "0" => Ok(Tls::Off),
        _ => Err(RedisConnectionError::Value {
            option: "ssl",
            rule: "true or false",
        }),
    }
}

fn timeout(option: &'static str, value: &str) -> Result<Duration, RedisConnectionError> {
    let ms = number(option, value, "milliseconds from 1 to 60000", 1..=60_000)?;
    Ok(Duration::from_millis(u64::from(ms)))
}

fn number(
    option: &'static str,
    value: &str,
    rule: &'static str,
    bounds: std::ops::RangeInclusive<u32>,
) -> Result<u32, RedisConnectionError> {
    let number = value.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or(RedisConnectionError::Value { option, rule })
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host(part: &str) -> Option<(String, Option<u16>)> {
    let (name, port) = match part.strip_prefix('[') {
        Some(rest) => {
            let (name, after) = rest.split_once(']')?;
            name.parse::<std::net::Ipv6Addr>().ok()?;
            (name, after.strip_prefix(':').or(after.is_empty().then_some(""))?)
        }
        None => part.split_once(':').unwrap_or((part, "")),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if name.is_empty() || !name.chars().all(plain) {
        return None;
    }
    match port {
        "" if !part.ends_with(':') || part.ends_with("::]") => Some((name.to_owned(), None)),
        port => Some((
            name.to_owned(),
            Some(port.parse().ok().filter(|port| *port != 0)?),
        )),
    }
}
