//! The log message of BSI TR-03153: what the TSE signs, and what stands in its export (`fiscal-spec.md` 5.4).

use shared::clock::Ticks;

use super::event::Operation;

/// 0.4.0.127.0.7.3.7.1.1: transaction log.
const CERTIFIED_DATA_TYPE: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x07, 0x01, 0x01];
/// 0.4.0.127.0.7.1.1.4.1.3: ecdsa-plain-SHA256.
const ALGORITHM: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01, 0x03];
/// The name of `ALGORITHM`.
pub const ALGORITHM_NAME: &str = "ecdsa-plain-SHA256";
/// How the time stands in the message.
pub const TIME_FORMAT: &str = "utcTimeWithSeconds";

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;

/// What one signature covers.
#[derive(Debug, Clone, Copy)]
pub struct LogMessage<'a> {
    /// Which operation.
    pub operation: Operation,
    /// Who asked for it.
    pub client_id: &'a str,
    /// May be empty.
    pub process_data: &'a [u8],
    /// May be empty.
    pub process_type: &'a str,
    /// The transaction's number.
    pub number: u64,
    /// The TSE's serial number.
    pub serial: &'a [u8; 32],
    /// The signature's number.
    pub counter: u64,
    /// When, in whole seconds.
    pub time: Ticks,
}

impl LogMessage<'_> {
    /// The bytes that are signed: the fields one after another, without an outer sequence.
    #[must_use]
    pub fn signed_part(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160 + self.process_data.len());
        unsigned(&mut out, INTEGER, 2);
        field(&mut out, OBJECT_IDENTIFIER, CERTIFIED_DATA_TYPE);
        field(&mut out, context(0), self.operation.name().as_bytes());
        field(&mut out, context(1), self.client_id.as_bytes());
        field(&mut out, context(2), self.process_data);
        field(&mut out, context(3), self.process_type.as_bytes());
        unsigned(&mut out, context(5), self.number);
        field(&mut out, OCTET_STRING, self.serial);
        let mut algorithm = Vec::with_capacity(2 + ALGORITHM.len());
        field(&mut algorithm, OBJECT_IDENTIFIER, ALGORITHM);
        field(&mut out, SEQUENCE, &algorithm);
        unsigned(&mut out, INTEGER, self.counter);
        field(&mut out, UTC_TIME, utc_time(self.time).as_bytes());
        out
    }

    /// The whole message as it stands in an export.
    #[must_use]
    pub fn with_signature(&self, signature: &[u8]) -> Vec<u8> {
        let mut content = self.signed_part();
        field(&mut content, OCTET_STRING, signature);
        let mut out = Vec::with_capacity(content.len() + 6);
        field(&mut out, SEQUENCE, &content);
        out
    }
}

const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `YYMMDDhhmmssZ`.
fn utc_time(at: Ticks) -> String {
    let at = at
        .to_timestamp()
        .expect("the TSE's time is a time of day, made by a clock");
    at.strftime("%y%m%d%H%M%SZ").to_string()
}

/// Tag, length, content (DER: the shortest length).
fn field(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let digits = &length[length.iter().take_while(|byte| **byte == 0).count()..];
            let count = u8::try_from(digits.len()).expect("a length has at most 8 bytes");
            out.push(0x80 | count);
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
}

/// A whole number in the fewest bytes, with a zero in front where the first bit would make it negative.
fn unsigned(out: &mut Vec<u8>, tag: u8, number: u64) {
    let mut bytes = [0; 9];
    bytes[1..].copy_from_slice(&number.to_be_bytes());
    let skipped = bytes
        .windows(2)
        .take_while(|pair| pair[0] == 0 && pair[1] < 0x80)
        .count();
    field(out, tag, &bytes[skipped..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_has_the_layout_of_the_technical_guideline() {
        let message = LogMessage {
            operation: Operation::Finish,
            client_id: "K1",
            process_data: b"abc",
            process_type: "T",
            number: 128,
            serial: &[0xEE; 32],
            counter: 5,
            time: Ticks(640_659_828_300_000_000),
        };
        let expected = [
            "020102",                                  // version
            "0609 04007F000703070101",                 // certified data type
            "8011 46696E6973685472616E73616374696F6E", // FinishTransaction
            "8102 4B31",                               // client
            "8203 616263",                             // data
            "8301 54",                                 // type
            "8502 0080",                               // number 128 is not negative
            &format!("0420 {}", "EE".repeat(32)),      // serial
            "300C 060A 04007F00070101040103",          // algorithm
            "020105",                                  // counter
            "170D 3331303330343130323033305A",         // 310304102030Z
        ]
        .concat()
        .replace(' ', "");
        assert_eq!(hex::encode_upper(message.signed_part()), expected);
        let whole = message.with_signature(&[1; 64]);
        assert_eq!(whole[..3], [0x30, 0x81, 181]);
        assert_eq!(whole.len(), 3 + 181);
        assert_eq!(whole[whole.len() - 66..whole.len() - 64], [0x04, 64]);
    }

    proptest! {
        #[test]
        fn a_number_is_read_back_and_has_no_needless_byte(number: u64) {
            let mut out = Vec::new();
            unsigned(&mut out, INTEGER, number);
            let content = &out[2..];
            prop_assert_eq!(usize::from(out[1]), content.len());
            prop_assert!(content[0] < 0x80);
            prop_assert!(content.len() == 1 || content[0] != 0 || content[1] >= 0x80);
            let read = content.iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
            prop_assert_eq!(read, u128::from(number));
        }

        #[test]
        fn a_field_of_any_length_can_be_taken_apart(length in 0_usize..70_000) {
            let mut out = Vec::new();
            field(&mut out, OCTET_STRING, &vec![7; length]);
            let (count, start) = match out[1] {
                short @ 0..0x80 => (usize::from(short), 2),
                long => {
                    let digits = usize::from(long & 0x7F);
                    let length = out[2..2 + digits].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                    (length, 2 + digits)
                }
            };
            prop_assert_eq!((count, out.len() - start), (length, length));
        }
    }
}
