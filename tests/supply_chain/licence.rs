//! Licence expressions as crates write them: SPDX with AND, OR, WITH and parentheses, and the older `/` for OR.

use std::collections::BTreeSet;

/// A licence, or a choice or sum of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// One licence, with its exception if it has one.
    One(String),
    /// One of these is enough.
    Any(Vec<Expression>),
    /// All of these hold.
    All(Vec<Expression>),
}

impl Expression {
    /// Reads an expression.
    pub fn read(text: &str) -> Result<Self, String> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
        let read = any(&mut words)?;
        match words.pop() {
            None => Ok(read),
            Some(word) => Err(format!("{word:?} stands where nothing more is expected")),
        }
    }

    /// Whether licences that are allowed are enough for it.
    pub fn is_met_by(&self, allowed: &BTreeSet<String>) -> bool {
        match self {
            Self::One(licence) => allowed.contains(licence),
            Self::Any(choice) => choice.iter().any(|one| one.is_met_by(allowed)),
            Self::All(sum) => sum.iter().all(|one| one.is_met_by(allowed)),
        }
    }

    /// Adds every licence that it names.
    pub fn names(&self, into: &mut BTreeSet<String>) {
        match self {
            Self::One(licence) => {
                into.insert(licence.clone());
            }
            Self::Any(parts) | Self::All(parts) => parts.iter().for_each(|part| part.names(into)),
        }
    }
}

/// The words stand in reverse, so that the next one is the last.
type Words<'a> = Vec<&'a str>;

fn any(words: &mut Words<'_>) -> Result<Expression, String> {
    joined("OR", all, Expression::Any, words)
}

fn all(words: &mut Words<'_>) -> Result<Expression, String> {
    joined("AND", one, Expression::All, words)
}

fn joined(
    by: &str,
    part: fn(&mut Words<'_>) -> Result<Expression, String>,
    several: fn(Vec<Expression>) -> Expression,
    words: &mut Words<'_>,
) -> Result<Expression, String> {
    let mut parts = vec![part(words)?];
    while words.last() == Some(&by) {
        words.pop();
        parts.push(part(words)?);
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    })
}

fn one(words: &mut Words<'_>) -> Result<Expression, String> {
    match words.pop() {
        None => Err("a licence is expected".to_owned()),
        Some("(") => {
            let inner = any(words)?;
            match words.pop() {
                Some(")") => Ok(inner),
                _ => Err("a parenthesis is not closed".to_owned()),
            }
        }
        Some(word @ (")" | "AND" | "OR" | "WITH")) => {
            Err(format!("a licence is expected instead of {word:?}"))
        }
        Some(licence) if words.last() == Some(&"WITH") => {
            words.pop();
            let exception = words.pop().ok_or("an exception is expected")?;
            Ok(Expression::One(format!("{licence} WITH {exception}")))
        }
        Some(licence) => Ok(Expression::One(licence.to_owned())),
    }
}

#[test]
fn a_choice_needs_one_allowed_licence_and_a_sum_all_of_them() {
    let allowed = ["MIT", "Apache-2.0 WITH LLVM-exception"]
        .map(str::to_owned)
        .into();
    for (text, met) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR GPL-3.0-only) AND MIT", true),
        ("MIT AND (GPL-3.0-only OR Apache-2.0)", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
    ] {
        assert_eq!(Expression::read(text).unwrap().is_met_by(&allowed), met, "{text}");
    }
    for text in ["", "MIT OR", "(MIT", "MIT)", "AND MIT"] {
        assert!(Expression::read(text).is_err(), "{text:?}");
    }
}
