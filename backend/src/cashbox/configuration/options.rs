//! What a queue may do and leave, as its configuration says (`fiscal-spec.md` 2.2).

use std::time::Duration;

use super::fault::ConfigurationFault;
use super::section::Section;
use crate::queue::signatures::culture::Culture;
use crate::scu::deadline::Patience;

/// The longest try that a configuration may ask for.
const TRY_MS_MAX: i64 = 600_000;
/// The most tries that a configuration may ask for.
const TRIES_MAX: i64 = 20;

/// The switches of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueOptions {
    /// `sandbox`: adds the sandbox signature to every answer.
    pub sandbox: bool,
    /// `FlagOptionalSignatures`, on unless switched off: marks signatures that need not be printed.
    pub flag_optional_signatures: bool,
    /// `receiptrequestmode`: what becomes of a receipt request that matches no stored receipt.
    pub unknown_receipt_request: UnknownReceiptRequest,
    /// `CloseOpenTSETransactionsOnDailyClosing`.
    pub close_open_transactions_on_daily_closing: bool,
    /// `TarFileExportMode`, or the older `EnableTarFileExport`.
    pub tar_export: TarExport,
    /// `launcherenvironment` is `cloud`: a migration receipt does not lock the queue.
    pub runs_in_the_cloud: bool,
    /// `captionculture`, a key of ours: how captions print moments.
    pub caption_culture: Culture,
    /// `useposapi`: receipts are to be uploaded as digital receipts.
    pub use_pos_api: bool,
}

/// What becomes of a receipt request that matches no stored receipt (3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownReceiptRequest {
    /// 0: it is answered with nothing.
    AnswerNothing,
    /// 1: it is signed as if it had not been a request for a receipt.
    Sign,
}

/// Which exports of the TSE a closing keeps (4.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TarExport {
    /// Every one.
    All,
    /// None; nothing is exported.
    None,
    /// Only those that the TSE erased afterwards.
    Erased,
}

impl QueueOptions {
    pub(super) fn read(keys: &Section<'_>) -> Result<Self, ConfigurationFault> {
        let on = |key, default| Ok(keys.switch(key)?.unwrap_or(default));
        Ok(Self {
            sandbox: on("sandbox", false)?,
            flag_optional_signatures: on("FlagOptionalSignatures", true)?,
            unknown_receipt_request: unknown_receipt_request(keys)?,
            close_open_transactions_on_daily_closing: on("CloseOpenTSETransactionsOnDailyClosing", false)?,
            tar_export: tar_export(keys)?,
            runs_in_the_cloud: runs_in_the_cloud(keys)?,
            caption_culture: caption_culture(keys)?,
            use_pos_api: on("useposapi", false)?,
        })
    }
}

fn unknown_receipt_request(keys: &Section<'_>) -> Result<UnknownReceiptRequest, ConfigurationFault> {
    match keys.integer("receiptrequestmode")? {
        None | Some(0) => Ok(UnknownReceiptRequest::AnswerNothing),
        Some(1) => Ok(UnknownReceiptRequest::Sign),
        Some(_) => Err(keys.wrong("receiptrequestmode", "0 or 1")),
    }
}

fn runs_in_the_cloud(keys: &Section<'_>) -> Result<bool, ConfigurationFault> {
    let environment = keys.text("launcherenvironment")?;
    Ok(environment.is_some_and(|environment| environment.eq_ignore_ascii_case("cloud")))
}

fn caption_culture(keys: &Section<'_>) -> Result<Culture, ConfigurationFault> {
    const KEY: &str = "captionculture";
    let culture = keys.text(KEY)?.map(|culture| culture.to_ascii_lowercase());
    match culture.as_deref() {
        None | Some("" | "invariant") => Ok(Culture::Invariant),
        Some("de" | "de-de") => Ok(Culture::German),
        Some(_) => Err(keys.wrong(KEY, "invariant or de")),
    }
}

fn tar_export(keys: &Section<'_>) -> Result<TarExport, ConfigurationFault> {
    let Some(mode) = keys.text("TarFileExportMode")? else {
        // The older switch counts only where the newer key is absent.
        let exported = keys.switch("EnableTarFileExport")?.unwrap_or(true);
        return Ok(if exported { TarExport::All } else { TarExport::None });
    };
    match mode.to_ascii_lowercase().as_str() {
        "all" => Ok(TarExport::All),
        "none" => Ok(TarExport::None),
        "erased" => Ok(TarExport::Erased),
        _ => Err(keys.wrong("TarFileExportMode", "All, None or Erased")),
    }
}

/// How long and how often the TSE is asked; the keys stand with the queue, not with the SCU.
pub(super) fn patience(keys: &Section<'_>) -> Result<Patience, ConfigurationFault> {
    let default = Patience::default();
    let try_ms = match keys.integer("scu-timeout-ms")? {
        None => default.one_try,
        Some(ms @ 1..=TRY_MS_MAX) => Duration::from_millis(ms.unsigned_abs()),
        Some(_) => return Err(keys.wrong("scu-timeout-ms", "1 to 600000")),
    };
    let tries = match keys.integer("scu-max-retries")? {
        None => default.tries,
        Some(tries @ 0..=TRIES_MAX) => u32::try_from(tries.max(1)).expect("at most 20"),
        Some(_) => return Err(keys.wrong("scu-max-retries", "0 to 20")),
    };
    Ok(Patience {
        one_try: try_ms,
        tries,
        ..default
    })
}
