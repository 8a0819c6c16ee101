//! The 64 bits that say what a receipt is: country, flags, case (`fiscal-spec.md` 4.1).

use std::fmt;

/// The country bits of the German market, "DE".
pub const GERMANY: i64 = 0x4445_0000_0000_0000;
const COUNTRY_BITS: i64 = -0x0001_0000_0000_0000;

/// A receipt case as sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReceiptCase(pub i64);

/// A flag of a receipt case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag(i64);

/// Recorded by other means while the register was out of order.
pub const LATE_ENTRY: Flag = Flag(0x0001_0000);
/// Practice.
pub const TRAINING: Flag = Flag(0x0002_0000);
/// Takes an earlier receipt back.
pub const VOID: Flag = Flag(0x0004_0000);
/// Written by hand first.
pub const HANDWRITTEN: Flag = Flag(0x0008_0000);
/// Zero receipt: tell what the TSE says of itself.
pub const TSE_INFO: Flag = Flag(0x0080_0000);
/// Zero receipt: run the TSE's self test. Initial operation: register the client only.
pub const SELF_TEST_OR_CLIENT_ONLY: Flag = Flag(0x0100_0000);
/// Zero receipt: keep a TAR export of the TSE.
pub const TAR_DOWNLOAD: Flag = Flag(0x0200_0000);
/// Closings, out of operation: keep no TAR export of the TSE.
pub const BYPASS_TAR: Flag = Flag(0x0400_0000);
/// Closings: take over the configured master data.
pub const MASTER_DATA_UPDATE: Flag = Flag(0x0800_0000);
/// Daily closing: fail while transactions are open.
pub const FAIL_IF_OPEN: Flag = Flag(0x1000_0000);
/// Zero receipt in failed mode: forget failed finishes that are not open on the TSE.
pub const DROP_FAILED_FINISHES: Flag = Flag(0x2000_0000);
/// SCU switch: also in the middle of a day, or back to a TSE that does not answer.
pub const FORCE: Flag = Flag(0x4000_0000);
/// Start and finish in one request.
pub const IMPLICIT: Flag = Flag(0x0001_0000_0000);
/// Daily closing: close every transaction that is open on the TSE.
pub const CLOSE_ALL_OPEN: Flag = Flag(0x0002_0000_0000);
/// Asks for an earlier receipt of the same content.
pub const RECEIPT_REQUEST: Flag = Flag(0x8000_0000_0000);

/// The number of a receipt that puts a queue into operation.
pub const INITIAL_OPERATION: i64 = 0x0003;
/// The number of a receipt that puts a queue out of operation, for good.
pub const OUT_OF_OPERATION: i64 = 0x0004;
/// The number of a receipt that ends a month.
pub const MONTHLY_CLOSING: i64 = 0x0005;
/// The number of a receipt that ends a year.
pub const YEARLY_CLOSING: i64 = 0x0006;
/// The number of a receipt that ends a day.
pub const DAILY_CLOSING: i64 = 0x0007;
/// The number of a receipt that aborts transactions.
pub const FAIL_TRANSACTION: i64 = 0x000B;
/// The number of a receipt that parts a queue from its SCU.
pub const INITIATE_SCU_SWITCH: i64 = 0x0017;
/// The number of a receipt that gives a queue another SCU.
pub const FINISH_SCU_SWITCH: i64 = 0x0018;
/// The number of a receipt after which the queue is to be served by another product.
pub const START_MIGRATION: i64 = 0x0019;

impl ReceiptCase {
    /// The lowest 16 bits: what kind of receipt.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0 & 0xFFFF
    }

    /// Whether a flag is set.
    #[must_use]
    pub fn has(self, flag: Flag) -> bool {
        self.0 & flag.0 != 0
    }

    /// The same case without a flag.
    #[must_use]
    pub fn without(self, flag: Flag) -> Self {
        Self(self.0 & !flag.0)
    }

    /// The top 16 bits alone.
    #[must_use]
    pub fn country_bits(self) -> i64 {
        self.0 & COUNTRY_BITS
    }

    /// Two letters as stored; "AT" for everything unknown, as the original has it (3.2 step 5).
    #[must_use]
    pub fn country(self) -> &'static str {
        match (self.0 >> 48) & 0xFFFF {
            0x4445 => "DE",
            0x4652 => "FR",
            0x4D45 => "ME",
            0x4954 => "IT",
            _ => "AT",
        }
    }
}

/// Upper-case hexadecimal, as error texts have it.
impl fmt::Display for ReceiptCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}", self.0)
    }
}

impl fmt::Debug for ReceiptCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_case_are_told_apart() {
        let case = ReceiptCase(4_919_338_172_267_102_209);
        assert_eq!(case.to_string(), "4445000100000001");
        assert_eq!((case.number(), case.country()), (1, "DE"));
        assert!(case.has(IMPLICIT) && !case.has(TRAINING));
        assert_eq!(case.without(IMPLICIT), ReceiptCase(GERMANY | 1));
        assert_eq!(case.country_bits(), GERMANY);
    }

    #[test]
    fn unknown_countries_are_stored_as_austria() {
        assert_eq!(ReceiptCase(1).country(), "AT");
        assert_eq!(ReceiptCase(-1).country(), "AT");
        assert_eq!(ReceiptCase(-1).country_bits(), COUNTRY_BITS);
    }
}
