//! Objects as they arrive: members found in any letter case, errors that name the path.
//!
//! A document is parsed once, keeping every number as the text that was sent; JSON nested deeper than 128 levels
//! is refused by the parser.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use thiserror::Error;

use super::moment::Moment;
use super::{decimal, moment, number, text};

/// Items of one list, at the most.
pub const ITEMS_MAX: usize = 10_000;

/// Why a document was not read. Carries names and reasons, never values, so it may be shown and logged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// It is no JSON at all.
    #[error("not readable as JSON: {0}")]
    Malformed(String),
    /// A member does not hold what it should.
    #[error("{path}: {problem}")]
    Member {
        /// Such as `cbChargeItems[3].Amount`; `$` for the document itself.
        path: String,
        /// Why.
        problem: String,
    },
}

impl ReadError {
    fn at(path: &str, problem: impl Into<String>) -> Self {
        Self::Member {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    fn within(self, list: &str, index: usize) -> Self {
        match self {
            Self::Member { path, problem } if path == "$" => Self::Member {
                path: format!("{list}[{index}]"),
                problem,
            },
            Self::Member { path, problem } => Self::Member {
                path: format!("{list}[{index}].{path}"),
                problem,
            },
            malformed @ Self::Malformed(_) => malformed,
        }
    }
}

/// Parses a document; a byte order mark before it is passed over.
///
/// # Errors
/// When it is no JSON, or nested deeper than 128 levels.
pub fn parse(json: &[u8]) -> Result<Value, ReadError> {
    let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
    serde_json::from_slice(json).map_err(|error| ReadError::Malformed(error.to_string()))
}

/// The members of one object. A missing member and a `null` are the same: `None`.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    /// The members of an object.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(value: &'a Value) -> Result<Self, ReadError> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            other => Err(ReadError::at("$", expected("an object", other))),
        }
    }

    /// The member of this name: as spelled, or else in any letter case.
    fn find(&self, name: &str) -> Option<&'a Value> {
        let found = self.0.get(name).or_else(|| {
            let other_case = |(given, _): &(&String, &Value)| given.eq_ignore_ascii_case(name);
            self.0.iter().find(other_case).map(|(_, value)| value)
        });
        found.filter(|value| !value.is_null())
    }

    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, ReadError> {
        let Some(value) = self.find(name) else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .map_err(|problem| ReadError::at(name, problem))
    }

    /// A text of at most `chars_max` characters.
    ///
    /// # Errors
    /// When it is longer, or neither text nor number.
    pub fn text(&self, name: &str, chars_max: usize) -> Result<Option<String>, ReadError> {
        self.read(name, |value| text::read(value, chars_max))
    }

    /// A 64-bit integer.
    ///
    /// # Errors
    /// When it is none, or out of range.
    pub fn int64(&self, name: &str) -> Result<Option<i64>, ReadError> {
        self.read(name, number::read)
    }

    /// An amount, with the scale it was sent with.
    ///
    /// # Errors
    /// When it is no number, or has more than 28 digits.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, ReadError> {
        self.read(name, decimal::read)
    }

    /// A date with time.
    ///
    /// # Errors
    /// When it is none of the spellings of [`moment`].
    pub fn moment(&self, name: &str) -> Result<Option<Moment>, ReadError> {
        self.read(name, moment::read)
    }

    /// A list of objects; a missing one is empty.
    ///
    /// # Errors
    /// When it is no list, longer than [`ITEMS_MAX`], or an item cannot be read.
    pub fn list<T>(
        &self,
        name: &str,
        read: impl Fn(Members<'_>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let items = self.items(name)?.unwrap_or_default();
        let item = |(index, item)| {
            Members::of(item)
                .and_then(&read)
                .map_err(|error: ReadError| error.within(name, index))
        };
        items.iter().enumerate().map(item).collect()
    }

    /// A list of 64-bit integers.
    ///
    /// # Errors
    /// When it is missing or no list, longer than [`ITEMS_MAX`], or an item is no integer.
    pub fn int64s(&self, name: &str) -> Result<Vec<i64>, ReadError> {
        let items = self
            .items(name)?
            .ok_or_else(|| ReadError::at(name, "it is missing"))?;
        let item = |item| number::read(item).map_err(|problem| ReadError::at(name, problem));
        items.iter().map(item).collect()
    }

    fn items(&self, name: &str) -> Result<Option<&'a [Value]>, ReadError> {
        match self.find(name) {
            None => Ok(None),
            Some(Value::Array(items)) if items.len() > ITEMS_MAX => {
                Err(ReadError::at(name, format!("more than {ITEMS_MAX} items")))
            }
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(ReadError::at(name, expected("a list", other))),
        }
    }
}

/// The problem of finding one kind of value where another should be.
pub(super) fn expected(wanted: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("{wanted} is expected, {found} was found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_letter_case() {
        let value = parse(br#"{"AMOUNT": 1.50}"#).unwrap();
        let amount = Members::of(&value).unwrap().decimal("Amount").unwrap();
        assert_eq!(amount.unwrap().to_string(), "1.50");
    }

    #[test]
    fn an_error_names_the_path_of_the_member_and_not_its_value() {
        let value = parse(br#"{"list": [{}, {"Amount": "secret"}]}"#).unwrap();
        let error = Members::of(&value)
            .unwrap()
            .list("list", |item| item.decimal("Amount"))
            .unwrap_err();
        assert_eq!(error.to_string(), "list[1].Amount: a number is expected");
    }

    #[test]
    fn an_item_that_is_no_object_is_named_by_its_index() {
        let value = parse(br#"{"list": [7]}"#).unwrap();
        let error = Members::of(&value)
            .unwrap()
            .list("list", |item| item.decimal("Amount"))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "list[0]: an object is expected, a number was found"
        );
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(parse(b"\xEF\xBB\xBF{}"), parse(b"{}"));
    }

    #[test]
    fn a_document_nested_too_deep_is_refused() {
        let deep = "[".repeat(100_000);
        assert!(matches!(parse(deep.as_bytes()), Err(ReadError::Malformed(_))));
    }
}
