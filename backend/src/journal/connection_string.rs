//! Where the database is: URLs and the connection strings of .NET (ADO.NET).
//!
//! Both become one [`Database`]. Passwords are never shown, neither in debug forms nor in errors. A leading
//! `raw:`, which the original's launcher writes before a plain connection string, is passed over.
//!
//! [`Database`]: crate::journal::connection_string::Database

/// `Key=Value;` with the quoting rules of .NET.
pub mod ado;
/// `scheme://user:password@host:port/database?option=value`.
mod url;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;
use thiserror::Error;

/// A database of one of the kinds that can hold a journal.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file, shared by processes of one machine.
    Sqlite {
        /// The file; made when it is missing.
        file: PathBuf,
    },
    /// MySQL or MariaDB.
    MySql(Server),
    /// PostgreSQL.
    Postgres(Server),
}

/// A database server and who we are there.
#[derive(Clone)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The user's password, if there is one.
    pub password: Option<SecretString>,
    /// The database, which must exist.
    pub database: String,
    /// Whether the connection is encrypted, and whom it trusts.
    pub tls: Tls,
    /// A file with the certificate authority to trust.
    pub certificate_authority: Option<PathBuf>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}/{} ({:?})",
            self.host, self.port, self.database, self.tls
        )
    }
}

/// Whether a connection is encrypted, and whom it trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Disabled,
    /// If the server can.
    Preferred,
    /// Always, with any certificate.
    Required,
    /// Always, with a certificate of a trusted authority.
    VerifyAuthority,
    /// Always, with a certificate of a trusted authority for this host.
    VerifyHost,
}

/// Why a text names no database. Never repeats a value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectionStringError {
    /// Neither a URL of a known scheme nor `Key=Value;` pairs.
    #[error("expected sqlite://, mysql:// or postgres://, or Server=..;Uid=..;Pwd=..;Database=..")]
    Unknown,
    /// A part that is needed is not there.
    #[error("the {0} is missing")]
    Missing(&'static str),
    /// A part cannot be read.
    #[error("the {0} cannot be read")]
    Malformed(&'static str),
}

impl FromStr for Database {
    type Err = ConnectionStringError;

    fn from_str(text: &str) -> Result<Self, ConnectionStringError> {
        let text = text.trim();
        let text = text.strip_prefix("raw:").unwrap_or(text).trim();
        match text.split_once("://") {
            // A connection string may hold "://" inside a value, but never before its first '='.
            Some((scheme, rest)) if !scheme.contains('=') => url::read(scheme, rest),
            _ => ado::read(text),
        }
    }
}

impl FromStr for Tls {
    type Err = ConnectionStringError;

    /// The words of MySQL, PostgreSQL and .NET.
    fn from_str(word: &str) -> Result<Self, ConnectionStringError> {
        let plain: String = word.chars().filter(char::is_ascii_alphabetic).collect();
        match plain.to_ascii_lowercase().as_str() {
            "none" | "disabled" | "disable" => Ok(Self::Disabled),
            "preferred" | "prefer" | "allow" => Ok(Self::Preferred),
            "required" | "require" => Ok(Self::Required),
            "verifyca" => Ok(Self::VerifyAuthority),
            "verifyfull" | "verifyidentity" => Ok(Self::VerifyHost),
            _ => Err(ConnectionStringError::Malformed("SSL mode")),
        }
    }
}

const MYSQL_PORT: u16 = 3306;
const POSTGRES_PORT: u16 = 5432;

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_password_is_shown_by_neither_a_debug_form_nor_an_error() {
        let right: Database = "mysql://u:hunter2@h/d".parse().unwrap();
        assert!(!format!("{right:?}").contains("hunter2"));
        let wrong = "Server=h;Uid=u;Pwd=hunter2;Port=hunter2".parse::<Database>();
        assert!(!format!("{wrong:?}").contains("hunter2"));
    }

    #[test]
    fn the_launchers_prefix_is_passed_over() {
        let Database::MySql(server) = "raw:Server=db;Uid=u;Pwd=a://b;Database=d".parse().unwrap() else {
            panic!("MySQL was named");
        };
        assert_eq!(server.host, "db");
        assert_eq!(server.password.unwrap().expose_secret(), "a://b");
    }

    #[test]
    fn what_names_no_database_is_refused() {
        for text in ["", "oracle://h/d", "hello", "Server=h;Uid=u"] {
            assert!(text.parse::<Database>().is_err(), "{text}");
        }
    }
}
