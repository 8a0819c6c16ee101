//! Which database records ownership.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use thiserror::Error;

/// How long a writer of a SQLite file waits for another.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// A database of one of the kinds that can record ownership. One database is one installation.
#[derive(Clone)]
pub enum DatabaseAddress {
    /// A file, shared by processes of one machine.
    Sqlite(SqliteConnectOptions),
    /// MySQL or MariaDB.
    MySql(MySqlConnectOptions),
    /// PostgreSQL.
    Postgres(Box<PgConnectOptions>),
}

/// Why a text is no address of a database. Never repeats it: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a usable URL: expected sqlite:///path, mysql://user:password@host/database or postgres://…")]
pub struct DatabaseAddressError;

impl FromStr for DatabaseAddress {
    type Err = DatabaseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(DatabaseAddressError)?;
        match scheme {
            "sqlite" if !rest.is_empty() => Ok(Self::Sqlite(sqlite(parse(text)?))),
            "mysql" | "mariadb" => Ok(Self::MySql(mysql(parse(text)?))),
            "postgres" | "postgresql" => Ok(Self::Postgres(Box::new(postgres(parse(text)?)))),
            _ => Err(DatabaseAddressError),
        }
    }
}

fn parse<T: FromStr>(text: &str) -> Result<T, DatabaseAddressError> {
    // The cause is dropped: it may quote the URL.
    text.parse().map_err(|_| DatabaseAddressError)
}

// A URL has an IPv6 address in brackets, and whoever connects to it without.

fn mysql(options: MySqlConnectOptions) -> MySqlConnectOptions {
    let host = without_brackets(options.get_host()).to_owned();
    options.host(&host)
}

fn postgres(options: PgConnectOptions) -> PgConnectOptions {
    let host = without_brackets(options.get_host()).to_owned();
    options.host(&host)
}

fn without_brackets(host: &str) -> &str {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or(host)
}

/// The same in a text, where the port follows.
fn place(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        // Readers never wait for a writer.
        .journal_mode(SqliteJournalMode::Wal)
        // This record may be lost (the journal decides), so a commit does not wait for the disk.
        .synchronous(SqliteSynchronous::Normal)
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(options) => write!(f, "sqlite {}", options.get_filename().display()),
            Self::MySql(options) => write!(f, "mysql {}", place(options.get_host(), options.get_port())),
            Self::Postgres(options) => {
                write!(f, "postgres {}", place(options.get_host(), options.get_port()))
            }
        }
    }
}

impl PartialEq for DatabaseAddress {
    /// By place; not by user or password.
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl Eq for DatabaseAddress {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_kinds_are_told_apart_and_passwords_are_not_shown() {
        for (text, shown) in [
            ("sqlite:///var/lib/o.db", "sqlite /var/lib/o.db"),
            ("mysql://u:hunter2@db/own", "mysql db:3306"),
            ("postgres://u:hunter2@db:5433/own", "postgres db:5433"),
            ("mysql://u:hunter2@[fd00::1]/own", "mysql [fd00::1]:3306"),
            ("postgres://u:hunter2@[::1]:5433/own", "postgres [::1]:5433"),
        ] {
            let address: DatabaseAddress = text.parse().unwrap();
            assert_eq!(format!("{address:?}"), shown);
        }
    }

    #[test]
    fn what_names_no_database_is_refused_without_repeating_it() {
        for text in [
            "",
            "sqlite://",
            "oracle://hunter2",
            "hunter2",
            "mysql://u:hunter2@:x/d",
        ] {
            let error = text.parse::<DatabaseAddress>().unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{text}");
        }
    }
}
