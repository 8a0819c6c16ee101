//! `Key=Value;` pairs with the quoting rules of .NET's `DbConnectionStringBuilder`.
//!
//! Keys do not care for letter case or blanks around them, and of two equal ones the later counts. A value may
//! stand in `'` or `"`, doubled inside; a key's own `=` is doubled. Without `Provider` a string means MySQL, whose
//! grammar the original uses; `Provider=postgres` means PostgreSQL.

use std::collections::BTreeMap;

use super::ConnectionStringError::{Malformed, Missing, Unknown};
use super::{ConnectionStringError, Database, MYSQL_PORT, POSTGRES_PORT, Server};

const HOST: &[&str] = &["server", "host", "data source", "datasource", "address", "addr"];
const PORT: &[&str] = &["port"];
const USER: &[&str] = &["uid", "user id", "userid", "user", "username", "user name"];
const PASSWORD: &[&str] = &["pwd", "password"];
const DATABASE: &[&str] = &["database", "initial catalog"];
const TLS: &[&str] = &["sslmode", "ssl mode", "ssl-mode"];
const AUTHORITY: &[&str] = &[
    "sslca",
    "ssl ca",
    "ssl-ca",
    "root certificate",
    "cacertificatefile",
];
const PROVIDER: &[&str] = &["provider"];

/// Reads a database from a connection string.
pub(super) fn read(text: &str) -> Result<Database, ConnectionStringError> {
    let pairs = Pairs::read(text)?;
    let database = pairs.value(DATABASE).ok_or(Missing("database"))?;
    Ok(match pairs.provider()? {
        Provider::MySql => Database::MySql(pairs.server(MYSQL_PORT, database)?),
        Provider::Postgres => Database::Postgres(pairs.server(POSTGRES_PORT, database)?),
    })
}

/// Reads a MySQL server from a connection string, whatever database it names; ours is `database`.
///
/// # Errors
/// When the text is no connection string, names another kind of database, or leaves out server or user.
pub fn mysql_server(text: &str, database: String) -> Result<Server, ConnectionStringError> {
    let pairs = Pairs::read(text)?;
    match pairs.provider()? {
        Provider::MySql => pairs.server(MYSQL_PORT, database),
        Provider::Postgres => Err(Malformed("provider")),
    }
}

enum Provider {
    MySql,
    Postgres,
}

/// The pairs of a connection string, keys in lower case.
struct Pairs(BTreeMap<String, String>);

impl Pairs {
    fn read(text: &str) -> Result<Self, ConnectionStringError> {
        pairs(text).map(Self)
    }

    fn value(&self, aliases: &[&str]) -> Option<String> {
        aliases.iter().find_map(|alias| self.0.get(*alias)).cloned()
    }

    fn provider(&self) -> Result<Provider, ConnectionStringError> {
        let provider = self.value(PROVIDER).map(|provider| provider.to_lowercase());
        match provider.as_deref() {
            None | Some("mysql" | "mariadb") => Ok(Provider::MySql),
            Some("postgres" | "postgresql" | "npgsql") => Ok(Provider::Postgres),
            Some(_) => Err(Malformed("provider")),
        }
    }

    fn server(&self, default_port: u16, database: String) -> Result<Server, ConnectionStringError> {
        let tls = self.value(TLS).unwrap_or_else(|| "Preferred".to_owned());
        Ok(Server {
            host: self.value(HOST).ok_or(Missing("server"))?,
            port: self.value(PORT).map_or(Ok(default_port), |port| {
                port.parse().map_err(|_| Malformed("port"))
            })?,
            user: self.value(USER).ok_or(Missing("user"))?,
            password: self.value(PASSWORD).map(Into::into),
            database,
            tls: tls.parse()?,
            certificate_authority: self.value(AUTHORITY).map(Into::into),
        })
    }
}

/// The pairs of a connection string, keys in lower case. An empty value takes its key away again.
fn pairs(text: &str) -> Result<BTreeMap<String, String>, ConnectionStringError> {
    let mut pairs = BTreeMap::new();
    let mut rest = text.trim_start_matches(is_gap);
    while !rest.is_empty() {
        let (key, after_key) = key(rest)?;
        let (value, after_value) = value(after_key.trim_start())?;
        match value.is_empty() {
            true => pairs.remove(&key),
            false => pairs.insert(key, value),
        };
        rest = after_value.trim_start_matches(is_gap);
    }
    match pairs.is_empty() {
        true => Err(Unknown),
        false => Ok(pairs),
    }
}

fn is_gap(character: char) -> bool {
    character == ';' || character.is_whitespace()
}

/// A key up to its single `=`, and what follows.
fn key(text: &str) -> Result<(String, &str), ConnectionStringError> {
    let mut key = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('=').ok_or(Unknown)?;
        key.push_str(part);
        match after.strip_prefix('=') {
            Some(after_double) => {
                key.push('=');
                rest = after_double;
            }
            None => break rest = after,
        }
    }
    match key.trim() {
        "" => Err(Unknown),
        key => Ok((key.to_lowercase(), rest)),
    }
}

/// A value, quoted or up to the next `;`, and what follows.
fn value(text: &str) -> Result<(String, &str), ConnectionStringError> {
    match text.chars().next() {
        Some(quote @ ('\'' | '"')) => quoted(&text[1..], quote),
        _ => {
            let (value, rest) = text.split_once(';').unwrap_or((text, ""));
            Ok((value.trim_end().to_owned(), rest))
        }
    }
}

fn quoted(text: &str, quote: char) -> Result<(String, &str), ConnectionStringError> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once(quote).ok_or(Malformed("quoted value"))?;
        value.push_str(part);
        match after.strip_prefix(quote) {
            Some(after_double) => {
                value.push(quote);
                rest = after_double;
            }
            None => break rest = after.trim_start(),
        }
    }
    match rest.strip_prefix(';') {
        Some(rest) => Ok((value, rest)),
        None if rest.is_empty() => Ok((value, rest)),
        None => Err(Malformed("quoted value")),
    }
}

/// Writes a value so that it is read back as it is.
#[must_use]
pub fn quote(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    fn mysql(text: &str) -> Server {
        match read(text) {
            Ok(Database::MySql(server)) => server,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_alias_of_a_key_means_the_same() {
        for text in [
            "Server=h;Port=1;Uid=u;Pwd=p;Database=d",
            " data source = h ; PORT = 1 ; User Id = u ; Password = p ; Initial Catalog = d ; ",
            "Host=h;Port=1;Username=u;Password='p';Database=\"d\"",
            ";;host=x;HOST=h;port=1;user=u;pwd=p;database=d;;",
        ] {
            let server = mysql(text);
            let password = server.password.unwrap();
            let read = (
                &*server.host,
                server.port,
                &*server.user,
                password.expose_secret(),
                &*server.database,
            );
            assert_eq!(read, ("h", 1, "u", "p", "d"), "{text}");
        }
    }

    #[test]
    fn quotes_keep_semicolons_blanks_and_doubled_quotes() {
        let server = mysql("Server=h;Uid=u;Pwd=' a;b''c=\" ';Database=d");
        assert_eq!(server.password.unwrap().expose_secret(), " a;b'c=\" ");
    }

    #[test]
    fn a_provider_chooses_the_kind_of_database_and_its_port() {
        let read = read("Provider=Postgres;Host=h;Username=u;Database=d");
        assert!(
            matches!(
                read,
                Ok(Database::Postgres(Server {
                    port: POSTGRES_PORT,
                    ..
                }))
            ),
            "{read:?}"
        );
        assert_eq!(mysql("Host=h;Username=u;Database=d").port, MYSQL_PORT);
    }

    #[test]
    fn an_open_quote_and_text_after_a_quote_are_refused() {
        for value in ["'open", "'closed' and more"] {
            let read = read(&format!("Server=h;Uid=u;Database=d;Pwd={value}"));
            assert_eq!(read.unwrap_err(), Malformed("quoted value"));
        }
    }

    proptest! {
        #[test]
        fn any_quoted_password_is_read_back(password in "\\PC{1,40}|[ ;='\"]{1,10}") {
            let server = mysql(&format!("Server=h;Uid=u;Pwd={};Database=d", quote(&password)));
            let read = server.password.unwrap();
            prop_assert_eq!(read.expose_secret(), &*password);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*|[a-z;='\" ]*") {
            let _ = read(&text);
        }
    }
}
