//! The rows that a queue begins with (`init_*`), and the note that it was started.

use serde_json::json;
use shared::clock::Ticks;
use shared::identity::{CashBoxId, QueueId, QueueItemId, ScuId};
use uuid::Uuid;

use super::fault::ConfigurationFault;
use super::section::Section;
use crate::journal::entry::{ActionJournalRow, MasterDataJson, QueueDeRow, QueueRow, QueueSeed, ScuRow};
use crate::journal::master_data::MasterData;
use crate::scu::package::ScuPackage;

/// The longest `CashBoxIdentification`: what the TSE vendors accept as the serial number of a client.
const IDENTIFICATION_CHARS_MAX: usize = 70;

/// What the rows are made of.
pub(super) struct Source<'a> {
    pub(super) cashbox: CashBoxId,
    /// The queue's entry in `ftQueues`.
    pub(super) package: &'a Section<'a>,
    /// Its `Configuration`.
    pub(super) keys: &'a Section<'a>,
    pub(super) scus: &'a [ScuPackage],
    pub(super) sandbox: bool,
    /// When the configuration was built.
    pub(super) built_at: Ticks,
    /// Now.
    pub(super) at: Ticks,
}

impl<'a> Source<'a> {
    /// The package of the queue's SCU; while it has none, the first.
    fn package_of(&self, scu: Option<ScuId>) -> &'a ScuPackage {
        let named = self.scus.iter().find(|package| Some(package.scu) == scu);
        named.unwrap_or(&self.scus[0])
    }
}

pub(super) fn read(source: &Source<'_>) -> Result<QueueSeed, ConfigurationFault> {
    let queue: QueueId = source.package.id("Id")?;
    let cashbox_time_stamp = match source.keys.optional_section("init_ftCashBox")? {
        Some(cashbox) => cashbox.ticks("TimeStamp")?,
        None => source.built_at,
    };
    let queue_row = queue_row(source, queue)?;
    let queue_de = queue_de_row(source, queue)?;
    let scu = source.package_of(queue_de.scu);
    Ok(QueueSeed {
        cashbox_time_stamp,
        scus: scu_rows(source, scu)?,
        started: started(source, queue, scu)?,
        queue: queue_row,
        queue_de,
        master_data: master_data(source.keys)?,
    })
}

/// The master data in the form in which it is stored and compared (2.4, 4.9.3).
fn master_data(keys: &Section<'_>) -> Result<Option<MasterDataJson>, ConfigurationFault> {
    const KEY: &str = "init_masterData";
    let Some(document) = keys.json_text(KEY).map(MasterDataJson) else {
        return Ok(None);
    };
    match MasterData::read(&document) {
        Ok(read) => Ok(Some(read.to_json())),
        Err(_) => Err(keys.wrong(KEY, "an object of Account, Outlet, Agencies and PosSystems")),
    }
}

/// The entry of a list whose id is the one wanted.
fn entry<'a>(
    keys: &Section<'a>,
    list: &str,
    id_key: &str,
    wanted: QueueId,
) -> Result<Section<'a>, ConfigurationFault> {
    for section in keys.sections(list)? {
        if section.id::<QueueId>(id_key)? == wanted {
            return Ok(section);
        }
    }
    Err(ConfigurationFault::Missing {
        path: format!("{} for the queue {wanted}", keys.path_of(list)),
    })
}

fn queue_row(source: &Source<'_>, queue: QueueId) -> Result<QueueRow, ConfigurationFault> {
    let row = entry(source.keys, "init_ftQueue", "ftQueueId", queue)?;
    if row
        .optional_id("ftCashBoxId")?
        .is_some_and(|cashbox: CashBoxId| cashbox != source.cashbox)
    {
        return Err(row.wrong("ftCashBoxId", "the id of the document's cashbox"));
    }
    let country_code = row.required_text("CountryCode")?;
    if country_code != "DE" {
        return Err(row.wrong("CountryCode", "DE, the only market served here"));
    }
    Ok(QueueRow {
        queue,
        cashbox: source.cashbox,
        current_row: row.count("ftCurrentRow")?,
        queued_row: row.count("ftQueuedRow")?,
        receipt_numerator: row.count("ftReceiptNumerator")?,
        receipt_totalizer: row.decimal("ftReceiptTotalizer")?,
        receipt_hash: row.text("ftReceiptHash")?,
        start_moment: row.moment("StartMoment")?,
        stop_moment: row.moment("StopMoment")?,
        country_code,
        timeout_ms: row.count("Timeout")?,
        time_stamp: row.ticks("TimeStamp")?,
    })
}

fn queue_de_row(source: &Source<'_>, queue: QueueId) -> Result<QueueDeRow, ConfigurationFault> {
    let row = entry(source.keys, "init_ftQueueDE", "ftQueueDEId", queue)?;
    Ok(QueueDeRow {
        scu: queue_scu(&row, source.scus)?,
        last_hash: row.text("LastHash")?,
        cash_box_identification: identification(&row)?,
        sscd_fail_count: row.count("SSCDFailCount")?,
        sscd_fail_moment: row.moment("SSCDFailMoment")?,
        sscd_fail_queue_item: row.optional_id("SSCDFailQueueItemId")?,
        used_failed_count: row.count("UsedFailedCount")?,
        used_failed_moment_min: row.moment("UsedFailedMomentMin")?,
        used_failed_moment_max: row.moment("UsedFailedMomentMax")?,
        used_failed_queue_item: row.optional_id("UsedFailedQueueItemId")?,
        daily_closing_number: row.count("DailyClosingNumber")?,
        time_stamp: row.ticks("TimeStamp")?,
    })
}

/// The queue's SCU. A null means that it is being switched; an absent key means that the document is incomplete.
fn queue_scu(row: &Section<'_>, devices: &[ScuPackage]) -> Result<Option<ScuId>, ConfigurationFault> {
    const KEY: &str = "ftSignaturCreationUnitDEId";
    match row.optional_id(KEY)? {
        Some(scu) if devices.iter().any(|device| device.scu == scu) => Ok(Some(scu)),
        Some(_) => Err(row.wrong(KEY, "the Id of an entry in ftSignaturCreationDevices")),
        None if row.has(KEY) => Ok(None),
        None => Err(ConfigurationFault::Missing {
            path: row.path_of(KEY),
        }),
    }
}

/// The TSE client id. It stands in the QR code between semicolons and in the TSE's log as a printable text.
fn identification(row: &Section<'_>) -> Result<String, ConfigurationFault> {
    const KEY: &str = "CashBoxIdentification";
    let text = row.required_text(KEY)?;
    let fits = (1..=IDENTIFICATION_CHARS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| (byte.is_ascii_graphic() || byte == b' ') && byte != b';');
    if fits {
        Ok(text)
    } else {
        Err(row.wrong(KEY, "1 to 70 printable ASCII characters without a semicolon"))
    }
}

fn scu_rows(source: &Source<'_>, scu: &ScuPackage) -> Result<Vec<ScuRow>, ConfigurationFault> {
    const LIST: &str = "init_ftSignaturCreationUnitDE";
    let rows = source.keys.sections(LIST)?;
    let rows: Vec<ScuRow> = rows.iter().map(scu_row).collect::<Result<_, _>>()?;
    if rows.iter().any(|row| row.scu == scu.scu) {
        return Ok(rows);
    }
    Err(ConfigurationFault::Missing {
        path: format!("{} for the SCU {}", source.keys.path_of(LIST), scu.scu),
    })
}

fn scu_row(row: &Section<'_>) -> Result<ScuRow, ConfigurationFault> {
    Ok(ScuRow {
        scu: row.id("ftSignaturCreationUnitDEId")?,
        url: row.json_text("Url"),
        tse_info_json: row.json_text("TseInfoJson"),
        mode: row.count("Mode")?,
        mode_configuration_json: row.json_text("ModeConfigurationJson"),
        time_stamp: row.ticks("TimeStamp")?,
    })
}

/// Scheme, host and path of each address: what may be read by everybody. A text that is no address is left out.
fn public(urls: &[String]) -> Vec<String> {
    let public = |url: &String| {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        Some(format!("{scheme}://{host}{path}"))
    };
    urls.iter().filter_map(public).collect()
}

/// The "Queue started" action journal (3.4). It names packages, versions and addresses and holds no secret.
fn started(
    source: &Source<'_>,
    queue: QueueId,
    scu: &ScuPackage,
) -> Result<ActionJournalRow, ConfigurationFault> {
    let data = json!({
        "CashBoxId": source.cashbox,
        "QueueId": queue,
        "IsSandbox": source.sandbox,
        "ServiceFolder": null,
        "AssemblyName": "byodc",
        "AssemblyVersion": env!("CARGO_PKG_VERSION"),
        "LauncherEnvironment": source.keys.text("launcherenvironment")?,
        "Configuration": {
            "QueuePackage": source.package.text("Package")?,
            "QueueVersion": source.package.text("Version")?,
            "QueueUrl": public(&source.package.texts("Url")?),
            "ScuPackage": scu.package,
            "ScuVersion": scu.version,
            "ScuUrl": public(&scu.urls),
            "OperatingSystem": std::env::consts::OS,
            "Processor": std::env::consts::ARCH,
            "ConfigurationTimeStamp": source.built_at,
        },
    });
    Ok(ActionJournalRow {
        id: Uuid::new_v4(),
        item: QueueItemId::from_u128(0),
        moment: source.at,
        priority: 0,
        kind: "MiddlewareConfiguration".to_owned(),
        message: "Queue started".to_owned(),
        data_base64: None,
        data_json: Some(data.to_string()),
        time_stamp: source.at,
    })
}
