//! The example cashboxes: made once with random ids and tokens, and kept. Each has a queue and a simulated TSE of its
//! own. The files are those of the configuration service, so whatever else is put into the directory is served too.

use std::fs;
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::clock::Ticks;
use shared::identity::{CashBoxId, QueueId, ScuId};

use super::data_dir::{random_hex, write_whole};

/// The package that stands for a simulated TSE.
const SIMULATOR: &str = "Byodc.SCU.DE.Simulator";

/// A cashbox that the configuration service serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cashbox {
    /// Its id.
    pub id: CashBoxId,
    /// Its access token.
    pub token: String,
    /// When its document was built.
    pub built_at: Ticks,
    /// Whether its TSE is simulated, so that receipts can be tried on it.
    pub simulated: bool,
}

/// Every cashbox of a directory, which gets new ones until there are `count`.
///
/// # Errors
/// The directory cannot be read or written to. Broken documents are left out: the configuration service tells of them.
pub fn at_least(directory: &Path, count: u32) -> anyhow::Result<Vec<Cashbox>> {
    let told = || format!("keeping example cashboxes in {}", directory.display());
    let mut cashboxes = existing(directory).with_context(told)?;
    for number in cashboxes.len() + 1..=count as usize {
        cashboxes.push(create(directory, number).with_context(told)?);
    }
    cashboxes.sort_by_key(|cashbox| cashbox.id);
    Ok(cashboxes)
}

fn existing(directory: &Path) -> std::io::Result<Vec<Cashbox>> {
    let mut cashboxes = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            cashboxes.extend(read(&path));
        }
    }
    Ok(cashboxes)
}

fn read(path: &Path) -> Option<Cashbox> {
    let document: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    Some(Cashbox {
        id: path.file_stem()?.to_str()?.parse().ok()?,
        token: fs::read_to_string(path.with_extension("token"))
            .ok()?
            .trim()
            .to_owned(),
        built_at: Ticks(document["TimeStamp"].as_i64().unwrap_or_default()),
        simulated: document["ftSignaturCreationDevices"][0]["Package"] == SIMULATOR,
    })
}

fn create(directory: &Path, number: usize) -> std::io::Result<Cashbox> {
    let cashbox = Cashbox {
        id: CashBoxId::random(),
        token: random_hex(),
        built_at: Ticks::from_timestamp(Timestamp::now()),
        simulated: true,
    };
    let document = format!("{:#}\n", document(&cashbox, number));
    // The token first: a document without one would be told as a fault.
    write_whole(
        &directory.join(format!("{}.token", cashbox.id)),
        cashbox.token.as_bytes(),
    )?;
    write_whole(
        &directory.join(format!("{}.json", cashbox.id)),
        document.as_bytes(),
    )?;
    Ok(cashbox)
}

/// A document as fiscal specification 2.6 shows it, with what is needed.
fn document(cashbox: &Cashbox, number: usize) -> Value {
    let (id, built_at) = (cashbox.id, cashbox.built_at);
    let (queue, scu) = (QueueId::random(), ScuId::random());
    json!({
        "ftCashBoxId": id,
        "TimeStamp": built_at,
        "helpers": [],
        "ftSignaturCreationDevices": [
            { "Id": scu, "Package": SIMULATOR, "Version": "latest", "Configuration": {}, "Url": [] }
        ],
        "ftQueues": [{
            "Id": queue, "Package": "Byodc.Queue", "Version": "latest", "Url": [],
            "Configuration": {
                "init_ftCashBox": { "ftCashBoxId": id, "TimeStamp": built_at },
                "init_ftQueue": [{
                    "ftQueueId": queue, "ftCashBoxId": id, "CountryCode": "DE", "Timeout": 15000, "TimeStamp": built_at
                }],
                "init_ftQueueDE": [{
                    "ftQueueDEId": queue, "ftSignaturCreationUnitDEId": scu,
                    "CashBoxIdentification": format!("KASSE-{number}"), "TimeStamp": built_at
                }],
                "init_ftSignaturCreationUnitDE": [{
                    "ftSignaturCreationUnitDEId": scu, "Url": "[\"simulator\"]", "TimeStamp": built_at, "Mode": 0
                }],
                "init_masterData": master_data(),
            },
        }],
    })
}

fn master_data() -> Value {
    json!({
        "Account": {
            "AccountId": "a0000000-0000-4000-8000-000000000001", "AccountName": "Muster GmbH", "Street": "Weg 1",
            "Zip": "10115", "City": "Berlin", "Country": "DE", "TaxId": "12/345/67890", "VatId": "DE000000000"
        },
        "Outlet": {
            "OutletId": "a0000000-0000-4000-8000-000000000002", "OutletName": "Filiale 7", "Street": "Weg 2",
            "Zip": "10115", "City": "Berlin", "Country": "DE", "VatId": "DE000000000", "LocationId": null
        },
        "Agencies": [],
        "PosSystems": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cashboxes_are_kept_and_only_the_missing_ones_are_made() {
        let directory = tempfile::tempdir().unwrap();
        let two = at_least(directory.path(), 2).unwrap();
        let three = at_least(directory.path(), 3).unwrap();
        assert_eq!(three.len(), 3);
        assert!(two.iter().all(|cashbox| three.contains(cashbox)));
        assert_eq!(at_least(directory.path(), 1).unwrap(), three);
    }

    #[test]
    fn what_is_made_is_in_order_for_the_configuration_service_and_for_a_pod() {
        let directory = tempfile::tempdir().unwrap();
        let cashbox = at_least(directory.path(), 1).unwrap().remove(0);
        let text = fs::read_to_string(directory.path().join(format!("{}.json", cashbox.id))).unwrap();
        assert_eq!(
            crate::config_service::document::check(text.as_bytes(), cashbox.id),
            Ok(())
        );
        backend::cashbox::configuration::CashboxConfiguration::read(&text, cashbox.id, Ticks(0)).unwrap();
    }
}
