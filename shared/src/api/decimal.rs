//! Amounts with the scale they were sent with: `1`, `1.0` and `1.00` stay three different texts (1.5).

use rust_decimal::Decimal;
use serde_json::Value;

use super::reading::expected;

/// Significant digits, and digits after the point, at the most: the reference precision.
const DIGITS_MAX: usize = 28;
const NO_NUMBER: &str = "a number is expected";

/// Reads an amount from a number or from a text that holds one.
///
/// # Errors
/// Why it cannot be read.
pub fn read(value: &Value) -> Result<Decimal, String> {
    match value {
        Value::Number(number) => parse(number.as_str()),
        Value::String(text) => parse(text),
        other => Err(expected("a number", other)),
    }
}

/// Reads a number in the notation of JSON, exponents included.
///
/// # Errors
/// When it is none, or has more than 28 significant digits or 28 digits after the point, zeros at the end apart.
pub fn parse(text: &str) -> Result<Decimal, String> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().map_err(|_| NO_NUMBER)?),
        None => (text, 0),
    };
    let (unsigned, negative) = match number.strip_prefix('-') {
        Some(unsigned) => (unsigned, true),
        None => (number, false),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(NO_NUMBER.to_owned());
    }
    let fraction = if unsigned.contains('.') { fraction } else { "" };
    let fraction = without_surplus_zeros(whole, fraction);
    assemble(negative, whole, fraction, exponent)
}

/// Zeros at the end that would make too many digits: a stored amount of 28 digits ends in `.0` (3.5), and is read back.
fn without_surplus_zeros<'a>(whole: &str, fraction: &'a str) -> &'a str {
    let significant = whole.trim_start_matches('0').len();
    let (mut fraction, mut digits) = (fraction, significant + fraction.len());
    while digits > DIGITS_MAX
        && let Some(shorter) = fraction.strip_suffix('0')
    {
        (fraction, digits) = (shorter, digits - 1);
    }
    fraction
}

/// Puts the digits together; the exponent moves the point.
fn assemble(negative: bool, whole: &str, fraction: &str, exponent: i32) -> Result<Decimal, String> {
    let too_many = || format!("more than {DIGITS_MAX} digits");
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    if significant.len() > DIGITS_MAX {
        return Err(too_many());
    }
    let mantissa: i128 = if significant.is_empty() {
        0
    } else {
        significant.parse().map_err(|_| NO_NUMBER)?
    };
    let places = i64::try_from(fraction.len()).map_err(|_| too_many())? - i64::from(exponent);
    let zeros = u32::try_from((-places).max(0)).map_err(|_| too_many())?;
    let scale = u32::try_from(places.max(0)).map_err(|_| too_many())?;
    let mantissa = match mantissa {
        0 => 0,
        // 28 digits and 10^28 fit in 128 bits only one at a time, so the product is checked.
        some => 10_i128
            .checked_pow(zeros)
            .and_then(|power| some.checked_mul(power))
            .ok_or_else(too_many)?,
    };
    let signed = if negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, scale).map_err(|_| too_many())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_scale_is_kept() {
        for text in [
            "1",
            "1.0",
            "1.00",
            "-0.10",
            "1234567890123456789012345.678",
            "0.00",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_exponent_moves_the_point() {
        assert_eq!(parse("1.5E2").unwrap().to_string(), "150");
        assert_eq!(parse("15e-3").unwrap().to_string(), "0.015");
        assert_eq!(parse("0e5").unwrap().to_string(), "0");
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(parse("-0.00").unwrap().to_string(), "0.00");
    }

    #[test]
    fn more_than_28_digits_are_refused_and_never_rounded() {
        for text in [
            "12345678901234567890123456789",
            "0.00000000000000000000000000001",
            "1e29",
            "1e-29",
            "1e2147483647",
            "1e-2147483648",
        ] {
            assert_eq!(parse(text), Err("more than 28 digits".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_whole_amount_of_28_digits_is_read_back_as_it_is_stored() {
        let text = "1234567890123456789012345678";
        assert_eq!(parse(&format!("{text}.0")), parse(text));
        assert_eq!(parse(&format!("-{text}.0")), parse(&format!("-{text}")));
        assert_eq!(parse("0.00000000000000000000000000010").unwrap().scale(), 28);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1,5",
            "+1",
            " 1",
            "NaN",
            "1e",
            "1e9999999999",
            "--1",
        ] {
            assert_eq!(parse(text), Err(NO_NUMBER.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_of_up_to_28_digits_comes_back_as_it_was(
            whole in "0|[1-9][0-9]{0,13}",
            fraction in "(\\.[0-9]{1,14})?",
        ) {
            let text = format!("{whole}{fraction}");
            prop_assert_eq!(parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,40}") {
            let _ = parse(&text);
        }
    }
}
