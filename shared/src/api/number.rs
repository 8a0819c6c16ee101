//! 64-bit integers, exactly: receipt cases are larger than what a double can hold (1.5).

use serde_json::Value;

use super::reading::expected;

/// Reads an integer from a number or from a text of digits.
///
/// # Errors
/// Why it cannot be read.
pub fn read(value: &Value) -> Result<i64, String> {
    let text = match value {
        Value::Number(number) => number.as_str(),
        Value::String(text) => text.as_str(),
        other => return Err(expected("an integer", other)),
    };
    text.parse()
        .map_err(|_| "an integer of 64 bits is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(json: &str) -> Result<i64, String> {
        read(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_case_beyond_the_precision_of_a_double_is_read_exactly() {
        assert_eq!(read_text("4919338172267102209"), Ok(4_919_338_172_267_102_209));
        assert_eq!(
            read_text("\"4919338172267102209\""),
            Ok(4_919_338_172_267_102_209)
        );
    }

    #[test]
    fn what_has_more_than_64_bits_or_a_fraction_is_refused() {
        for json in ["9223372036854775808", "1.0", "1e3", "\"\"", "\"0x10\""] {
            assert_eq!(
                read_text(json),
                Err("an integer of 64 bits is expected".to_owned()),
                "{json}"
            );
        }
    }
}
