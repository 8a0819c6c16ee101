//! Rows of the journal as JSON: the members of `fiscal-spec.md` 8.2 in the order of its last paragraph.
//!
//! Names are the original's, and empty values are written as `null`. Dates carry no zone, as the original reads them
//! back from its database, unless the caller wants one.

use std::fmt::Write as _;

use rust_decimal::Decimal;
use shared::api::moment::{Moment, Zone};
use shared::api::writing;
use shared::clock::Ticks;
use shared::identity::QueueId;

use crate::cashbox::command::Description;
use crate::http::version;
use crate::journal::entry::{
    ActionJournalRow, JournalDeRow, JournalPage, JournalRows, QueueDeRow, QueueItemRow, QueueRow,
    ReceiptJournalRow, ScuRow,
};

/// Writes the rows of a page, separated by commas.
pub fn write_page(out: &mut String, queue: QueueId, page: &JournalPage, dates: Zone) {
    match &page.rows {
        JournalRows::Action(rows) => list(out, dates, rows, |row, object| action(queue, row, object)),
        JournalRows::Receipt(rows) => list(out, dates, rows, |row, object| receipt(queue, row, object)),
        JournalRows::QueueItem(rows) => list(out, dates, rows, |row, object| item(queue, row, object)),
        JournalRows::De(rows) => list(out, dates, rows, |row, object| journal_de(queue, row, object)),
    }
}

/// Which build answers (type 0).
#[must_use]
pub fn version() -> String {
    let mut out = String::new();
    object(&mut out, Zone::Utc, |object| {
        build(object);
        object.text("ProcessingVersion", env!("CARGO_PKG_VERSION"));
    });
    out
}

/// Where cashbox, queue and SCU stand (type 255).
#[must_use]
pub fn configuration(of: &Description, dates: Zone) -> String {
    let mut out = String::new();
    object(&mut out, dates, |object| {
        build(object);
        object.list("CashBoxList", &[of], |of, object| {
            object.id("ftCashBoxId", of.queue.cashbox);
            object.number("TimeStamp", of.cashbox_time_stamp.0);
        });
        object.list("QueueList", &[&of.queue], |row, object| queue(row, object));
        for list in [
            "QueueATList",
            "QueueDEList",
            "QueueFRList",
            "QueueMEList",
            "QueueITList",
        ] {
            let rows: &[&QueueDeRow] = if list == "QueueDEList" {
                &[&of.queue_de]
            } else {
                &[]
            };
            object.list(list, rows, |row, object| queue_de(of.queue.queue, row, object));
        }
        for country in ["AT", "DE", "FR", "ME", "IT"] {
            let rows: &[ScuRow] = if country == "DE" { &of.scus } else { &[] };
            object.list(&format!("SignaturCreationUnit{country}List"), rows, scu);
        }
    });
    out
}

/// Where the German queue stands (type 0x4445000000000000).
#[must_use]
pub fn german(of: &Description, dates: Zone) -> String {
    let mut out = String::new();
    object(&mut out, dates, |object| {
        object.list("QueueDEList", &[&of.queue_de], |row, object| {
            queue_de(of.queue.queue, row, object)
        });
    });
    out
}

fn build(object: &mut Object<'_>) {
    let part = |at: usize| {
        env!("CARGO_PKG_VERSION")
            .split('.')
            .nth(at)
            .and_then(|part| part.parse().ok())
    };
    object.text(
        "Assembly",
        &format!("{}, Version={}", version::PRODUCT, env!("CARGO_PKG_VERSION")),
    );
    object.object("Version", |object| {
        object.number("Major", part(0).unwrap_or(0));
        object.number("Minor", part(1).unwrap_or(0));
        object.number("Build", part(2).unwrap_or(0));
        object.number("Revision", 0);
        object.number("MajorRevision", 0);
        object.number("MinorRevision", 0);
    });
}

fn action(queue: QueueId, row: &ActionJournalRow, object: &mut Object<'_>) {
    object.id("ftActionJournalId", row.id);
    object.id("ftQueueId", queue);
    object.id("ftQueueItemId", row.item);
    object.moment("Moment", Some(row.moment));
    object.number("Priority", row.priority);
    object.text("Type", &row.kind);
    object.text("Message", &row.message);
    object.optional("DataBase64", row.data_base64.as_deref());
    object.optional("DataJson", row.data_json.as_deref());
    object.number("TimeStamp", row.time_stamp.0);
}

fn receipt(queue: QueueId, row: &ReceiptJournalRow, object: &mut Object<'_>) {
    object.id("ftReceiptJournalId", row.id);
    object.moment("ftReceiptMoment", Some(row.moment));
    object.number("ftReceiptNumber", row.number);
    object.amount("ftReceiptTotal", row.total);
    object.id("ftQueueId", queue);
    object.id("ftQueueItemId", row.item);
    object.text("ftReceiptHash", &row.hash);
    object.number("TimeStamp", row.time_stamp.0);
}

fn item(queue: QueueId, row: &QueueItemRow, object: &mut Object<'_>) {
    object.id("ftQueueItemId", row.item);
    object.id("ftQueueId", queue);
    object.number("ftQueueRow", row.row);
    object.moment("ftQueueMoment", Some(row.queue_moment));
    object.number("ftQueueTimeout", row.timeout_ms);
    object.moment("ftWorkMoment", row.work_moment);
    object.moment("ftDoneMoment", row.done_moment);
    object.moment("cbReceiptMoment", Some(row.receipt_moment));
    object.text("cbTerminalID", &row.terminal_id);
    object.text("cbReceiptReference", &row.receipt_reference);
    object.text("country", &row.country);
    object.text("version", &row.version);
    object.text("request", &row.request);
    object.text("requestHash", &row.request_hash);
    object.optional("response", row.response.as_deref());
    object.optional("responseHash", row.response_hash.as_deref());
    object.number("TimeStamp", row.time_stamp.0);
    object.text("ProcessingVersion", &row.processing_version);
}

fn journal_de(queue: QueueId, row: &JournalDeRow, object: &mut Object<'_>) {
    object.id("ftJournalDEId", row.id);
    object.number("Number", row.number);
    object.text("FileName", &row.file_name);
    object.text("FileExtension", &row.file_extension);
    object.text("FileContentBase64", &row.content_base64);
    object.id("ftQueueItemId", row.item);
    object.id("ftQueueId", queue);
    object.number("TimeStamp", row.time_stamp.0);
}

fn queue(row: &QueueRow, object: &mut Object<'_>) {
    object.id("ftQueueId", row.queue);
    object.id("ftCashBoxId", row.cashbox);
    object.number("ftCurrentRow", row.current_row);
    object.number("ftQueuedRow", row.queued_row);
    object.number("ftReceiptNumerator", row.receipt_numerator);
    object.amount("ftReceiptTotalizer", row.receipt_totalizer);
    object.optional("ftReceiptHash", row.receipt_hash.as_deref());
    object.moment("StartMoment", row.start_moment);
    object.moment("StopMoment", row.stop_moment);
    object.text("CountryCode", &row.country_code);
    object.number("Timeout", row.timeout_ms);
    object.number("TimeStamp", row.time_stamp.0);
}

fn queue_de(queue: QueueId, row: &QueueDeRow, object: &mut Object<'_>) {
    object.id("ftQueueDEId", queue);
    object.optional_id("ftSignaturCreationUnitDEId", row.scu);
    object.optional("LastHash", row.last_hash.as_deref());
    object.text("CashBoxIdentification", &row.cash_box_identification);
    object.number("SSCDFailCount", row.sscd_fail_count);
    object.moment("SSCDFailMoment", row.sscd_fail_moment);
    object.optional_id("SSCDFailQueueItemId", row.sscd_fail_queue_item);
    object.number("UsedFailedCount", row.used_failed_count);
    object.moment("UsedFailedMomentMin", row.used_failed_moment_min);
    object.moment("UsedFailedMomentMax", row.used_failed_moment_max);
    object.optional_id("UsedFailedQueueItemId", row.used_failed_queue_item);
    object.number("TimeStamp", row.time_stamp.0);
    object.number("DailyClosingNumber", row.daily_closing_number);
}

fn scu(row: &ScuRow, object: &mut Object<'_>) {
    object.id("ftSignaturCreationUnitDEId", row.scu);
    object.optional("Url", row.url.as_deref());
    object.optional("TseInfoJson", row.tse_info_json.as_deref());
    object.number("TimeStamp", row.time_stamp.0);
    object.number("Mode", row.mode);
    object.optional("ModeConfigurationJson", row.mode_configuration_json.as_deref());
}

/// An object being written, member by member.
struct Object<'a> {
    out: &'a mut String,
    dates: Zone,
    is_first: bool,
}

fn object(out: &mut String, dates: Zone, write: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    write(&mut Object {
        out,
        dates,
        is_first: true,
    });
    out.push('}');
}

fn list<T>(out: &mut String, dates: Zone, rows: &[T], write: impl Fn(&T, &mut Object<'_>)) {
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        object(out, dates, |object| write(row, object));
    }
}

impl Object<'_> {
    fn name(&mut self, name: &str) -> &mut String {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(',');
        }
        let _ = write!(self.out, "\"{name}\":");
        self.out
    }

    fn number(&mut self, name: &str, number: i64) {
        let _ = write!(self.name(name), "{number}");
    }

    fn amount(&mut self, name: &str, amount: Decimal) {
        let point = if amount.scale() == 0 { ".0" } else { "" };
        let _ = write!(self.name(name), "{amount}{point}");
    }

    fn text(&mut self, name: &str, text: &str) {
        writing::quote(self.name(name), text);
    }

    fn optional(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.name(name).push_str("null"),
        }
    }

    fn id(&mut self, name: &str, id: impl std::fmt::Display) {
        let _ = write!(self.name(name), "\"{id}\"");
    }

    fn optional_id(&mut self, name: &str, id: Option<impl std::fmt::Display>) {
        match id {
            Some(id) => self.id(name, id),
            None => self.name(name).push_str("null"),
        }
    }

    fn moment(&mut self, name: &str, moment: Option<Ticks>) {
        match moment {
            Some(ticks) => self.id(
                name,
                Moment {
                    ticks,
                    zone: self.dates,
                }
                .to_iso(),
            ),
            None => self.name(name).push_str("null"),
        }
    }

    fn list<T>(&mut self, name: &str, rows: &[T], write: impl Fn(&T, &mut Object<'_>)) {
        let dates = self.dates;
        let out = self.name(name);
        out.push('[');
        list(out, dates, rows, write);
        out.push(']');
    }

    fn object(&mut self, name: &str, write: impl FnOnce(&mut Object<'_>)) {
        let dates = self.dates;
        object(self.name(name), dates, write);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::identity::QueueItemId;
    use uuid::Uuid;

    #[test]
    fn a_receipt_row_has_the_members_in_the_specified_order() {
        let row = ReceiptJournalRow {
            id: Uuid::from_u128(1),
            moment: Ticks(640_659_828_306_000_000),
            number: 1,
            total: Decimal::new(1475, 2),
            item: QueueItemId::from_u128(2),
            hash: "h".into(),
            time_stamp: Ticks(3),
        };
        let rows = JournalPage {
            rows: JournalRows::Receipt(vec![row]),
            next: None,
        };
        let written = |dates| {
            let mut out = String::new();
            write_page(&mut out, QueueId::from_u128(4), &rows, dates);
            out
        };
        assert!(written(Zone::Utc).contains(r#""ftReceiptMoment":"2031-03-04T10:20:30.6Z","#));
        assert_eq!(
            written(Zone::AsWritten),
            concat!(
                r#"{"ftReceiptJournalId":"00000000-0000-0000-0000-000000000001","#,
                r#""ftReceiptMoment":"2031-03-04T10:20:30.6","ftReceiptNumber":1,"ftReceiptTotal":14.75,"#,
                r#""ftQueueId":"00000000-0000-0000-0000-000000000004","#,
                r#""ftQueueItemId":"00000000-0000-0000-0000-000000000002","ftReceiptHash":"h","TimeStamp":3}"#,
            )
        );
    }

    #[test]
    fn the_version_is_an_object_with_six_members() {
        let version: serde_json::Value = serde_json::from_str(&version()).unwrap();
        assert_eq!(version["Version"].as_object().unwrap().len(), 6);
        assert!(version["Assembly"].is_string() && version["ProcessingVersion"].is_string());
    }
}
