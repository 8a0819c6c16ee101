//! What the queue engine is told of a configuration.

use super::configuration::CashboxConfiguration;
use super::configuration::options::{TarExport, UnknownReceiptRequest};
use crate::queue::engine::{AfterMigration, DailyClosing, QueueOptions, WhenNotFound};
use crate::queue::export::KeepExports;
use crate::queue::signatures::OptionalMark;

/// The build, as it is stored with each request.
const PROCESSING_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the queue engine is told of a configuration.
pub(super) fn of(configuration: &CashboxConfiguration) -> QueueOptions {
    let options = &configuration.options;
    QueueOptions {
        cashbox: configuration.cashbox,
        is_sandbox: options.sandbox,
        optional_mark: if options.flag_optional_signatures {
            OptionalMark::Shown
        } else {
            OptionalMark::Hidden
        },
        when_not_found: match options.unknown_receipt_request {
            UnknownReceiptRequest::AnswerNothing => WhenNotFound::AnswerNothing,
            UnknownReceiptRequest::Sign => WhenNotFound::SignNow,
        },
        keep_exports: match options.tar_export {
            TarExport::All => KeepExports::All,
            TarExport::None => KeepExports::Nothing,
            TarExport::Erased => KeepExports::Erased,
        },
        master_data: configuration.seed.master_data.clone(),
        daily_closing: match options.close_open_transactions_on_daily_closing {
            true => DailyClosing::ClosesAll,
            false => DailyClosing::AsAsked,
        },
        after_migration: match options.runs_in_the_cloud {
            true => AfterMigration::GoOn,
            false => AfterMigration::Refuse,
        },
        culture: options.caption_culture,
        processing_version: PROCESSING_VERSION.to_owned(),
    }
}
