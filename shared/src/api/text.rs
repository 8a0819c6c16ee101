//! Texts, also when sent as numbers (1.5).

use serde_json::Value;

use super::reading::expected;

/// Reads a text of at most `chars_max` characters. A number is taken as the text that was sent.
///
/// # Errors
/// Why it cannot be read.
pub fn read(value: &Value, chars_max: usize) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Number(number) => number.as_str(),
        other => return Err(expected("a text", other)),
    };
    // The first test spares counting: a text never has more characters than bytes.
    if text.len() > chars_max && text.chars().count() > chars_max {
        return Err(format!("longer than {chars_max} characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_taken_as_the_text_that_was_sent() {
        let value: Value = serde_json::from_str("1.500").unwrap();
        assert_eq!(read(&value, 10).unwrap(), "1.500");
    }

    #[test]
    fn length_is_counted_in_characters_not_bytes() {
        assert_eq!(read(&json!("ääää"), 4).unwrap(), "ääää");
        assert_eq!(read(&json!("ääääx"), 4).unwrap_err(), "longer than 4 characters");
    }

    #[test]
    fn an_object_is_no_text() {
        assert_eq!(
            read(&json!({}), 4).unwrap_err(),
            "a text is expected, an object was found"
        );
    }
}
