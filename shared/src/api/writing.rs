//! The two shapes of what is answered and stored (1.5 and 3.5).
//!
//! Written by hand and not derived, because the order of members, the scale of amounts and what is left out are
//! promised byte by byte: the hash chain rests on them.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::moment::Moment;

/// How members are named, and whether empty ones are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Names begin in lower case, `null` is written: what the cluster product answers.
    #[default]
    Camel,
    /// Names as in the interface, nothing is written for `null`: what the local product answers, and the
    /// canonical form that is stored and hashed.
    Original,
}

/// Writes one object as `write` fills it.
#[must_use]
pub fn object(shape: Shape, write: impl FnOnce(&mut Object<'_>)) -> String {
    // A signed receipt has some 6 KB; starting there spares most of the growing.
    let mut out = String::with_capacity(8 * 1024);
    write_object(&mut out, shape, write);
    out
}

fn write_object(out: &mut String, shape: Shape, write: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    write(&mut Object {
        out,
        shape,
        is_first: true,
    });
    out.push('}');
}

/// An object being written, member by member in the order of the calls.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut String,
    shape: Shape,
    is_first: bool,
}

impl Object<'_> {
    /// A text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        quote(self.out, text);
    }

    /// A text that may be missing.
    pub fn optional_text(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.nothing(name),
        }
    }

    /// A 64-bit integer.
    pub fn int64(&mut self, name: &str, number: i64) {
        self.name(name);
        let _ = write!(self.out, "{number}");
    }

    /// An amount with its own scale, and with at least one digit after the point.
    pub fn decimal(&mut self, name: &str, amount: Decimal) {
        self.name(name);
        let _ = write!(self.out, "{amount}");
        if amount.scale() == 0 {
            self.out.push_str(".0");
        }
    }

    /// An amount that may be missing. A zero that was sent is written: as `cbReceiptAmount` it overrides the sum.
    pub fn optional_decimal(&mut self, name: &str, amount: Option<Decimal>) {
        match amount {
            Some(amount) => self.decimal(name, amount),
            None => self.nothing(name),
        }
    }

    /// A date with time.
    pub fn moment(&mut self, name: &str, moment: Moment) {
        self.name(name);
        let _ = write!(self.out, "\"{}\"", moment.to_iso());
    }

    /// A date with time that may be missing.
    pub fn optional_moment(&mut self, name: &str, moment: Option<Moment>) {
        match moment {
            Some(moment) => self.moment(name, moment),
            None => self.nothing(name),
        }
    }

    /// A list of objects.
    pub fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&T, &mut Object<'_>)) {
        self.name(name);
        self.out.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            write_object(self.out, self.shape, |object| write(item, object));
        }
        self.out.push(']');
    }

    /// A member without a value.
    pub fn nothing(&mut self, name: &str) {
        if self.shape == Shape::Camel {
            self.name(name);
            self.out.push_str("null");
        }
    }

    fn name(&mut self, name: &str) {
        if !self.is_first {
            self.out.push(',');
        }
        self.is_first = false;
        self.out.push('"');
        let mut letters = name.chars();
        match (self.shape, letters.next()) {
            (Shape::Camel, Some(first)) => {
                self.out.push(first.to_ascii_lowercase());
                self.out.push_str(letters.as_str());
            }
            _ => self.out.push_str(name),
        }
        self.out.push_str("\":");
    }
}

/// Writes a text in quotes. Only what must be escaped is; everything else stays as it is, ASCII or not.
pub fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        // What is escaped is one byte long, so `at` and `at + 1` are borders of characters.
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn camel_writes_null_and_original_leaves_it_out() {
        let write = |object: &mut Object<'_>| {
            object.optional_text("Caption", None);
            object.int64("ftState", 1);
        };
        assert_eq!(object(Shape::Camel, write), r#"{"caption":null,"ftState":1}"#);
        assert_eq!(object(Shape::Original, write), r#"{"ftState":1}"#);
    }

    #[test]
    fn an_amount_keeps_its_scale_and_has_a_digit_after_the_point() {
        let write = |object: &mut Object<'_>| {
            object.decimal("a", Decimal::new(1, 0));
            object.decimal("b", Decimal::new(560, 2));
        };
        assert_eq!(object(Shape::Original, write), r#"{"a":1.0,"b":5.60}"#);
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_as_it_was(text in any::<String>()) {
            let mut out = String::new();
            quote(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
