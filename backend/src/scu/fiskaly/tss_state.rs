//! What a TSS says of itself, and its life (`fiscal-spec.md` 5.2, 5.3 and 6.1).

use serde_json::json;

use super::call::{Call, Failure, read};
use super::clients::registered;
use super::transaction::ACTIVE;
use super::wire::{TssBody, TxBody};
use crate::scu::ScuError;
use crate::scu::types::{TseInfo, TseState};

/// The state in which a TSS is delivered; nothing can be done with it before its PIN was set.
const CREATED: &str = "CREATED";
/// The state of a TSS that is no more.
const DELETED: &str = "DELETED";

impl Call<'_> {
    /// What the TSS says of itself: itself, its clients and its open transactions, asked for at once.
    ///
    /// # Errors
    /// When it does not answer, or is deleted.
    pub async fn info(&self) -> Result<TseInfo, ScuError> {
        let active = format!("tx?states[]={ACTIVE}");
        let (tss, clients, open) =
            tokio::try_join!(self.tss(), self.all_clients(), self.whole_list::<TxBody>(&active))?;
        let (clients, open) = (registered(&clients), numbers(&open));
        let open_count = tss.number_active_transactions.unwrap_or(open.len() as u64);
        let max = |max: Option<u64>| max.map_or(i32::MAX.into(), signed);
        Ok(TseInfo {
            max_number_of_clients: max(tss.max_number_registered_clients),
            current_number_of_clients: signed(clients.len() as u64),
            current_client_ids: Some(clients),
            max_number_of_started_transactions: max(tss.max_number_active_transactions),
            current_number_of_started_transactions: signed(open_count),
            current_started_transaction_numbers: Some(open),
            max_number_of_signatures: i64::MAX,
            current_number_of_signatures: signed(tss.signature_counter.unwrap_or(0)),
            max_log_memory_size: i64::MAX,
            current_log_memory_size: -1,
            current_state: state_of(&tss.state),
            firmware_identification: tss.version,
            certification_identification: Some(self.tss.settings.certification.clone()),
            signature_algorithm: tss.signature_algorithm,
            log_time_format: tss.signature_timestamp_format,
            serial_number_octet: tss.serial_number,
            public_key_base64: tss.public_key,
            certificates_base64: Some(tss.certificate.into_iter().collect()),
            info: None,
        })
    }

    /// The TSS as it is now.
    ///
    /// # Errors
    /// When it does not answer, or is deleted.
    pub async fn tss(&self) -> Result<TssBody, Failure> {
        let tss: TssBody = read(&self.get("").await?)?;
        match (tss.state.as_str(), tss.env.as_deref()) {
            (DELETED, Some("TEST")) => Err(Failure::ours(self.tss.deleted())),
            (DELETED, _) => Err(Failure::ours(format!("The TSS {} was deleted.", self.tss.id))),
            _ => Ok(tss),
        }
    }

    /// Moves the TSS through its life. To be initialised twice is fine, nothing follows the end, and a wish to be
    /// uninitialised again is ignored (5.3).
    ///
    /// # Errors
    /// When the TSS is not ready for it, has ended, or does not answer.
    pub async fn move_to(&self, wish: TseState) -> Result<TseState, ScuError> {
        let tss = self.tss().await?;
        let now = state_of(&tss.state);
        if tss.state == CREATED {
            return Err(Failure::ours(format!(
                "The TSS {} is in the state CREATED: it has to be personalised at fiskaly, with its admin PIN set, before it \
                 can be used.",
                self.tss.id
            ))
            .into());
        }
        let word = match (now, wish) {
            (now, wish) if now == wish => return Ok(now),
            (now, TseState::Uninitialized) => return Ok(now),
            (TseState::Terminated, _) => {
                return Err(Failure::ours(format!(
                    "The TSS {} is {} for good and cannot become {}.",
                    self.tss.id,
                    now.name(),
                    wish.name()
                ))
                .into());
            }
            (_, TseState::Initialized) => "INITIALIZED",
            (_, TseState::Terminated) => "DISABLED",
        };
        let body = json!({ "state": word });
        let moved = self.as_admin(|| self.patch("", &body)).await?;
        let moved: TssBody = read(&moved)?;
        Ok(state_of(&moved.state))
    }
}

fn state_of(word: &str) -> TseState {
    match word {
        "INITIALIZED" => TseState::Initialized,
        "DISABLED" => TseState::Terminated,
        _ => TseState::Uninitialized,
    }
}

fn numbers(open: &[TxBody]) -> Vec<u64> {
    let mut numbers: Vec<u64> = open.iter().map(|tx| tx.number).collect();
    numbers.sort_unstable();
    numbers
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
