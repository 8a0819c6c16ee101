//! Are you there; with an empty message: start the cashbox anew (1.6).

use super::reading::{self, Members, ReadError};
use super::receipt_request::TEXT_CHARS_MAX;
use super::writing::{self, Shape};

/// An echo, asked or answered: the answer carries the same message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Echo {
    /// `Message`.
    pub message: Option<String>,
}

impl Echo {
    /// Reads `{"message": …}`; an empty body is an echo without a message.
    ///
    /// # Errors
    /// When it is no such object.
    pub fn from_json(json: &[u8]) -> Result<Self, ReadError> {
        if json.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let document = reading::parse(json)?;
        let message = Members::of(&document)?.text("Message", TEXT_CHARS_MAX)?;
        Ok(Self { message })
    }

    /// Whether it asks for the cashbox to be torn down and loaded anew: an empty, `null` or missing message.
    #[must_use]
    pub fn asks_for_reset(&self) -> bool {
        self.message.as_deref().is_none_or(str::is_empty)
    }

    /// The answer.
    #[must_use]
    pub fn to_json(&self, shape: Shape) -> String {
        writing::object(shape, |object| {
            object.text("Message", self.message.as_deref().unwrap_or_default());
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_and_asks_for_nothing() {
        let echo = Echo::from_json(br#"{"Message":"ping"}"#).unwrap();
        assert!(!echo.asks_for_reset());
        assert_eq!(echo.to_json(Shape::Camel), r#"{"message":"ping"}"#);
        assert_eq!(echo.to_json(Shape::Original), r#"{"Message":"ping"}"#);
    }

    #[test]
    fn an_empty_null_or_missing_message_asks_for_a_reset() {
        for body in [r#"{"message":""}"#, r#"{"message":null}"#, "{}", " "] {
            let echo = Echo::from_json(body.as_bytes()).unwrap();
            assert!(echo.asks_for_reset(), "{body}");
            assert_eq!(echo.to_json(Shape::Camel), r#"{"message":""}"#);
        }
    }
}
