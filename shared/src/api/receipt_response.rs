//! What the POS gets back (1.11).

use super::moment::Moment;
use super::reading::{self, Members, ReadError};
use super::signature_item::SignatureItem;
use super::writing::{self, Object, Shape};

/// A signed receipt, or the state in which it was not signed. The lists of header, footer, charge and pay lines are
/// always `null` in the German market, so they are written and not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptResponse {
    /// `ftCashBoxID`, as the request spelled it.
    pub cash_box_id: String,
    /// `ftQueueID`.
    pub queue_id: String,
    /// `ftQueueItemID`.
    pub queue_item_id: String,
    /// `ftQueueRow`.
    pub queue_row: i64,
    /// `cbTerminalID`, copied.
    pub terminal_id: String,
    /// `cbReceiptReference`, copied.
    pub receipt_reference: String,
    /// `ftCashBoxIdentification`: the TSE client id.
    pub cash_box_identification: String,
    /// `ftReceiptIdentification`, such as `ftA#IT20`.
    pub receipt_identification: String,
    /// `ftReceiptMoment`.
    pub receipt_moment: Moment,
    /// `ftSignatures`, in the order to print them.
    pub signatures: Vec<SignatureItem>,
    /// `ftState`.
    pub state: i64,
    /// `ftStateData`: JSON in a text.
    pub state_data: Option<String>,
}

impl ReceiptResponse {
    /// The response as it is answered, or in the original shape as it is stored and hashed.
    #[must_use]
    pub fn to_json(&self, shape: Shape) -> String {
        writing::object(shape, |object| self.write(object))
    }

    fn write(&self, object: &mut Object<'_>) {
        object.text("ftCashBoxID", &self.cash_box_id);
        object.text("ftQueueID", &self.queue_id);
        object.text("ftQueueItemID", &self.queue_item_id);
        object.int64("ftQueueRow", self.queue_row);
        object.text("cbTerminalID", &self.terminal_id);
        object.text("cbReceiptReference", &self.receipt_reference);
        object.text("ftCashBoxIdentification", &self.cash_box_identification);
        object.text("ftReceiptIdentification", &self.receipt_identification);
        object.moment("ftReceiptMoment", self.receipt_moment);
        object.nothing("ftReceiptHeader");
        object.nothing("ftChargeItems");
        object.nothing("ftChargeLines");
        object.nothing("ftPayItems");
        object.nothing("ftPayLines");
        object.list("ftSignatures", &self.signatures, SignatureItem::write);
        object.nothing("ftReceiptFooter");
        object.int64("ftState", self.state);
        object.optional_text("ftStateData", self.state_data.as_deref());
    }

    /// Reads a response as it was stored, so that it can be answered again in either shape.
    ///
    /// # Errors
    /// When it is no such response.
    pub fn from_json(json: &[u8]) -> Result<Self, ReadError> {
        let document = reading::parse(json)?;
        let members = Members::of(&document)?;
        let text = |name| members.text(name, usize::MAX).map(Option::unwrap_or_default);
        let required = |name: &str| ReadError::Member {
            path: name.to_owned(),
            problem: "it is missing".to_owned(),
        };
        Ok(Self {
            cash_box_id: text("ftCashBoxID")?,
            queue_id: text("ftQueueID")?,
            queue_item_id: text("ftQueueItemID")?,
            queue_row: members
                .int64("ftQueueRow")?
                .ok_or_else(|| required("ftQueueRow"))?,
            terminal_id: text("cbTerminalID")?,
            receipt_reference: text("cbReceiptReference")?,
            cash_box_identification: text("ftCashBoxIdentification")?,
            receipt_identification: text("ftReceiptIdentification")?,
            receipt_moment: members
                .moment("ftReceiptMoment")?
                .ok_or_else(|| required("ftReceiptMoment"))?,
            signatures: members.list("ftSignatures", SignatureItem::read)?,
            state: members.int64("ftState")?.ok_or_else(|| required("ftState"))?,
            state_data: members.text("ftStateData", usize::MAX)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Ticks;

    fn response() -> ReceiptResponse {
        ReceiptResponse {
            cash_box_id: "c".into(),
            queue_id: "q".into(),
            queue_item_id: "i".into(),
            queue_row: 1,
            terminal_id: "T-1".into(),
            receipt_reference: "Käse \"1\"".into(),
            cash_box_identification: "KASSE-1".into(),
            receipt_identification: "ft0#".into(),
            receipt_moment: Moment::utc(Ticks(640_659_828_306_000_000)),
            signatures: vec![SignatureItem {
                format: 65_549,
                kind: 4_919_338_167_972_134_928,
                caption: Some("c".into()),
                data: None,
            }],
            state: 4_919_338_167_972_134_913,
            state_data: None,
        }
    }

    #[test]
    fn camel_has_every_member_in_the_order_of_the_interface() {
        assert_eq!(
            response().to_json(Shape::Camel),
            concat!(
                r#"{"ftCashBoxID":"c","ftQueueID":"q","ftQueueItemID":"i","ftQueueRow":1,"cbTerminalID":"T-1","#,
                r#""cbReceiptReference":"Käse \"1\"","ftCashBoxIdentification":"KASSE-1","#,
                r#""ftReceiptIdentification":"ft0#","ftReceiptMoment":"2031-03-04T10:20:30.6Z","#,
                r#""ftReceiptHeader":null,"ftChargeItems":null,"ftChargeLines":null,"ftPayItems":null,"#,
                r#""ftPayLines":null,"ftSignatures":[{"ftSignatureFormat":65549,"#,
                r#""ftSignatureType":4919338167972134928,"caption":"c","data":null}],"ftReceiptFooter":null,"#,
                r#""ftState":4919338167972134913,"ftStateData":null}"#,
            )
        );
    }

    #[test]
    fn a_stored_response_is_read_back_as_it_was() {
        let stored = response().to_json(Shape::Original);
        assert!(!stored.contains("null"), "{stored}");
        assert_eq!(ReceiptResponse::from_json(stored.as_bytes()), Ok(response()));
    }

    #[test]
    fn a_response_without_state_is_refused() {
        let error = ReceiptResponse::from_json(br#"{"ftQueueRow":1,"ftReceiptMoment":"2031-03-04"}"#);
        assert_eq!(error.unwrap_err().to_string(), "ftState: it is missing");
    }
}
