//! Every spelling of a GUID that .NET reads, in any letter case, with whitespace around it:
//!
//! | format | example |
//! |---|---|
//! | N | `0a1b2c3d4e5f60718293a4b5c6d7e8f9` |
//! | D | `0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9` |
//! | B | `{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}` |
//! | P | `(0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9)` |
//! | X | `{0x0a1b2c3d,0x4e5f,0x6071,{0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8,0xf9}}` |
//!
//! In X leading zeros may be missing and whitespace may stand between the parts, as .NET has it.

use thiserror::Error;

/// Why a text is no GUID.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "not a GUID: expected 32 hexadecimal digits, with dashes as 8-4-4-4-12 and braces or parentheses if any, \
     or {{0x…,0x…,0x…,{{0x…,…}}}}"
)]
pub struct GuidError;

/// The digits of each part of D, between the dashes.
const DASHED: [usize; 5] = [8, 4, 4, 4, 12];
/// The digits of each number of X: three, then eight bytes in braces of their own.
const HEX: [usize; 11] = [8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2];
/// Where the inner braces of X begin.
const HEX_INNER: usize = 3;

/// Reads a GUID in any spelling; answers its 128 bits in the order the digits are written.
///
/// # Errors
/// When the text is no GUID.
pub fn parse(text: &str) -> Result<u128, GuidError> {
    let text = text.trim();
    let bits = match text.as_bytes() {
        [b'{', inner @ .., b'}'] => dashed(inner).or_else(|| hexadecimal(inner)),
        [b'(', inner @ .., b')'] => dashed(inner),
        plain if plain.len() == 32 => digits(0, plain),
        plain => dashed(plain),
    };
    bits.ok_or(GuidError)
}

/// What D looks like, without braces.
fn dashed(text: &[u8]) -> Option<u128> {
    let (mut bits, mut rest) = (0, text);
    for (index, length) in DASHED.into_iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b"-")?;
        }
        let (part, after) = rest.split_at_checked(length)?;
        bits = digits(bits, part)?;
        rest = after;
    }
    rest.is_empty().then_some(bits)
}

/// What X looks like, without its outer braces.
fn hexadecimal(text: &[u8]) -> Option<u128> {
    let (mut bits, mut rest) = (0, text);
    for (index, digits_max) in HEX.into_iter().enumerate() {
        if index > 0 {
            rest = sign(rest, b',')?;
        }
        if index == HEX_INNER {
            rest = sign(rest, b'{')?;
        }
        let (number, after) = prefixed(rest, digits_max)?;
        bits = bits << (digits_max * 4) | number;
        rest = after;
    }
    sign(rest, b'}')?.trim_ascii().is_empty().then_some(bits)
}

/// One sign, with whitespace before it if any.
fn sign(text: &[u8], sign: u8) -> Option<&[u8]> {
    text.trim_ascii_start().strip_prefix(&[sign])
}

/// `0x` and one to so many digits, with whitespace before it if any.
fn prefixed(text: &[u8], digits_max: usize) -> Option<(u128, &[u8])> {
    let text = sign(text, b'0')?;
    let text = text.strip_prefix(b"x").or_else(|| text.strip_prefix(b"X"))?;
    let length = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if length == 0 || length > digits_max {
        return None;
    }
    let (number, after) = text.split_at(length);
    Some((digits(0, number)?, after))
}

/// Appends digits to what stands before them.
fn digits(before: u128, text: &[u8]) -> Option<u128> {
    text.iter().try_fold(before, |bits, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        Some(bits << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BITS: u128 = 0x0a1b_2c3d_4e5f_6071_8293_a4b5_c6d7_e8f9;

    /// The five formats of .NET, in lower case.
    fn spellings(bits: u128) -> [String; 5] {
        let n = format!("{bits:032x}");
        let d = format!(
            "{}-{}-{}-{}-{}",
            &n[..8],
            &n[8..12],
            &n[12..16],
            &n[16..20],
            &n[20..]
        );
        let bytes: Vec<_> = (16..32)
            .step_by(2)
            .map(|at| format!("0x{}", &n[at..at + 2]))
            .collect();
        let (a, b, c) = (&n[..8], &n[8..12], &n[12..16]);
        let x = format!("{{0x{a},0x{b},0x{c},{{{}}}}}", bytes.join(","));
        [n, d.clone(), format!("{{{d}}}"), format!("({d})"), x]
    }

    #[test]
    fn the_examples_above_are_one_guid() {
        for text in [
            "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}",
            "(0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9)",
            "{0x0a1b2c3d,0x4e5f,0x6071,{0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8,0xf9}}",
            "\t{ 0XA1B2C3D , 0x4e5f,0x6071, { 0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8,0xf9 } }\n",
        ] {
            assert_eq!(parse(text), Ok(BITS), "{text}");
        }
    }

    #[test]
    fn near_misses_are_refused() {
        for text in [
            "",
            " ",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f90",
            "0a1b2c3d4e5f60718293a4b5c6d7e8fg",
            "0a1b2c3d-4e5f6071-8293-a4b5c6d7e8f9",
            "0a1b2c3d4-e5f-6071-8293-a4b5c6d7e8f9",
            "0a1b2c3d-4e5f-6071-8293a4b5-c6d7e8f9",
            "-0a1b2c3d4e5f60718293a4b5c6d7e8f",
            "{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}",
            "{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9)",
            "(0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}",
            "{0a1b2c3d4e5f60718293a4b5c6d7e8f9}",
            "{{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}}",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 x",
            "urn:uuid:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "0x0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "{0x00a1b2c3d,0x4e5f,0x6071,{0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8,0xf9}}",
            "{0x0a1b2c3d,0x4e5f,0x6071,{0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8}}",
            "{0x0a1b2c3d,0x4e5f,0x6071,0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8,0xf9}",
            "{0x0a1b2c3d,0x4e5f,0x6071,{0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8,0x}}",
            "(0x0a1b2c3d,0x4e5f,0x6071,{0x82,0x93,0xa4,0xb5,0xc6,0xd7,0xe8,0xf9})",
            "0a1b2c3d‐4e5f‐6071‐8293‐a4b5c6d7e8f9",
            "０a1b2c3d4e5f60718293a4b5c6d7e8f9",
        ] {
            assert_eq!(parse(text), Err(GuidError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_leads_to_the_same_bits(bits: u128, before in "[ \\t]{0,3}", after in "[ \\t]{0,3}") {
            for text in spellings(bits) {
                for text in [text.to_uppercase(), text] {
                    prop_assert_eq!(parse(&format!("{before}{text}{after}")), Ok(bits), "{}", text);
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn a_spelling_with_one_sign_replaced_is_another_guid_or_none(
            bits: u128, which in 0..5_usize, at: prop::sample::Index, by in "[-{}()0-9a-fxg, ]",
        ) {
            let text = spellings(bits)[which].clone();
            let at = at.index(text.len());
            let mut changed = text.clone();
            changed.replace_range(at..=at, &by);
            if changed != text {
                prop_assert_ne!(parse(&changed), Ok(bits), "{}", changed);
            }
        }
    }
}
