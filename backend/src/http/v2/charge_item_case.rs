//! What kind of line: `ftChargeItemCase`, as a case of the first generation.
//!
//! The last digit is the tax rate, the one before it the kind of service. Rates are those of appendix A; kinds are not
//! in it, and become the group of the first generation that means the same (README, Decisions).

use rust_decimal::Decimal;

use super::case_word::{CaseWord, german, translated};

const UNKNOWN_RATE: i64 = 7;
const NOT_TAXABLE: i64 = 8;
const TAKE_AWAY: (i64, i64) = (0x0020, 0x1_0000);
/// Takes an earlier line back. A refund needs no flag: its amount says it.
const VOID: (i64, i64) = (0x0001, 0x20_0000);
const REFUND: (i64, i64) = (0x0002, 0);
const DISCOUNT: i64 = 0x0004;
const DOWN_PAYMENT: i64 = 0x0008;
const RETURNABLE: i64 = 0x0010;

/// What of a line decides its case.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// `ftChargeItemCase`.
    pub case: i64,
    /// `Amount`.
    pub amount: Decimal,
    /// `VATRate`, in percent.
    pub vat_rate: Decimal,
}

/// The case of the first generation. A missing case stays missing: then the rate decides.
///
/// # Errors
/// Which part of the case means nothing in the German market.
pub fn translate(line: Line) -> Result<i64, String> {
    if line.case == 0 {
        return Ok(0);
    }
    let word = CaseWord::read(line.case)?;
    translated(word.local, "local", &[])?;
    let kinds = [(DISCOUNT, 0), (DOWN_PAYMENT, 0), (RETURNABLE, 0)];
    let flags = translated(
        word.global,
        "global",
        &[&[VOID, REFUND, TAKE_AWAY], kinds.as_slice()].concat(),
    )?;
    if word.number > 0xFF {
        return Err(format!(
            "the nature of tax 0x{:02X} means nothing here",
            word.number >> 8
        ));
    }
    let number = number(line, word)?;
    Ok(german(flags, number))
}

fn number(line: Line, word: CaseWord) -> Result<i64, String> {
    let (service, rate) = (word.number >> 4, word.number & 0xF);
    let kind = word.global & (DISCOUNT | DOWN_PAYMENT | RETURNABLE);
    let takes = line.amount.is_sign_negative();
    let by_sign = |gives: i64, taken: i64| if takes { taken } else { gives };
    match (kind, service, rate) {
        (0, 0, 0) => Ok(0),
        // What is never taxed has a number of its own, and no rate.
        (0, 0x3, NOT_TAXABLE) => Ok(0x59),
        (0, 0x4, NOT_TAXABLE) => Ok(by_sign(0x60, 0x68)),
        (0, 0x6, _) => Ok(0xA2),
        (0, 0x8, NOT_TAXABLE) => Ok(0x49),
        (0, 0xA, _) => Ok(0x93),
        (0, 0x0 | 0x7, _) => Ok(suffix(line, rate)?),
        (0, 0x1, _) => Ok(0x10 + suffix(line, rate)?),
        (0, 0x2 | 0x5, _) => Ok(0x18 + suffix(line, rate)?),
        (0, 0x3, _) => Ok(0x50 + suffix(line, rate)?),
        (0, 0x4, _) => Ok(by_sign(0x60, 0x68) + suffix(line, rate)?),
        (0, 0x8, _) => Ok(0x40 + suffix(line, rate)?),
        // A receivable begins with a negative amount and ends with a positive one.
        (0, 0x9, _) => Ok(by_sign(0x78, 0x70) + suffix(line, rate)?),
        (DISCOUNT, ..) => Ok(by_sign(0x38, 0x30) + suffix(line, rate)?),
        (DOWN_PAYMENT, ..) => Ok(by_sign(0x80, 0x88) + suffix(line, rate)?),
        (RETURNABLE, ..) => Ok(by_sign(0x20, 0x28) + suffix(line, rate)?),
        (0, ..) => Err(format!("the kind of service {service:X} means nothing here")),
        _ => Err("a line is a discount, a down payment or a returnable, and not two of them".to_owned()),
    }
}

/// The rate within a group of the first generation.
fn suffix(line: Line, rate: i64) -> Result<i64, String> {
    match rate {
        0 => Ok(suffix_of_rate(line.vat_rate)),
        1 => Ok(2),
        3 => Ok(1),
        4 => Ok(3),
        5 => Ok(4),
        7 => Ok(6),
        NOT_TAXABLE => Ok(5),
        2 | 6 => Ok(UNKNOWN_RATE),
        other => Err(format!("the tax rate {other:X} means nothing here")),
    }
}

/// Where the case names a kind of service and no rate, the line's rate decides (4.13 rule 2).
fn suffix_of_rate(vat_rate: Decimal) -> i64 {
    let rates = [
        (Decimal::new(19, 0), 1),
        (Decimal::new(7, 0), 2),
        (Decimal::new(107, 1), 3),
        (Decimal::new(55, 1), 4),
    ];
    rates
        .iter()
        .find(|(rate, _)| *rate == vat_rate)
        .map_or(UNKNOWN_RATE, |(_, suffix)| *suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    const E: i64 = 0x4445_0000_0000_0000;
    const V2: i64 = 0x4445_2000_0000_0000;

    fn line(case: i64, amount: i64) -> Result<i64, String> {
        translate(Line {
            case,
            amount: Decimal::new(amount, 2),
            vat_rate: Decimal::new(7, 0),
        })
    }

    #[test]
    fn every_rate_of_the_appendix_is_translated() {
        for (rate, suffix) in [(1, 2), (3, 1), (4, 3), (5, 4), (7, 6), (8, 5), (2, 7), (6, 7)] {
            assert_eq!(line(V2 | rate, 100), Ok(E | suffix), "{rate}");
            assert_eq!(line(0x2000_0000_0000 | rate, 100), Ok(E | suffix), "{rate}");
        }
    }

    #[test]
    fn without_a_case_or_a_rate_the_vat_rate_decides() {
        assert_eq!(line(0, 100), Ok(0));
        assert_eq!(line(V2, 100), Ok(E));
        assert_eq!(line(V2 | 0x10, 100), Ok(E | 0x12));
    }

    #[test]
    fn every_kind_of_service_has_its_group() {
        for (number, gives, takes) in [
            (0x13, 0x11, 0x11),
            (0x23, 0x19, 0x19),
            (0x33, 0x51, 0x51),
            (0x38, 0x59, 0x59),
            (0x43, 0x61, 0x69),
            (0x48, 0x60, 0x68),
            (0x53, 0x19, 0x19),
            (0x63, 0xA2, 0xA2),
            (0x73, 0x01, 0x01),
            (0x83, 0x41, 0x41),
            (0x88, 0x49, 0x49),
            (0x93, 0x79, 0x71),
            (0xA8, 0x93, 0x93),
        ] {
            assert_eq!(line(V2 | number, 100), Ok(E | gives), "{number:x}");
            assert_eq!(line(V2 | number, -100), Ok(E | takes), "{number:x}");
        }
    }

    #[test]
    fn every_flag_is_translated() {
        for (case, amount, german) in [
            (0x0001_0003, -100, 0x20_0001),
            (0x0002_0003, -100, 0x01),
            (0x0004_0003, -100, 0x31),
            (0x0004_0001, 100, 0x3A),
            (0x0008_0003, 100, 0x81),
            (0x0008_0003, -100, 0x89),
            (0x0010_0013, 100, 0x21),
            (0x0010_0013, -100, 0x29),
            (0x0020_0013, 100, 0x1_0011),
        ] {
            assert_eq!(line(V2 | case, amount), Ok(E | german), "{case:x}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (case, named) in [
            (V2 | 0x9, "tax rate 9"),
            (V2 | 0xB3, "kind of service B"),
            (V2 | 0x0103, "nature of tax 0x01"),
            (V2 | 0x0040_0003, "global flags 0x0040"),
            (V2 | 0x000C_0003, "not two of them"),
            (0x4445_2001_0000_0003, "local flags"),
            (E | 1, "version is 0"),
        ] {
            let error = line(case, 100).unwrap_err();
            assert!(error.contains(named), "{case:x}: {error}");
        }
    }
}
