//! Where a queue's rows are kept.

use secrecy::{ExposeSecret as _, SecretString};
use shared::identity::QueueId;
use uuid::Uuid;

use super::connection_string::{ConnectionStringError, Server, ado};

/// Where a queue's rows are kept.
#[derive(Debug, Clone)]
pub enum Place {
    /// In the pods' own journal, together with many.
    PodsJournal,
    /// In the original's MySQL tables, in a database of the queue's own (`fiscal-spec.md` chapter 8). Shows no password.
    Original(Server),
}

impl Place {
    /// The original's database of a queue, on the server of its `connectionstring` (`fiscal-spec.md` 2.5). Whatever
    /// database the text names, the queue's own is used, as the original does.
    ///
    /// # Errors
    /// When the text is no connection string of a MySQL server. Nothing of the text is part of the error.
    pub fn original(queue: QueueId, text: &SecretString) -> Result<Self, ConnectionStringError> {
        let text = text.expose_secret().trim();
        let text = text.strip_prefix("raw:").unwrap_or(text);
        ado::mysql_server(text, database_of(queue)).map(Self::Original)
    }
}

/// The name of a queue's database: its id without dashes (`fiscal-spec.md` 8.1).
#[must_use]
pub fn database_of(queue: QueueId) -> String {
    Uuid::from_u128(queue.as_u128()).simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: QueueId = QueueId::from_u128(0xBBBB_BBBB_CCCC_4DDD_8EEE_FFFF_FFFF_FFFF);

    #[test]
    fn the_database_of_a_queue_is_its_id_without_dashes() {
        let text = "Server=db;Port=3307;Uid=u;Pwd=hunter2;Database=ignored".to_owned();
        let place = Place::original(QUEUE, &text.into()).unwrap();
        assert_eq!(
            format!("{place:?}"),
            "Original(db:3307/bbbbbbbbcccc4ddd8eeeffffffffffff (Preferred))"
        );
    }

    #[test]
    fn a_text_that_names_no_mysql_server_is_refused_without_showing_it() {
        for text in [
            "hunter2",
            "Uid=u;Pwd=hunter2",
            "Provider=postgres;Host=h;Uid=u;Pwd=hunter2",
        ] {
            let error = Place::original(QUEUE, &text.to_owned().into()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
