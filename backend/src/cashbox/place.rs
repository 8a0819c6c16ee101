//! Where a queue's rows are kept, as its configuration says (`fiscal-spec.md` 2.2, 2.5, 8.1).

use super::configuration::{CashboxConfiguration, ConnectionString};
use super::error::CashboxError;
use super::{OWN_DATABASES, OwnDatabases};
use crate::journal::place::Place;

/// The original's queue package that keeps its rows in MySQL.
const MYSQL_PACKAGE: &str = "fiskaltrust.Middleware.Queue.MySQL";

/// Where the queue of a configuration is kept.
///
/// # Errors
/// When it has a database of its own that cannot be opened, or that must not be.
pub(super) fn of(configuration: &CashboxConfiguration, own: OwnDatabases) -> Result<Place, CashboxError> {
    let Some(connection) = &configuration.connection else {
        return Ok(Place::PodsJournal);
    };
    match own {
        OwnDatabases::Replace => Ok(Place::PodsJournal),
        OwnDatabases::Refuse => Err(fault(format_args!(
            "names a database of the queue's own, and {} = refuse; open opens the original's MySQL database, replace \
             keeps the receipts in the pods' journal instead",
            OWN_DATABASES.name
        ))),
        OwnDatabases::Open if configuration.package.eq_ignore_ascii_case(MYSQL_PACKAGE) => {
            original(configuration, connection)
        }
        OwnDatabases::Open => Err(fault(format_args!(
            "names a database of the package {}, which this version does not open, only those of {MYSQL_PACKAGE}; \
             {} = replace keeps the receipts in the pods' journal instead",
            configuration.package, OWN_DATABASES.name
        ))),
    }
}

fn original(
    configuration: &CashboxConfiguration,
    connection: &ConnectionString,
) -> Result<Place, CashboxError> {
    match connection {
        ConnectionString::Plain(text) => Place::original(configuration.queue, text)
            .map_err(|error| fault(format_args!("names no MySQL server: {error}"))),
        ConnectionString::Sealed(_) => Err(fault(format_args!(
            "is sealed and cannot be opened here; plain text begins with raw:"
        ))),
    }
}

fn fault(what: std::fmt::Arguments<'_>) -> CashboxError {
    CashboxError::Configuration {
        detail: format!("ftQueues[0].Configuration.connectionstring {what}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::clock::Ticks;

    use super::*;
    use crate::cashbox::configuration::example::{CASHBOX, document};

    fn placed(package: &str, connection: &Value, own: OwnDatabases) -> Result<Place, String> {
        let mut document = document();
        document["ftQueues"][0]["Package"] = json!(package);
        document["ftQueues"][0]["Configuration"]["connectionstring"] = connection.clone();
        let read = CashboxConfiguration::read(&document.to_string(), CASHBOX, Ticks(5)).unwrap();
        of(&read, own).map_err(|error| error.to_string())
    }

    #[test]
    fn the_originals_mysql_queue_is_opened_in_its_own_database() {
        let connection = json!("raw:Server=db;Port=3307;Uid=root;Pwd=hunter2;");
        let place = placed(
            "fiskaltrust.middleware.queue.mysql",
            &connection,
            OwnDatabases::Open,
        );
        let Ok(Place::Original(server)) = place else {
            panic!("{place:?}");
        };
        assert_eq!(
            (&*server.host, server.port, &*server.database),
            ("db", 3307, "000000000000000000000000bbbbbbbb")
        );
    }

    #[test]
    fn without_a_connection_string_or_where_it_is_replaced_the_pods_journal_is_used() {
        let connection = json!("raw:Server=db;Uid=root;");
        for (connection, own) in [
            (&json!(null), OwnDatabases::Open),
            (&connection, OwnDatabases::Replace),
        ] {
            let place = placed(MYSQL_PACKAGE, connection, own);
            assert!(matches!(place, Ok(Place::PodsJournal)), "{place:?}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_refused_in_words_without_secrets() {
        for (package, connection, own, word) in [
            (
                MYSQL_PACKAGE,
                "raw:Server=db;Uid=u;Pwd=hunter2",
                OwnDatabases::Refuse,
                "= refuse",
            ),
            (
                "fiskaltrust.Middleware.Queue.SQLite",
                "raw:Data Source=hunter2",
                OwnDatabases::Open,
                "Queue.SQLite",
            ),
            (
                MYSQL_PACKAGE,
                "raw:Uid=u;Pwd=hunter2",
                OwnDatabases::Open,
                "the server is missing",
            ),
            (MYSQL_PACKAGE, "aHVudGVyMg==", OwnDatabases::Open, "sealed"),
        ] {
            let refused = placed(package, &json!(connection), own).unwrap_err();
            assert!(
                refused.contains(word) && refused.contains("connectionstring"),
                "{refused}"
            );
            assert!(
                !refused.contains("hunter2") && !refused.contains("aHVudGVy"),
                "{refused}"
            );
        }
    }
}
