//! The character NUL in PostgreSQL, whose texts cannot hold it while receipts may.
//!
//! U+FDD0, which Unicode gives no meaning and nobody exchanges, is the escape: NUL is written U+FDD0 U+FDD1, and
//! U+FDD0 itself U+FDD0 U+FDD0. Every other text is stored as it is.

use std::borrow::Cow;

const NUL: char = '\0';
const ESCAPE: char = '\u{FDD0}';
const ESCAPED_NUL: char = '\u{FDD1}';
/// Of U+FDD0 in UTF-8, shared with few other characters.
const ESCAPE_FIRST_BYTE: u8 = 0xEF;

/// A text as it is stored.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    // Looked for as bytes: almost every text has neither, and every receipt passes here.
    if !text.bytes().any(|byte| byte == 0 || byte == ESCAPE_FIRST_BYTE) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            NUL => escaped.extend([ESCAPE, ESCAPED_NUL]),
            ESCAPE => escaped.extend([ESCAPE, ESCAPE]),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// A stored text as it was.
pub(super) fn unescaped(text: String) -> String {
    if !text.contains(ESCAPE) {
        return text;
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => match characters.next() {
                Some(ESCAPED_NUL) => unescaped.push(NUL),
                other => unescaped.extend(other),
            },
            other => unescaped.push(other),
        }
    }
    unescaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_is_read_back_and_is_stored_without_nul(text in "[\0\u{FDD0}\u{FDD1}aä]{0,12}|\\PC*") {
            let stored = escaped(&text).into_owned();
            prop_assert!(!stored.contains(NUL));
            prop_assert_eq!(unescaped(stored), text);
        }
    }
}
