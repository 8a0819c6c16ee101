//! A receipt as it stands in the journal: request and answer read again, and what kind of record it becomes.

use shared::api::receipt_request::ReceiptRequest;
use shared::api::receipt_response::ReceiptResponse;
use shared::clock::Ticks;
use shared::identity::QueueItemId;

use super::ExportError;
use super::case_data::CaseData;
use crate::journal::entry::QueueItemRow;
use crate::queue::answer;
use crate::queue::process_data::{self, BESTELLUNG, KASSENBELEG, ProcessData};
use crate::queue::receipt_case::{IMPLICIT, ReceiptCase, VOID};

/// A receipt of the chain.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) row: i64,
    pub(super) item: QueueItemId,
    pub(super) time_stamp: Ticks,
    pub(super) request: ReceiptRequest,
    pub(super) response: ReceiptResponse,
    /// `ftReceiptCaseData`.
    pub(super) data: CaseData,
    /// `BON_NR`: 1, 2, 3 … in the chain.
    pub(super) number: i64,
    /// What it is recorded as; none for the steps of a transaction that another receipt finishes.
    pub(super) kind: Option<ReceiptKind>,
}

/// `BON_TYP` and `BON_NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReceiptKind {
    pub(super) kind: String,
    pub(super) name: String,
}

impl ReceiptKind {
    /// Whether it counts in the closing: the standard's "Geschäftsvorfall", as opposed to its "andere Vorgänge".
    pub(super) fn counts(&self) -> bool {
        self.kind == "Beleg"
    }

    /// Whether it cancels a receipt that was not closed yet.
    pub(super) fn cancels(&self) -> bool {
        self.kind == "AVBelegstorno"
    }
}

impl Receipt {
    /// Reads an item of the journal; none when it is not in the chain: refused, abandoned or still being worked on.
    pub(super) fn read(item: &QueueItemRow) -> Result<Option<Self>, ExportError> {
        let problem = |problem: String| ExportError::Receipt {
            row: item.row,
            problem,
        };
        let Some(response) = item.response.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let response = ReceiptResponse::from_json(response.as_bytes());
        let response = response.map_err(|error| problem(format!("its answer: {error}")))?;
        if answer::is_error(response.state) {
            return Ok(None);
        }
        let request = ReceiptRequest::from_json(item.request.as_bytes(), item.receipt_moment);
        let request = request.map_err(|error| problem(format!("its request: {error}")))?;
        let data = CaseData::of(request.receipt_case_data.as_deref().unwrap_or_default());
        let number = number(&response.receipt_identification)
            .ok_or_else(|| problem("ftReceiptIdentification holds no number".to_owned()))?;
        let kind = kind(&request, &data).map_err(problem)?;
        Ok(Some(Self {
            row: item.row,
            item: item.item,
            time_stamp: item.time_stamp,
            request,
            response,
            data,
            number,
            kind,
        }))
    }

    /// `BON_ID`: unique in the queue, as the chain's number is a part of it.
    pub(super) fn id(&self) -> &str {
        &self.response.receipt_identification
    }

    /// Whether it takes an earlier receipt back.
    pub(super) fn is_void(&self) -> bool {
        ReceiptCase(self.request.receipt_case).has(VOID)
    }

    /// Whether its TSE transaction may have been started by an earlier request.
    pub(super) fn is_explicit(&self) -> bool {
        !ReceiptCase(self.request.receipt_case).has(IMPLICIT)
    }

    /// The first and the last moment that the POS names.
    pub(super) fn moments(&self) -> (Ticks, Ticks) {
        let charged = self.request.charge_items.iter().filter_map(|item| item.moment);
        let paid = self.request.pay_items.iter().filter_map(|item| item.moment);
        let own = self.request.receipt_moment.ticks;
        let named = charged.chain(paid).map(|moment| moment.ticks);
        named.fold((own, own), |(first, last), at| (first.min(at), last.max(at)))
    }
}

/// The number in the chain: the identification names the one before in hexadecimal (3.7).
fn number(identification: &str) -> Option<i64> {
    let (hex, _) = identification.strip_prefix("ft")?.split_once('#')?;
    i64::from_str_radix(hex, 16).ok()?.checked_add(1)
}

/// What the TSE signs it as is what it is (4.2); orders are `AVBestellung`, and whatever is no business of the till is
/// `AVSonstige` under the name that is signed.
fn kind(request: &ReceiptRequest, data: &CaseData) -> Result<Option<ReceiptKind>, String> {
    let case = ReceiptCase(request.receipt_case);
    let ProcessData { process_type, text } = process_data::of(case, request)?;
    let (kind, name) = match process_type {
        "" => return Ok(None),
        KASSENBELEG => {
            let kind = text.split('^').next().unwrap_or_default();
            let name = match case.number() {
                0x0013 => "info-internal",
                0x0015 => "foreign-sales",
                _ => "",
            };
            (kind, name)
        }
        BESTELLUNG => ("AVBestellung", ""),
        _ => ("AVSonstige", text.as_str()),
    };
    let name = data.text("ReceiptName").unwrap_or_else(|| name.to_owned());
    Ok(Some(ReceiptKind {
        kind: kind.to_owned(),
        name,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(case: i64, items: &str) -> Option<(String, String)> {
        let json = format!(r#"{{"ftReceiptCase": {case} {items}}}"#);
        let request = ReceiptRequest::from_json(json.as_bytes(), Ticks(0)).unwrap();
        let kind = kind(&request, &CaseData::default()).unwrap()?;
        Some((kind.kind, kind.name))
    }

    #[test]
    fn each_receipt_is_recorded_as_what_is_signed() {
        let charge = r#", "cbChargeItems": [{"Amount": 7}]"#;
        let both = r#", "cbChargeItems": [{"Amount": 7}], "cbPayItems": [{"Amount": 7}]"#;
        let named = |case: i64, items| {
            kind_of(0x4445_0000_0000_0000 | case, items).map(|(kind, name)| format!("{kind} {name}"))
        };
        for (case, items, expected) in [
            (0x0001, both, "Beleg "),
            (0x0002, "", "AVSonstige zero-receipt"),
            (0x0007, "", "AVSonstige daily-closing"),
            (0x000B, "", "AVBelegabbruch "),
            (0x000C, both, "Beleg "),
            (0x000E, both, "AVRechnung "),
            (0x000F, both, "AVTransfer "),
            (0x0010, both, "AVBestellung "),
            (0x0010, charge, "AVBestellung "),
            (0x0012, both, "AVSachbezug "),
            (0x0013, both, "AVSonstige info-internal"),
            (0x0013, "", "AVSonstige info-internal"),
            (0x0014, "", "AVSonstige protocol"),
            (0x0015, both, "AVSonstige foreign-sales"),
            (0x0016, both, "AVBelegstorno "),
            (0x0002_0001, both, "AVTraining "),
            (0x0004_0001, both, "Beleg "),
        ] {
            assert_eq!(named(case, items).as_deref(), Some(expected), "{case:x}");
        }
        for case in [0x0008, 0x0009, 0x000A] {
            assert_eq!(named(case, both), None, "{case:x}");
        }
    }

    #[test]
    fn the_number_is_the_one_after_the_identifications() {
        assert_eq!(number("ft9#IT13"), Some(10));
        assert_eq!(number("ftFF#"), Some(256));
        assert_eq!(number(""), None);
        assert_eq!(number("ftX#"), None);
    }

    fn item(response: Option<&str>) -> QueueItemRow {
        QueueItemRow {
            item: QueueItemId::from_u128(1),
            row: 7,
            queue_moment: Ticks(0),
            timeout_ms: 0,
            work_moment: None,
            done_moment: None,
            receipt_moment: Ticks(0),
            terminal_id: String::new(),
            receipt_reference: String::new(),
            country: "DE".to_owned(),
            version: "v1".to_owned(),
            request: r#"{"ftReceiptCase": 4919338167972134913}"#.to_owned(),
            request_hash: String::new(),
            response: response.map(str::to_owned),
            response_hash: None,
            processing_version: String::new(),
            time_stamp: Ticks(0),
        }
    }

    #[test]
    fn what_was_never_answered_is_no_receipt() {
        assert!(Receipt::read(&item(None)).unwrap().is_none());
        assert!(Receipt::read(&item(Some(""))).unwrap().is_none());
    }

    #[test]
    fn a_receipt_that_cannot_be_read_is_named_by_its_row_and_says_nothing_of_its_contents() {
        let error = |response: &str| Receipt::read(&item(Some(response))).unwrap_err().to_string();
        let broken = error(r#"{"ftQueueRow": "secret"}"#);
        assert!(
            broken.starts_with("the receipt in row 7 cannot be exported: its answer: "),
            "{broken}"
        );
        assert!(!broken.contains("secret"), "{broken}");
        let unnamed =
            r#"{"ftQueueRow":7,"ftReceiptMoment":"2031-03-04T10:00:00Z","ftState":4919338167972134912}"#;
        assert!(error(unnamed).ends_with("ftReceiptIdentification holds no number"));
    }
}
