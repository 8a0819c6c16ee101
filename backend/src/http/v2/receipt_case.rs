//! What kind of receipt: `ftReceiptCase`, as a case of the first generation.

use super::case_word::{CaseWord, german, translated};

/// Start and finish in one request (4.1).
const IMPLICIT: i64 = 0x1_0000_0000;
/// The type of a number is its first digit; these two know no transactions.
const DAILY_OPERATIONS: i64 = 2;
const LIFECYCLE: i64 = 4;
/// The log entry that steps of a transaction are written as.
const TRANSACTION_LOG: i64 = 0x3001;
/// In the local flags of types without flags of their own: the receipt belongs to a transaction that is open.
const EXPLICIT: i64 = 0x001;

/// Number here, number of the first generation.
const NUMBERS: [(i64, i64); 29] = [
    (0x0000, 0x0000),
    (0x0001, 0x0001),
    (0x0002, 0x0011),
    (0x0003, 0x0015),
    (0x0004, 0x0015),
    (0x0005, 0x000F),
    (0x1000, 0x000E),
    (0x1001, 0x000D),
    (0x1002, 0x000C),
    (0x1003, 0x000E),
    (0x2000, 0x0002),
    (0x2001, 0x0002),
    (0x2010, 0x0002),
    (0x2011, 0x0007),
    (0x2012, 0x0005),
    (0x2013, 0x0006),
    (0x3000, 0x0013),
    (0x3001, 0x0014),
    (0x3002, 0x0014),
    (0x3003, 0x0012),
    (0x3004, 0x0010),
    (0x3005, 0x0010),
    (0x3010, 0x0014),
    (0x3011, 0x0014),
    (0x4001, 0x0003),
    (0x4002, 0x0004),
    // The public guide prints other numbers for the three below, which are those of orders and cash movements: a slip.
    (0x4011, 0x0017),
    (0x4012, 0x0018),
    (0x4021, 0x0019),
];

/// Local flags of a transaction log that make it a step: the step's number, and whether it is a whole transaction.
const STEPS: [(i64, i64, i64); 5] = [
    (0x011, 0x0008, 0),
    (0x021, 0x0009, 0),
    (0x031, 0x000A, 0),
    (0x041, 0x000B, 0),
    (0x040, 0x000B, IMPLICIT),
];

const GLOBAL_FLAGS: [(i64, i64); 8] = [
    // Late, training, void, handwritten.
    (0x0001, 0x0001_0000),
    (0x0002, 0x0002_0000),
    (0x0004, 0x0004_0000),
    (0x0008, 0x0008_0000),
    // Small business, receiver is a company, receiver's characteristics are known.
    (0x0010, 0x0010_0000),
    (0x0020, 0x0020_0000),
    (0x0040, 0x0040_0000),
    // Receipt request.
    (0x8000, 0x8000_0000_0000),
];

const DAILY_OPERATIONS_FLAGS: [(i64, i64); 5] = [
    // TSE info, TAR download, bypass of the download, self test, master data update.
    (0x010, 0x0080_0000),
    (0x020, 0x0200_0000),
    (0x040, 0x0400_0000),
    (0x080, 0x0100_0000),
    (0x100, 0x0800_0000),
];

/// Registers the client only.
const LIFECYCLE_FLAGS: [(i64, i64); 1] = [(0x010, 0x0100_0000)];

/// The case of the first generation.
///
/// # Errors
/// Which part of the case means nothing in the German market.
pub fn translate(case: i64) -> Result<i64, String> {
    let word = CaseWord::read(case)?;
    let (number, local) = number_and_local_flags(word)?;
    Ok(german(
        local | translated(word.global, "global", &GLOBAL_FLAGS)?,
        number,
    ))
}

fn number_and_local_flags(word: CaseWord) -> Result<(i64, i64), String> {
    if word.number == TRANSACTION_LOG
        && let Some((_, number, flow)) = STEPS.iter().find(|(local, ..)| *local == word.local)
    {
        return Ok((*number, *flow));
    }
    let known = NUMBERS.iter().find(|(number, _)| *number == word.number);
    let (_, number) = known.ok_or_else(|| {
        format!(
            "the number 0x{:04X} is no receipt of the German market",
            word.number
        )
    })?;
    let local = match word.number >> 12 {
        DAILY_OPERATIONS => IMPLICIT | translated(word.local, "local", &DAILY_OPERATIONS_FLAGS)?,
        LIFECYCLE => IMPLICIT | translated(word.local, "local", &LIFECYCLE_FLAGS)?,
        _ if word.local & EXPLICIT != 0 => translated(word.local, "local", &[(EXPLICIT, 0)])?,
        _ => IMPLICIT | translated(word.local, "local", &[])?,
    };
    Ok((*number, local))
}

#[cfg(test)]
mod tests {
    use super::*;

    const E: i64 = 0x4445_0000_0000_0000;
    const I: i64 = E | IMPLICIT;

    #[test]
    fn every_line_of_the_table_is_translated() {
        for (case, german) in [
            (0x2000_0000_0000, I),
            (0x4445_2000_0000_0001, I | 0x01),
            (0x2000_0000_0002, I | 0x11),
            (0x2000_0000_0003, I | 0x15),
            (0x2000_0000_0004, I | 0x15),
            (0x2000_0000_0005, I | 0x0F),
            (0x2000_0000_1000, I | 0x0E),
            (0x2000_0000_1001, I | 0x0D),
            (0x2000_0000_1002, I | 0x0C),
            (0x2000_0000_1003, I | 0x0E),
            (0x2000_0000_2000, I | 0x02),
            (0x2000_0000_2001, I | 0x02),
            (0x2000_0000_2010, I | 0x02),
            (0x2000_0000_2011, I | 0x07),
            (0x2000_0000_2012, I | 0x05),
            (0x2000_0000_2013, I | 0x06),
            (0x2000_0000_3000, I | 0x13),
            (0x2000_0000_3001, I | 0x14),
            (0x2000_0000_3002, I | 0x14),
            (0x2000_0000_3003, I | 0x12),
            (0x2000_0000_3004, I | 0x10),
            (0x2000_0000_3005, I | 0x10),
            (0x2000_0000_3010, I | 0x14),
            (0x2000_0000_3011, I | 0x14),
            (0x2000_0000_4001, I | 0x03),
            (0x2000_0000_4002, I | 0x04),
            (0x2000_0000_4011, I | 0x17),
            (0x2000_0000_4012, I | 0x18),
            (0x2000_0000_4021, I | 0x19),
            (0x2001_0000_0001, E | 0x01),
            (0x2011_0000_3001, E | 0x08),
            (0x2021_0000_3001, E | 0x09),
            (0x2031_0000_3001, E | 0x0A),
            (0x2041_0000_3001, E | 0x0B),
            (0x2040_0000_3001, I | 0x0B),
        ] {
            assert_eq!(translate(case), Ok(german), "{case:x}");
        }
    }

    #[test]
    fn every_flag_is_translated() {
        for (case, german) in [
            (0x2000_0001_0001, I | 0x1_0001),
            (0x2000_0006_0001, I | 0x6_0001),
            (0x2000_0078_0001, I | 0x78_0001),
            (0x2000_8000_0001, I | 0x8000_0000_0001),
            (0x2010_0000_2000, I | 0x80_0002),
            (0x20A0_0000_2000, I | 0x300_0002),
            (0x2140_0000_2011, I | 0xC00_0007),
            (0x2010_0000_4001, I | 0x100_0003),
            (0x2000_0004_4011, I | 0x4_0017),
        ] {
            assert_eq!(translate(case), Ok(german), "{case:x}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (case, named) in [
            (0x2000_0000_0006, "0x0006"),
            (0x2000_0000_5000, "0x5000"),
            (0x2000_0100_0001, "global flags 0x0100"),
            (0x2010_0000_0001, "local flags 0x0010"),
            (0x2051_0000_3001, "local flags 0x0050"),
            (0x2001_0000_2000, "local flags 0x0001"),
            (0x2020_0000_4001, "local flags 0x0020"),
            (0x1, "version is 0"),
        ] {
            let error = translate(case).unwrap_err();
            assert!(error.contains(named), "{case:x}: {error}");
        }
    }
}
