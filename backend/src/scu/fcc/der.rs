//! Reads DER one element after another: as much of it as log messages and certificates need.

/// The class and number of a tag: INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The tag in its one byte form.
    pub tag: u8,
    /// What it holds.
    pub content: &'a [u8],
}

/// Reads elements from a slice; ends at its end or at the first that is not well formed.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all of it.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The content of the next element if it has this tag; otherwise nothing is read.
    pub fn next_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element.content)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Element<'a>;

    /// The next element; none at the end, or where no well formed element stands.
    fn next(&mut self) -> Option<Element<'a>> {
        let (tag, rest) = self.rest.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short @ 0..=0x7F => (usize::from(short), rest),
            // The length of the length: four digits are more than any message here has.
            long @ 0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
                let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Element { tag: *tag, content })
    }
}

/// A whole number that is not negative and fits.
#[must_use]
pub fn unsigned(content: &[u8]) -> Option<u64> {
    let first = *content.first()?;
    let digits = content.strip_prefix(&[0]).unwrap_or(content);
    if first >= 0x80 || digits.len() > 8 {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum << 8 | u64::from(*digit)))
}

/// The public key in a certificate (X.509), as it stands there: for the curves of a TSE the point, 65 bytes or more.
#[must_use]
pub fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let certificate = Reader::new(certificate).next_if(SEQUENCE)?;
    let mut fields = Reader::new(Reader::new(certificate).next_if(SEQUENCE)?);
    // version, which may be missing; serial number; algorithm; issuer; validity; subject.
    fields.next_if(0xA0);
    fields.next_if(INTEGER)?;
    for _ in 0..4 {
        fields.next_if(SEQUENCE)?;
    }
    let mut info = Reader::new(fields.next_if(SEQUENCE)?);
    info.next_if(SEQUENCE)?;
    // The first byte counts unused bits: none in a key.
    info.next_if(BIT_STRING)?.strip_prefix(&[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_and_negative_or_oversized_ones_are_not() {
        assert_eq!(unsigned(&[0x00, 0x80]), Some(128));
        assert_eq!(
            unsigned(&[0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            Some(u64::MAX)
        );
        assert_eq!(unsigned(&[0x80]), None);
        assert_eq!(unsigned(&[0x01, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(unsigned(&[]), None);
    }

    #[test]
    fn an_optional_element_that_is_not_there_is_not_read_over() {
        let mut reader = Reader::new(&[INTEGER, 1, 5, OCTET_STRING, 0]);
        assert_eq!(reader.next_if(OCTET_STRING), None);
        assert_eq!(reader.next_if(INTEGER), Some(&[5][..]));
        assert_eq!(reader.next_if(OCTET_STRING), Some(&[][..]));
        assert_eq!(reader.next(), None);
    }

    #[test]
    fn an_element_that_says_it_is_longer_than_it_is_ends_the_reading() {
        assert_eq!(
            Reader::new(&[OCTET_STRING, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0]).next(),
            None
        );
        assert_eq!(Reader::new(&[OCTET_STRING, 0x80, 0, 0]).next(), None);
    }

    #[test]
    fn the_key_of_a_real_certificate_is_found() {
        let pem = include_str!("../../deletion_cost/certificates/cluster.pem");
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let certificate = BASE64.decode(base64).unwrap();
        let key = public_key(&certificate).unwrap();
        assert!(p256::ecdsa::VerifyingKey::from_sec1_bytes(key).is_ok());
        assert_eq!(key.len(), 65);
        assert_eq!(public_key(&certificate[..certificate.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            let mut count = 0;
            while reader.next().is_some() {
                count += 1;
            }
            prop_assert!(count <= bytes.len() / 2);
            let _ = public_key(&bytes);
        }
    }
}
