//! Values as the files hold them: UTF-8, a comma before the decimals, no grouping, moments in ISO 8601 of UTC.

use std::borrow::Cow;

use rust_decimal::{Decimal, RoundingStrategy};
use shared::api::moment::civil::Civil;
use shared::clock::Ticks;

use super::tables::{Column, Kind};

/// A value on its way into a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(Decimal),
    /// What is not known, or does not apply.
    Nothing,
}

impl Value<'_> {
    /// The value as a column writes it.
    ///
    /// # Panics
    /// When a text is put into a column of numbers, or a number into one of texts.
    pub(super) fn written(&self, column: &Column) -> Cow<'_, str> {
        match (self, column.kind) {
            (Self::Nothing, _) => Cow::Borrowed(""),
            (Self::Text(text), Kind::Text(chars_max)) => clean(text, chars_max),
            (Self::Number(number), Kind::Number(decimals)) => Cow::Owned(with_comma(*number, decimals)),
            _ => panic!("the value for {} is of another kind than the column", column.name),
        }
    }
}

/// The text without characters that no CSV should hold, cut at the length that the standard gives the column.
fn clean(text: &str, chars_max: usize) -> Cow<'_, str> {
    let is_clean = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    if text.len() <= chars_max && text.chars().all(is_clean) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().take(chars_max);
    Cow::Owned(kept.map(|c| if is_clean(c) { c } else { ' ' }).collect())
}

/// The number with so many decimals. Put together by hand, as the decimals' own formatting cannot pad large numbers.
pub(super) fn with_comma(number: Decimal, decimals: u32) -> String {
    let text = rounded(number, decimals).to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    match decimals as usize {
        0 => whole.to_owned(),
        places => format!("{whole},{fraction:0<places$}"),
    }
}

/// Halves are rounded away from zero, and zero has no sign.
pub(super) fn rounded(number: Decimal, decimals: u32) -> Decimal {
    let rounded = number.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    if rounded.is_zero() { Decimal::ZERO } else { rounded }
}

/// A moment as `yyyy-MM-ddTHH:mm:ss.fffZ`.
pub(super) fn moment(at: Ticks) -> String {
    Civil::of(at).iso_milliseconds()
}

/// A mark as the standard has it.
pub(super) fn mark(is_set: bool) -> Value<'static> {
    Value::from(if is_set { "1" } else { "0" })
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Decimal> for Value<'_> {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind) -> Column {
        Column {
            name: "X",
            kind,
            description: "",
        }
    }

    fn number(text: &str, decimals: u32) -> String {
        let value = Value::from(text.parse::<Decimal>().unwrap());
        value.written(&column(Kind::Number(decimals))).into_owned()
    }

    #[test]
    fn numbers_have_a_comma_and_the_decimals_of_their_column() {
        for (given, decimals, written) in [
            ("14.75", 2, "14,75"),
            ("-1234567.1", 2, "-1234567,10"),
            ("2.675", 2, "2,68"),
            ("-0.004", 2, "0,00"),
            ("0.375", 5, "0,37500"),
            ("3.0", 0, "3"),
            (
                "9999999999999999999999999999",
                5,
                "9999999999999999999999999999,00000",
            ),
        ] {
            assert_eq!(number(given, decimals), written, "{given}");
        }
    }

    #[test]
    fn texts_are_cut_by_characters_and_hold_no_control_characters() {
        let written = |text: &str, chars| {
            let value = Value::from(text.to_owned());
            value.written(&column(Kind::Text(chars))).into_owned()
        };
        assert_eq!(written("Käse\u{0}brot", 6), "Käse b");
        assert_eq!(written("ääää", 3), "äää");
        assert_eq!(written("a\r\nb", 10), "a\r\nb");
        assert_eq!(written("", 10), "");
    }

    #[test]
    fn what_is_not_known_is_empty_in_every_column() {
        assert_eq!(Value::Nothing.written(&column(Kind::Number(2))), "");
        assert_eq!(Value::from(None::<Decimal>).written(&column(Kind::Number(2))), "");
    }

    #[test]
    fn moments_are_of_utc_with_milliseconds() {
        assert_eq!(moment(Ticks(640_659_828_306_000_000)), "2031-03-04T10:20:30.600Z");
    }
}
