//! What kind of payment: `ftPayItemCase`, as a case of the first generation.
//!
//! Appendix A says nothing of payments; each becomes the one of the first generation that means the same (README,
//! Decisions).

use super::case_word::{CaseWord, german, translated};

const CASH: i64 = 0x01;
/// Takes an earlier payment back. A refund needs no flag: its amount says it.
const VOID: (i64, i64) = (0x0001, 0x20_0000);
const REFUND: (i64, i64) = (0x0002, 0);
const DOWN_PAYMENT: i64 = 0x0008;
const FOREIGN: i64 = 0x0010;
const CHANGE: i64 = 0x0020;
const TIP: i64 = 0x0040;

/// Number here, number of the first generation.
const NUMBERS: [(i64, i64); 16] = [
    (0x00, 0x00),
    (CASH, 0x01),
    // No cash of any other kind, and vouchers for restaurants, are payments without cash as a bank transfer is.
    (0x02, 0x09),
    (0x03, 0x03),
    (0x04, 0x04),
    (0x05, 0x05),
    (0x06, 0x0D),
    (0x07, 0x06),
    (0x08, 0x07),
    (0x09, 0x0E),
    (0x0A, 0x08),
    (0x0B, 0x09),
    (0x0C, 0x16),
    (0x0D, 0x0A),
    (0x0E, 0x11),
    (0x0F, 0x09),
];

/// The case of the first generation. A missing case stays missing: then it is cash.
///
/// # Errors
/// Which part of the case means nothing in the German market.
pub fn translate(case: i64) -> Result<i64, String> {
    if case == 0 {
        return Ok(0);
    }
    let word = CaseWord::read(case)?;
    translated(word.local, "local", &[])?;
    let kinds = [(DOWN_PAYMENT, 0), (FOREIGN, 0), (CHANGE, 0), (TIP, 0)];
    let flags = translated(
        word.global,
        "global",
        &[&[VOID, REFUND], kinds.as_slice()].concat(),
    )?;
    Ok(german(flags, number(word)?))
}

fn number(word: CaseWord) -> Result<i64, String> {
    let known = NUMBERS.iter().find(|(number, _)| *number == word.number);
    let (_, number) = known.ok_or_else(|| format!("the number 0x{:04X} is no payment here", word.number))?;
    let is_cash = word.number <= CASH;
    match word.global & (DOWN_PAYMENT | FOREIGN | CHANGE | TIP) {
        // Payments without cash say by their case data which currency they are of.
        0 => Ok(*number),
        FOREIGN if !is_cash => Ok(*number),
        FOREIGN => Ok(0x02),
        CHANGE if is_cash => Ok(0x0B),
        both if both == CHANGE | FOREIGN && is_cash => Ok(0x0C),
        DOWN_PAYMENT => Ok(0x0F),
        TIP => Ok(0x10),
        other => Err(format!(
            "the global flags 0x{other:04X} together mean nothing for this payment"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const E: i64 = 0x4445_0000_0000_0000;
    const V2: i64 = 0x4445_2000_0000_0000;

    #[test]
    fn every_number_is_translated() {
        for (number, german) in NUMBERS {
            assert_eq!(translate(V2 | number), Ok(E | german), "{number:x}");
        }
        assert_eq!(translate(0), Ok(0));
    }

    #[test]
    fn every_flag_is_translated() {
        for (case, german) in [
            (0x0001_0001, 0x20_0001),
            (0x0002_0004, 0x04),
            (0x0008_0001, 0x0F),
            (0x0010_0001, 0x02),
            (0x0010_0005, 0x05),
            (0x0020_0001, 0x0B),
            (0x0030_0001, 0x0C),
            (0x0040_0001, 0x10),
        ] {
            assert_eq!(translate(V2 | case), Ok(E | german), "{case:x}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (case, named) in [
            (V2 | 0x10, "0x0010 is no payment"),
            (V2 | 0x0100_0001, "global flags 0x0100"),
            (V2 | 0x0020_0004, "0x0020 together"),
            (V2 | 0x0048_0001, "0x0048 together"),
            (0x4445_2010_0000_0001, "local flags"),
            (E | 1, "version is 0"),
        ] {
            let error = translate(case).unwrap_err();
            assert!(error.contains(named), "{case:x}: {error}");
        }
    }
}
