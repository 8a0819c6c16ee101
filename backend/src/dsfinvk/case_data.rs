//! JSON that a POS put into a text: `ftReceiptCaseData`, the items' case data, `cbCustomer` (4.14). What cannot be
//! read there was never checked when it was signed, so it counts as not said.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use shared::api::{decimal, moment, number, reading};
use shared::clock::Ticks;

/// The members of an object, or none.
#[derive(Debug, Clone, Default)]
pub(super) struct CaseData(Map<String, Value>);

impl CaseData {
    /// The object that a text holds.
    pub(super) fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        reading::parse(text.as_bytes()).map_or_else(|_| Self::default(), Self::of_value)
    }

    /// The object that a value is, or that its text holds.
    pub(super) fn of_value(value: Value) -> Self {
        match value {
            Value::Object(members) => Self(members),
            Value::String(text) => Self::of(&text),
            _ => Self::default(),
        }
    }

    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member of a name, in any letter case, unless it is null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        let any_case = || {
            let mut members = self.0.iter();
            members.find_map(|(given, value)| given.eq_ignore_ascii_case(name).then_some(value))
        };
        self.0
            .get(name)
            .or_else(any_case)
            .filter(|value| !value.is_null())
    }

    /// A text; a number is taken as the text that was sent.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An amount.
    pub(super) fn decimal(&self, name: &str) -> Option<Decimal> {
        decimal::read(self.value(name)?).ok()
    }

    /// A 64-bit integer.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        number::read(self.value(name)?).ok()
    }

    /// A moment.
    pub(super) fn moment(&self, name: &str) -> Option<Ticks> {
        moment::read(self.value(name)?).ok().map(|moment| moment.ticks)
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Self {
        self.value(name).cloned().map(Self::of_value).unwrap_or_default()
    }

    /// A list of objects, which may stand in a text.
    pub(super) fn list(&self, name: &str) -> Vec<Self> {
        let listed = |value: &Value| match value {
            Value::Array(items) => Some(items.clone()),
            Value::String(text) => match reading::parse(text.as_bytes()) {
                Ok(Value::Array(items)) => Some(items),
                _ => None,
            },
            _ => None,
        };
        let items = self.value(name).and_then(listed).unwrap_or_default();
        items.into_iter().map(Self::of_value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_letter_case_and_numbers_are_texts_too() {
        let data = CaseData::of(
            r#"{"voucherNr": 7, "Amount": "1.50", "At": "2031-03-04T10:20:30Z", "Nothing": null}"#,
        );
        assert_eq!(data.text("VoucherNr").as_deref(), Some("7"));
        assert_eq!(data.decimal("Amount").unwrap().to_string(), "1.50");
        assert_eq!(data.integer("VoucherNr"), Some(7));
        assert!(data.moment("At").is_some());
        assert_eq!(data.text("Nothing"), None);
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        for text in ["", "no JSON", "[1]", "7", r#"{"VoucherNr": {}}"#] {
            assert_eq!(CaseData::of(text).text("VoucherNr"), None, "{text}");
        }
    }

    #[test]
    fn lists_and_objects_may_stand_in_texts() {
        let data = CaseData::of(r#"{"SubItems": "[{\"Group\": \"{\\\"Name\\\": \\\"Wurst\\\"}\"}]"}"#);
        let items = data.list("SubItems");
        assert_eq!(items[0].object("Group").text("Name").as_deref(), Some("Wurst"));
    }
}
