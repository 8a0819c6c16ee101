//! The rules: alerts and recorded series, as Prometheus reads them from its files.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use yaml_rust2::{Yaml, YamlLoader};

use super::{files, folder};

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    groups: Vec<Group>,
}

/// Rules that are evaluated one after the other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How often they are evaluated; none = as Prometheus is told.
    pub interval: Option<String>,
    /// The rules.
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Rule {
    Alert(Alert),
    Recorded(Recorded),
}

/// What somebody is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its name.
    #[serde(rename = "alert")]
    pub name: String,
    /// It is so while this finds something.
    pub expr: String,
    /// For how long it must be so.
    #[serde(rename = "for")]
    pub lasting: String,
    /// What the series has besides its own labels.
    pub labels: BTreeMap<String, String>,
    /// What is said.
    pub annotations: BTreeMap<String, String>,
}

/// A series computed from others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Its name.
    pub record: String,
    /// What it is.
    pub expr: String,
}

/// Every group of every file.
#[must_use]
pub fn groups() -> Vec<Group> {
    let read = files(&folder().join("rules"), ".yaml");
    let parsed = read.iter().map(|(path, text)| {
        from_yaml::<File>(text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
    });
    parsed.flat_map(|file| file.groups).collect()
}

/// Every alert.
#[must_use]
pub fn alerts() -> Vec<Alert> {
    let rules = groups().into_iter().flat_map(|group| group.rules);
    rules
        .filter_map(|rule| match rule {
            Rule::Alert(alert) => Some(alert),
            Rule::Recorded(_) => None,
        })
        .collect()
}

/// Every recorded series.
#[must_use]
pub fn recorded() -> Vec<Recorded> {
    let rules = groups().into_iter().flat_map(|group| group.rules);
    rules
        .filter_map(|rule| match rule {
            Rule::Recorded(recorded) => Some(recorded),
            Rule::Alert(_) => None,
        })
        .collect()
}

/// Reads a YAML file of one document.
///
/// # Errors
/// What is wrong with it.
pub fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let documents = YamlLoader::load_from_str(text).map_err(|fault| fault.to_string())?;
    let [document] = documents.as_slice() else {
        return Err(format!("{} documents", documents.len()));
    };
    serde_json::from_value(to_json(document)?).map_err(|fault| fault.to_string())
}

fn to_json(yaml: &Yaml) -> Result<serde_json::Value, String> {
    use serde_json::Value;
    Ok(match yaml {
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Real(number) => Value::from(number.as_str()),
        Yaml::Boolean(truth) => Value::from(*truth),
        Yaml::Null => Value::Null,
        Yaml::Array(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Hash(members) => {
            let member = |(key, value): (&Yaml, &Yaml)| match key {
                Yaml::String(key) => Ok((key.clone(), to_json(value)?)),
                other => Err(format!("a key that is no text: {other:?}")),
            };
            Value::Object(members.iter().map(member).collect::<Result<_, String>>()?)
        }
        Yaml::Alias(_) | Yaml::BadValue => return Err("an alias or a bad value".to_owned()),
    })
}
