//! An object of the document that knows where it stands.
//!
//! Keys match in any letter case, a JSON null is as good as nothing, numbers and switches may be written as text:
//! the original's own hosts accept all of that.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use shared::clock::Ticks;
use shared::identity::guid::GuidError;
use std::str::FromStr;

use super::fault::ConfigurationFault;

type Read<T> = Result<T, ConfigurationFault>;

/// One object and its place, such as `ftQueues[0].Configuration`.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Section<'a> {
    /// The whole document.
    pub(super) fn root(document: &'a Value) -> Read<Self> {
        Self::at(String::new(), document)
    }

    fn at(path: String, value: &'a Value) -> Read<Self> {
        match value {
            Value::Object(members) => Ok(Self { path, members }),
            _ if path.is_empty() => Err(wrong("the configuration".to_owned(), "a JSON object")),
            _ => Err(wrong(path, "a JSON object")),
        }
    }

    /// The object as it is.
    pub(super) fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    /// Whether the key is written at all, be it as null.
    pub(super) fn has(&self, key: &str) -> bool {
        find(self.members, key).is_some()
    }

    /// The value of a key, unless it is absent or null.
    fn get(&self, key: &str) -> Option<&'a Value> {
        find(self.members, key).filter(|value| !value.is_null())
    }

    /// The place of a key.
    pub(super) fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// A fault about a key's value.
    pub(super) fn wrong(&self, key: &str, rule: &'static str) -> ConfigurationFault {
        wrong(self.path_of(key), rule)
    }

    fn missing(&self, key: &str) -> ConfigurationFault {
        ConfigurationFault::Missing {
            path: self.path_of(key),
        }
    }

    /// An object that must be there.
    pub(super) fn section(&self, key: &str) -> Read<Section<'a>> {
        self.optional_section(key)?.ok_or_else(|| self.missing(key))
    }

    /// An object that may be there.
    pub(super) fn optional_section(&self, key: &str) -> Read<Option<Section<'a>>> {
        self.get(key)
            .map(|value| Section::at(self.path_of(key), value))
            .transpose()
    }

    /// A list of objects; an absent list is an empty one.
    pub(super) fn sections(&self, key: &str) -> Read<Vec<Section<'a>>> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let list = value.as_array().ok_or_else(|| self.wrong(key, "a JSON array"))?;
        list.iter()
            .enumerate()
            .map(|(index, value)| Section::at(format!("{}[{index}]", self.path_of(key)), value))
            .collect()
    }

    /// The entry of a list that must have exactly one.
    pub(super) fn the_only(&self, key: &str) -> Read<Section<'a>> {
        let mut sections = self.sections(key)?;
        match (sections.pop(), sections.len()) {
            (Some(only), 0) => Ok(only),
            (last, others) => Err(ConfigurationFault::NotExactlyOne {
                path: self.path_of(key),
                found: others + usize::from(last.is_some()),
            }),
        }
    }

    /// A list of one to `max` objects.
    pub(super) fn some(&self, key: &str, max: usize) -> Read<Vec<Section<'a>>> {
        let sections = self.sections(key)?;
        match sections.len() {
            0 => Err(ConfigurationFault::Missing {
                path: format!("an entry of {}", self.path_of(key)),
            }),
            found if found > max => Err(self.wrong(key, "a list of at most 8 entries")),
            _ => Ok(sections),
        }
    }

    /// Text; a number is taken as its text.
    pub(super) fn text(&self, key: &str) -> Read<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(self.wrong(key, "text")),
        }
    }

    /// Text that must be there.
    pub(super) fn required_text(&self, key: &str) -> Read<String> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// Text, or JSON that stands where its text is meant.
    pub(super) fn json_text(&self, key: &str) -> Option<String> {
        self.get(key).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn texts(&self, key: &str) -> Read<Vec<String>> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let texts = match self.get(key) {
            None => Some(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(text).collect(),
            Some(one) => text(one).map(|text| vec![text]),
        };
        texts.ok_or_else(|| self.wrong(key, "a list of texts"))
    }

    /// An id that must be there.
    pub(super) fn id<T: FromStr<Err = GuidError>>(&self, key: &str) -> Read<T> {
        self.optional_id(key)?.ok_or_else(|| self.missing(key))
    }

    /// An id that may be there.
    pub(super) fn optional_id<T: FromStr<Err = GuidError>>(&self, key: &str) -> Read<Option<T>> {
        let parse = |text: String| text.parse().map_err(|GuidError| self.wrong(key, "a GUID"));
        self.text(key)?.map(parse).transpose()
    }

    /// A whole number, if there is one.
    pub(super) fn integer(&self, key: &str) -> Read<Option<i64>> {
        let parse = |text: String| text.trim().parse().map_err(|_| self.wrong(key, "a whole number"));
        self.text(key)?.map(parse).transpose()
    }

    /// A counter or size: absent means 0, and it is never negative.
    pub(super) fn count(&self, key: &str) -> Read<i64> {
        match self.integer(key)?.unwrap_or(0) {
            count @ 0.. => Ok(count),
            _ => Err(self.wrong(key, "0 or more")),
        }
    }

    /// A `TimeStamp`; absent means 0.
    pub(super) fn ticks(&self, key: &str) -> Read<Ticks> {
        self.count(key).map(Ticks)
    }

    /// An amount; absent means 0.
    pub(super) fn decimal(&self, key: &str) -> Read<Decimal> {
        let parse = |text: String| {
            let text = text.trim();
            let exact = text.parse().or_else(|_| Decimal::from_scientific(text));
            exact.map_err(|_| self.wrong(key, "a decimal number of at most 28 digits"))
        };
        self.text(key)?.map_or(Ok(Decimal::ZERO), parse)
    }

    /// A switch: a JSON boolean, or `true` and `false` as text.
    pub(super) fn switch(&self, key: &str) -> Read<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(on)) => Ok(Some(*on)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    /// A moment in ISO 8601; one without a zone is UTC (1.5).
    pub(super) fn moment(&self, key: &str) -> Read<Option<Ticks>> {
        let parse = |text: String| {
            let zoned = text.parse::<Timestamp>();
            let utc = || text.parse::<DateTime>()?.to_zoned(jiff::tz::TimeZone::UTC);
            let at = zoned.or_else(|_| utc().map(|zoned| zoned.timestamp()));
            at.map(Ticks::from_timestamp)
                .map_err(|_| self.wrong(key, "a moment in ISO 8601"))
        };
        self.text(key)?.map(parse).transpose()
    }
}

/// The value of a key: the spelling asked for goes before others.
fn find<'a>(members: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let any_case = || {
        let mut entries = members.iter();
        entries.find_map(|(name, value)| name.eq_ignore_ascii_case(key).then_some(value))
    };
    members.get(key).or_else(any_case)
}

fn wrong(path: String, rule: &'static str) -> ConfigurationFault {
    ConfigurationFault::Wrong { path, rule }
}
