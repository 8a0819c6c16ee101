//! The master data of a queue: who runs the register, where, for whom and with what (`fiscal-spec.md` 8.2).
//!
//! Configurations write it in any letter case and with members of their own; what is compared, stored and printed is
//! always this form. Every member may be null.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::entry::MasterDataJson;

/// Account, outlet, agencies and POS systems, in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MasterData {
    /// Who runs the register.
    pub account: Option<Account>,
    /// Where it stands.
    pub outlet: Option<Outlet>,
    /// For whom it sells, too.
    #[serde(deserialize_with = "list")]
    pub agencies: Vec<Agency>,
    /// With what.
    #[serde(deserialize_with = "list")]
    pub pos_systems: Vec<PosSystem>,
}

/// Who runs the register (`AccountMasterData`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the members are the original's and named by it")]
pub struct Account {
    pub account_id: Option<String>,
    pub account_name: Option<String>,
    pub street: Option<String>,
    pub zip: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub vat_id: Option<String>,
    pub tax_id: Option<String>,
}

/// Where the register stands (`OutletMasterData`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the members are the original's and named by it")]
pub struct Outlet {
    pub outlet_id: Option<String>,
    pub outlet_name: Option<String>,
    pub street: Option<String>,
    pub zip: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub vat_id: Option<String>,
    pub location_id: Option<String>,
}

/// For whom the register sells, too (`AgencyMasterData`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the members are the original's and named by it")]
pub struct Agency {
    pub agency_id: Option<String>,
    pub name: Option<String>,
    pub street: Option<String>,
    pub zip: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub vat_id: Option<String>,
    pub tax_id: Option<String>,
}

/// What the register runs on (`PosSystemMasterData`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(missing_docs, reason = "the members are the original's and named by it")]
pub struct PosSystem {
    pub pos_system_id: Option<String>,
    pub brand: Option<String>,
    pub model: Option<String>,
    pub software_version: Option<String>,
    pub base_currency: Option<String>,
    #[serde(rename = "Type")]
    pub kind: Option<String>,
}

/// Every member's name as it is written.
const NAMES: [&str; 23] = [
    "Account",
    "Outlet",
    "Agencies",
    "PosSystems",
    "AccountId",
    "AccountName",
    "OutletId",
    "OutletName",
    "AgencyId",
    "Name",
    "Street",
    "Zip",
    "City",
    "Country",
    "VatId",
    "TaxId",
    "LocationId",
    "PosSystemId",
    "Brand",
    "Model",
    "SoftwareVersion",
    "BaseCurrency",
    "Type",
];

impl MasterData {
    /// Reads a document as a configuration or a journal holds it.
    ///
    /// # Errors
    /// When it is no JSON, or not of this shape.
    pub fn read(document: &MasterDataJson) -> Result<Self, serde_json::Error> {
        let value: Value = serde_json::from_str(&document.0)?;
        serde_json::from_value(in_our_form(value))
    }

    /// The document, its members in the order of the tables.
    #[must_use]
    pub fn to_json(&self) -> MasterDataJson {
        MasterDataJson(serde_json::to_string(self).expect("it has only text keys"))
    }
}

/// A list that is null is an empty one.
fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Names in our spelling, ids in lower case with dashes, numbers and switches as texts.
fn in_our_form(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (our_name(name), in_our_form(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(in_our_form).collect(),
        Value::String(text) => Value::String(our_id(text)),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(switch) => Value::String(switch.to_string()),
        Value::Null => Value::Null,
    }
}

fn our_name(name: String) -> String {
    let ours = NAMES.iter().find(|ours| ours.eq_ignore_ascii_case(&name));
    ours.map_or(name, |ours| (*ours).to_owned())
}

fn our_id(text: String) -> String {
    const CHARS_OF_AN_ID: usize = 36;
    match Uuid::parse_str(&text) {
        Ok(id) if text.len() == CHARS_OF_AN_ID => id.to_string(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MasterData, serde_json::Error> {
        MasterData::read(&MasterDataJson(text.to_owned()))
    }

    #[test]
    fn what_is_missing_is_written_as_null_and_lists_are_empty() {
        let nothing = r#"{"Account":null,"Outlet":null,"Agencies":[],"PosSystems":[]}"#;
        assert_eq!(MasterData::default().to_json().0, nothing);
        assert_eq!(read(r#"{"Agencies":null}"#).unwrap().to_json().0, nothing);
    }

    #[test]
    fn two_spellings_of_one_document_are_equal() {
        let ours = read(
            r#"{"Account":{"AccountId":"a0000000-0000-4000-8000-000000000001","AccountName":"Muster GmbH"},
                "PosSystems":[{"Type":"7"}]}"#,
        )
        .unwrap();
        let theirs = read(
            r#"{"posSystems":[{"type":7,"unknown":1}],"outlet":null,
                "account":{"accountName":"Muster GmbH","accountId":"A0000000-0000-4000-8000-000000000001"}}"#,
        )
        .unwrap();
        assert_eq!(ours, theirs);
        let written = ours.to_json();
        assert_eq!(MasterData::read(&written).unwrap(), ours);
        assert_eq!(
            written.0,
            concat!(
                r#"{"Account":{"AccountId":"a0000000-0000-4000-8000-000000000001","AccountName":"Muster GmbH","#,
                r#""Street":null,"Zip":null,"City":null,"Country":null,"VatId":null,"TaxId":null},"Outlet":null,"#,
                r#""Agencies":[],"PosSystems":[{"PosSystemId":null,"Brand":null,"Model":null,"#,
                r#""SoftwareVersion":null,"BaseCurrency":null,"Type":"7"}]}"#
            )
        );
    }

    #[test]
    fn what_is_no_master_data_is_refused() {
        for text in ["", "7", r#"{"Account":"x"}"#, r#"{"Agencies":{}}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
