//! `scheme://user:password@host:port/database?option=value`, with `%XX` where a character would divide parts.

use super::ConnectionStringError::{Malformed, Missing, Unknown};
use super::{ConnectionStringError, Database, MYSQL_PORT, POSTGRES_PORT, Server, Tls};

/// Reads a database from what follows a scheme's `://`.
pub(super) fn read(scheme: &str, rest: &str) -> Result<Database, ConnectionStringError> {
    match scheme {
        "sqlite" => sqlite(rest),
        "mysql" | "mariadb" => Ok(Database::MySql(server(rest, MYSQL_PORT)?)),
        "postgres" | "postgresql" => Ok(Database::Postgres(server(rest, POSTGRES_PORT)?)),
        _ => Err(Unknown),
    }
}

/// `sqlite:///absolute` or `sqlite://relative`. A database in memory would lose receipts, so there is none.
fn sqlite(rest: &str) -> Result<Database, ConnectionStringError> {
    let file = decoded(rest, "file")?;
    match file.as_str() {
        "" | ":memory:" => Err(Missing("file")),
        _ => Ok(Database::Sqlite { file: file.into() }),
    }
}

fn server(rest: &str, default_port: u16) -> Result<Server, ConnectionStringError> {
    let (address, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').ok_or(Missing("database"))?;
    let (login, place) = authority.rsplit_once('@').ok_or(Missing("user"))?;
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(decoded(password, "password")?.into())),
        None => (login, None),
    };
    let (host, port) = host_and_port(place, default_port)?;
    let mut server = Server {
        host,
        port,
        user: not_empty(decoded(user, "user")?, "user")?,
        password,
        database: not_empty(decoded(database, "database")?, "database")?,
        tls: Tls::Preferred,
        certificate_authority: None,
    };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        apply(option, &mut server)?;
    }
    Ok(server)
}

/// An option that is not known is refused: a mistyped `sslmode` must not lead to an open connection.
fn apply(option: &str, server: &mut Server) -> Result<(), ConnectionStringError> {
    let (name, value) = option.split_once('=').ok_or(Malformed("option"))?;
    let value = decoded(value, "option")?;
    match name {
        "sslmode" | "ssl-mode" => server.tls = value.parse()?,
        "ssl-ca" | "sslrootcert" => server.certificate_authority = Some(value.into()),
        _ => return Err(Malformed("option")),
    }
    Ok(())
}

fn host_and_port(place: &str, default_port: u16) -> Result<(String, u16), ConnectionStringError> {
    // An IPv6 address stands in brackets because of its own colons.
    let (host, port) = match place.strip_prefix('[') {
        Some(bracketed) => {
            let (host, port) = bracketed.split_once(']').ok_or(Malformed("host"))?;
            (host, port.strip_prefix(':'))
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = port.map_or(Ok(default_port), |port| {
        port.parse().map_err(|_| Malformed("port"))
    })?;
    Ok((not_empty(decoded(host, "host")?, "host")?, port))
}

fn not_empty(text: String, part: &'static str) -> Result<String, ConnectionStringError> {
    if text.is_empty() {
        Err(Missing(part))
    } else {
        Ok(text)
    }
}

/// `%XX` undone.
fn decoded(text: &str, part: &'static str) -> Result<String, ConnectionStringError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = after.get(..2).ok_or(Malformed(part))?;
            bytes.extend(hex::decode(digits).map_err(|_| Malformed(part))?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_err(|_| Malformed(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    fn postgres(text: &str) -> Server {
        match text.parse() {
            Ok(Database::Postgres(server)) => server,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_part_of_a_url_is_read() {
        let server =
            postgres("postgres://me%40home:p%3Aw@[::1]:6000/d%2Fb?sslmode=verify-full&sslrootcert=/ca.pem");
        let read = (
            &*server.host,
            server.port,
            &*server.user,
            &*server.database,
            server.tls,
        );
        assert_eq!(read, ("::1", 6000, "me@home", "d/b", Tls::VerifyHost));
        assert_eq!(server.password.unwrap().expose_secret(), "p:w");
        assert_eq!(server.certificate_authority, Some("/ca.pem".into()));
    }

    #[test]
    fn an_option_that_is_not_known_is_refused() {
        let read = "postgres://u@h/d?sslmod=require".parse::<Database>();
        assert_eq!(read.unwrap_err(), Malformed("option"));
    }

    #[test]
    fn a_file_is_absolute_with_three_slashes_and_never_the_memory() {
        let read = "sqlite:///var/lib/a%20b.db".parse::<Database>();
        assert!(matches!(read, Ok(Database::Sqlite { file }) if file.to_str() == Some("/var/lib/a b.db")));
        assert!("sqlite://:memory:".parse::<Database>().is_err());
    }

    proptest! {
        #[test]
        fn any_password_written_with_percent_signs_is_read_back(password in "\\PC{1,40}") {
            let written: String = password.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let server = postgres(&format!("postgres://u:{written}@h/d"));
            let read = server.password.unwrap();
            prop_assert_eq!(read.expose_secret(), &*password);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*|[a-z:@/?%\\[\\]=&]*") {
            let _ = read("mysql", &text);
        }
    }
}
