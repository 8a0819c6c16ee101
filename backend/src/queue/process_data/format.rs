//! Numbers as they are signed (4.13 rule 1).

use rust_decimal::{Decimal, RoundingStrategy};

/// What is answered when a sum leaves the range of decimals.
pub(super) const TOO_LARGE: &str = "The amounts of the receipt are too large to be summed up.";

/// Two digits after the point, halves rounded away from zero, and no sign on zero.
#[must_use]
pub fn two_digits(amount: Decimal) -> String {
    let rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    if rounded.is_zero() {
        return "0.00".to_owned();
    }
    format!("{rounded:.2}")
}

/// Up to ten digits after the point, without trailing zeros.
#[must_use]
pub fn up_to_ten_digits(quantity: Decimal) -> String {
    let rounded = quantity.round_dp_with_strategy(10, RoundingStrategy::MidpointAwayFromZero);
    rounded.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn halves_are_rounded_away_from_zero_and_zero_has_no_sign() {
        for (given, printed) in [
            ("0.005", "0.01"),
            ("-0.005", "-0.01"),
            ("2.675", "2.68"),
            ("-0.004", "0.00"),
            ("3", "3.00"),
            ("-1234567.1", "-1234567.10"),
        ] {
            assert_eq!(two_digits(amount(given)), printed, "{given}");
        }
    }

    #[test]
    fn quantities_lose_their_trailing_zeros() {
        for (given, printed) in [
            ("2.00", "2"),
            ("0.3750", "0.375"),
            ("0.00", "0"),
            ("-1.0", "-1"),
            ("0.00000000005", "0.0000000001"),
            ("100", "100"),
        ] {
            assert_eq!(up_to_ten_digits(amount(given)), printed, "{given}");
        }
    }
}
