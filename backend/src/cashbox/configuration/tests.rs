//! What is read out of a document, and which rule each broken one is told.

use std::time::Duration;

use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::json;

use super::example::{CASHBOX, QUEUE, SCU, document};
use super::options::{TarExport, UnknownReceiptRequest};
use super::*;
use crate::queue::signatures::culture::Culture;

const NOW: Ticks = Ticks(640_659_828_306_000_000);
/// The queue's settings in the document.
const KEYS: &str = "/ftQueues/0/Configuration";

fn read(document: &Value) -> Result<CashboxConfiguration, ConfigurationFault> {
    CashboxConfiguration::read(&document.to_string(), CASHBOX, NOW)
}

/// The document with the value at a place replaced, or added to the object there.
fn with(place: &str, value: Value) -> Value {
    let mut document = document();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.insert(key.to_owned(), value);
        }
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{place} is inside {other}"),
    }
    document
}

fn fault(place: &str, value: Value) -> String {
    read(&with(place, value)).unwrap_err().to_string()
}

#[test]
fn the_smallest_documented_configuration_is_enough() {
    let read = read(&document()).unwrap();
    assert_eq!(
        (read.cashbox, read.queue, read.scus[0].scu),
        (CASHBOX, QUEUE, SCU)
    );
    assert_eq!(read.built_at, Ticks(640_600_000_000_000_004));
    let seed = read.seed.clone();
    assert_eq!(seed.queue.country_code, "DE");
    assert_eq!(
        (seed.queue.receipt_numerator, seed.queue.time_stamp),
        (0, Ticks(0))
    );
    assert_eq!(seed.queue_de.cash_box_identification, "KASSE-1");
    assert_eq!(seed.queue_de.scu, Some(SCU));
    assert_eq!(seed.scus[0].url.as_deref(), Some("[\"grpc://localhost:18004\"]"));
    assert_eq!(seed.started.message, "Queue started");
    assert_eq!(read.patience().one_try, Duration::from_secs(15));
    assert_eq!(read.patience().tries, 3);
}

#[test]
fn master_data_are_read_into_the_form_in_which_they_are_kept() {
    let with_master_data = with(
        &format!("{KEYS}/init_masterData"),
        json!({ "outlet": { "outletname": "Filiale 7" }, "more": 1 }),
    );
    let kept = read(&with_master_data).unwrap().seed.master_data.unwrap();
    assert!(
        kept.0
            .contains(r#""Outlet":{"OutletId":null,"OutletName":"Filiale 7","#),
        "{}",
        kept.0
    );
    assert_eq!(read(&document()).unwrap().seed.master_data, None);
}

#[test]
fn culture_and_environment_are_read_in_any_letter_case() {
    let options = |key: &str, value: &str| {
        read(&with(&format!("{KEYS}/{key}"), json!(value)))
            .unwrap()
            .options
    };
    assert_eq!(options("CaptionCulture", "DE").caption_culture, Culture::German);
    assert_eq!(options("captionculture", "").caption_culture, Culture::Invariant);
    assert!(options("launcherenvironment", "Cloud").runs_in_the_cloud);
    assert!(!options("launcherenvironment", "local").runs_in_the_cloud);
}

#[test]
fn the_note_of_a_start_names_addresses_without_what_is_secret_in_them() {
    let urls = json!(["rest://name:hunter2@host:1500/path?key=hunter2", "hunter2"]);
    let read = read(&with("/ftQueues/0/Url", urls)).unwrap();
    let data = read.seed.started.data_json.unwrap();
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(
        data["Configuration"]["QueueUrl"],
        json!(["rest://host:1500/path"])
    );
    assert_eq!(data["Configuration"]["ScuUrl"], json!(["grpc://localhost:18004"]));
}

#[test]
fn rows_are_read_with_every_number_and_moment() {
    let row = json!({
        "ftqueueid": QUEUE, "FTCASHBOXID": CASHBOX, "ftCurrentRow": "7", "ftQueuedRow": 8, "ftReceiptNumerator": 6,
        "ftReceiptTotalizer": "123.450", "ftReceiptHash": "abc=", "StartMoment": "2031-03-04T10:20:30.6",
        "StopMoment": "2031-03-04T11:20:30.6+01:00", "CountryCode": "DE", "Timeout": 15000, "TimeStamp": 5,
    });
    let queue = read(&with(&format!("{KEYS}/init_ftQueue/0"), row))
        .unwrap()
        .seed
        .queue;
    assert_eq!(
        (queue.current_row, queue.queued_row, queue.receipt_numerator),
        (7, 8, 6)
    );
    assert_eq!(queue.receipt_totalizer.to_string(), "123.450");
    assert_eq!((queue.start_moment, queue.stop_moment), (Some(NOW), Some(NOW)));
    assert_eq!((queue.timeout_ms, queue.time_stamp), (15_000, Ticks(5)));
}

#[test]
fn options_are_read_in_both_spellings_of_a_switch() {
    let mut document = document();
    let keys = document.pointer_mut(KEYS).unwrap().as_object_mut().unwrap();
    keys.extend([
        ("SANDBOX".to_owned(), json!("True")),
        ("flagoptionalsignatures".to_owned(), json!(false)),
        ("receiptrequestmode".to_owned(), json!("1")),
        ("TarFileExportMode".to_owned(), json!("erased")),
        ("EnableTarFileExport".to_owned(), json!(false)),
        ("scu-timeout-ms".to_owned(), json!(500)),
        ("scu-max-retries".to_owned(), json!(0)),
        ("previewFeatures".to_owned(), json!({ "x": true })),
    ]);
    let read = read(&document).unwrap();
    assert!(read.options.sandbox && !read.options.flag_optional_signatures);
    assert_eq!(read.options.unknown_receipt_request, UnknownReceiptRequest::Sign);
    assert_eq!(
        read.options.tar_export,
        TarExport::Erased,
        "the newer key goes before the older"
    );
    assert_eq!(
        (read.patience().one_try, read.patience().tries),
        (Duration::from_millis(500), 1)
    );
}

#[test]
fn the_older_switch_of_tar_exports_counts_where_the_newer_key_is_absent() {
    let read = read(&with(&format!("{KEYS}/EnableTarFileExport"), json!(false))).unwrap();
    assert_eq!(read.options.tar_export, TarExport::None);
}

#[test]
fn a_queue_whose_scu_is_being_switched_has_none() {
    let place = format!("{KEYS}/init_ftQueueDE/0/ftSignaturCreationUnitDEId");
    assert_eq!(read(&with(&place, Value::Null)).unwrap().seed.queue_de.scu, None);
}

#[test]
fn a_plain_connection_string_is_told_from_a_sealed_one() {
    let connection = |text: &str| {
        let document = with(&format!("{KEYS}/connectionstring"), json!(text));
        match read(&document).unwrap().connection {
            Some(ConnectionString::Plain(text)) => format!("plain {}", text.expose_secret()),
            Some(ConnectionString::Sealed(text)) => format!("sealed {}", text.expose_secret()),
            None => "none".to_owned(),
        }
    };
    assert_eq!(connection("raw:Server=db"), "plain Server=db");
    assert_eq!(connection("Server=db;Uid=u"), "plain Server=db;Uid=u");
    assert_eq!(connection("bm90aGluZw=="), "sealed bm90aGluZw==");
    assert_eq!(connection(""), "none");
}

#[test]
fn a_document_of_another_cashbox_is_refused() {
    let other = CashBoxId::from_u128(2);
    let found = CashboxConfiguration::read(&document().to_string(), other, NOW).unwrap_err();
    assert_eq!(
        found,
        ConfigurationFault::OtherCashbox {
            asked: other,
            found: CASHBOX
        }
    );
}

#[test]
fn a_cashbox_has_exactly_one_queue() {
    let queue = document()["ftQueues"][0].clone();
    for (value, found) in [(json!([]), 0), (Value::Null, 0), (json!([queue, queue]), 2)] {
        assert_eq!(
            fault("/ftQueues", value),
            format!("ftQueues must have exactly one entry, but has {found}")
        );
    }
}

#[test]
fn a_cashbox_has_an_scu_and_may_have_the_one_that_it_is_switched_to() {
    const LIST: &str = "/ftSignaturCreationDevices";
    let device = |scu: u128| {
        let mut device = document()["ftSignaturCreationDevices"][0].clone();
        device["Id"] = json!(ScuId::from_u128(scu));
        device
    };
    let read_with = |devices: Value| read(&with(LIST, devices));
    let scus: Vec<_> = read_with(json!([device(5), device(0x7777_7777)])).unwrap().scus;
    assert_eq!(
        scus.iter().map(|scu| scu.scu).collect::<Vec<_>>(),
        [ScuId::from_u128(5), SCU]
    );
    for none in [json!([]), Value::Null] {
        assert_eq!(
            fault(LIST, none),
            "an entry of ftSignaturCreationDevices is missing"
        );
    }
    assert_eq!(
        fault(LIST, json!([device(0x7777_7777), device(0x7777_7777)])),
        "ftSignaturCreationDevices[1].Id must be an id that no other entry has"
    );
    let nine: Vec<_> = (0..9).map(device).collect();
    assert_eq!(
        fault(LIST, json!(nine)),
        "ftSignaturCreationDevices must be a list of at most 8 entries"
    );
}

#[test]
fn every_other_rule_is_named_with_its_place() {
    let queue_keys = "ftQueues[0].Configuration";
    for (place, value, expected) in [
        (
            "/ftCashBoxId",
            json!("x"),
            "ftCashBoxId must be a GUID".to_owned(),
        ),
        ("/ftQueues", json!({}), "ftQueues must be a JSON array".to_owned()),
        (
            "/ftQueues/0/Configuration",
            json!(null),
            format!("{queue_keys} is missing"),
        ),
        (
            "/ftQueues/0/Package",
            json!("Abacus"),
            "ftQueues[0].Package must be Byodc.Queue or fiskaltrust.Middleware.Queue.*".to_owned(),
        ),
        (
            "/ftQueues/0/Url",
            json!(["https://cloudcashbox.fiskaltrust.cloud/"]),
            "ftQueues[0].Url must be an address of this site: cloud cashboxes are not served here".to_owned(),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueue",
            json!([]),
            format!("{queue_keys}.init_ftQueue for the queue {QUEUE} is missing"),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueue/0/CountryCode",
            json!("AT"),
            format!("{queue_keys}.init_ftQueue[0].CountryCode must be DE, the only market served here"),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueue/0/ftCurrentRow",
            json!(-1),
            format!("{queue_keys}.init_ftQueue[0].ftCurrentRow must be 0 or more"),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueue/0/ftQueuedRow",
            json!(1.5),
            format!("{queue_keys}.init_ftQueue[0].ftQueuedRow must be a whole number"),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueue/0/StartMoment",
            json!("soon"),
            format!("{queue_keys}.init_ftQueue[0].StartMoment must be a moment in ISO 8601"),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueueDE/0/CashBoxIdentification",
            json!("a;b"),
            format!(
                "{queue_keys}.init_ftQueueDE[0].CashBoxIdentification must be 1 to 70 printable ASCII characters without a semicolon"
            ),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueueDE/0/CashBoxIdentification",
            json!(null),
            format!("{queue_keys}.init_ftQueueDE[0].CashBoxIdentification is missing"),
        ),
        (
            "/ftQueues/0/Configuration/init_ftQueueDE/0/ftSignaturCreationUnitDEId",
            json!(QUEUE),
            format!(
                "{queue_keys}.init_ftQueueDE[0].ftSignaturCreationUnitDEId must be the Id of an entry in ftSignaturCreationDevices"
            ),
        ),
        (
            "/ftQueues/0/Configuration/init_ftSignaturCreationUnitDE",
            json!([]),
            format!("{queue_keys}.init_ftSignaturCreationUnitDE for the SCU {SCU} is missing"),
        ),
        (
            "/ftQueues/0/Configuration/sandbox",
            json!("maybe"),
            format!("{queue_keys}.sandbox must be true or false"),
        ),
        (
            "/ftQueues/0/Configuration/receiptrequestmode",
            json!(2),
            format!("{queue_keys}.receiptrequestmode must be 0 or 1"),
        ),
        (
            "/ftQueues/0/Configuration/TarFileExportMode",
            json!("Some"),
            format!("{queue_keys}.TarFileExportMode must be All, None or Erased"),
        ),
        (
            "/ftQueues/0/Configuration/captionculture",
            json!("fr"),
            format!("{queue_keys}.captionculture must be invariant or de"),
        ),
        (
            "/ftQueues/0/Configuration/init_masterData",
            json!({ "Agencies": {} }),
            format!(
                "{queue_keys}.init_masterData must be an object of Account, Outlet, Agencies and PosSystems"
            ),
        ),
        (
            "/ftQueues/0/Configuration/scu-timeout-ms",
            json!(0),
            format!("{queue_keys}.scu-timeout-ms must be 1 to 600000"),
        ),
        (
            "/ftSignaturCreationDevices/0/Package",
            json!(null),
            "ftSignaturCreationDevices[0].Package is missing".to_owned(),
        ),
    ] {
        assert_eq!(fault(place, value), expected);
    }
}

#[test]
fn what_is_no_json_is_told_where_reading_stopped() {
    let fault = |text| {
        CashboxConfiguration::read(text, CASHBOX, NOW)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        fault("{\n\"a\": }"),
        "the configuration is not JSON: line 2, column 6"
    );
    assert_eq!(fault("[]"), "the configuration must be a JSON object");
}

#[test]
fn no_secret_is_shown() {
    let read = read(&document()).unwrap();
    let shown = format!("{read:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(
        read.scus[0].keys.secret("apisecret").unwrap().expose_secret(),
        "scu-hunter2"
    );
}

/// Any JSON, with the document's own keys among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!(QUEUE)),
    ];
    let key = prop_oneof![
        "[a-zA-Z]{1,8}",
        Just("Id".to_owned()),
        Just("Configuration".to_owned())
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_refused_without_panicking(text in ".{0,200}") {
        prop_assert!(CashboxConfiguration::read(&text, CASHBOX, NOW).is_err());
    }

    #[test]
    fn a_document_with_any_value_in_any_place_is_read_or_refused_without_its_secrets(
        place in prop::sample::select(vec![
            "/ftCashBoxId", "/ftQueues", "/ftQueues/0", "/ftQueues/0/Id", "/ftQueues/0/Url", "/ftQueues/0/Configuration",
            "/ftQueues/0/Configuration/init_ftQueue", "/ftQueues/0/Configuration/init_ftQueue/0",
            "/ftQueues/0/Configuration/init_ftQueue/0/ftReceiptTotalizer", "/ftQueues/0/Configuration/init_masterData",
            "/ftQueues/0/Configuration/init_ftQueueDE/0/CashBoxIdentification", "/ftSignaturCreationDevices/0/Configuration",
            "/TimeStamp",
        ]),
        value in any_json(),
    ) {
        let shown = format!("{:?}", read(&with(place, value)));
        prop_assert!(!shown.contains("hunter2"), "{}", shown);
    }
}
