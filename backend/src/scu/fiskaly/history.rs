//! The newest signatures of a client at a TSS: what a journal is compared with before it is continued.
//!
//! fiskaly lists transactions, not signatures: each with the signature that it has now. So two lists are asked for, the
//! transactions that were finished last and those that are open; together they hold the newest signature of every
//! transaction, and the start of one that is finished is behind its finish.

use super::call::{Call, Failure, read};
use super::transaction::{ACTIVE, FINISHED, finished_by, moment, signature, started_by};
use super::wire::{Page, TxBody};
use crate::scu::ScuError;
use crate::scu::types::{SignedStep, StepKind};

/// The longest list that fiskaly gives at once.
pub const PAGE_MAX: usize = 100;

impl Call<'_> {
    /// The newest signatures made for our identities, newest first.
    ///
    /// # Errors
    /// When the TSS does not answer.
    pub async fn last_steps(&self, client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        let Some(client) = self.any_client(client_id).await? else {
            return Ok(Vec::new());
        };
        let of = format!("client/{client}/");
        let open_path = format!("{of}tx?states[]={ACTIVE}&order_by=number&order=desc&limit={PAGE_MAX}");
        let (finished, open) =
            tokio::try_join!(self.newest_finished(Some(&of)), self.list::<TxBody>(&open_path))?;
        let finishes = finished
            .iter()
            .filter_map(|tx| Some((tx, StepKind::Finish, finished_by(tx)?)));
        let starts = open
            .iter()
            .filter_map(|tx| Some((tx, StepKind::Start, started_by(tx)?)));
        let mut steps = Vec::new();
        for (tx, kind, identity) in finishes.chain(starts) {
            let signature = signature(tx);
            steps.push(SignedStep {
                identity,
                kind,
                transaction_number: tx.number,
                counter: signature.counter,
                time: moment(tx.log.timestamp)?,
                signature_base64: signature.signature_base64,
            });
        }
        steps.sort_by_key(|step| std::cmp::Reverse(step.counter));
        steps.truncate(limit);
        Ok(steps)
    }

    /// The transactions that were finished last, of the whole TSS or of a part of it.
    ///
    /// # Errors
    /// When the TSS does not answer.
    pub async fn newest_finished(&self, of: Option<&str>) -> Result<Vec<TxBody>, Failure> {
        let of = of.unwrap_or_default();
        self.list(&format!(
            "{of}tx?states[]={FINISHED}&order_by=time_end&order=desc&limit={PAGE_MAX}"
        ))
        .await
    }

    /// One page of a list.
    ///
    /// # Errors
    /// When the TSS does not answer.
    pub async fn list<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let page: Page<T> = read(&self.get(path).await?)?;
        Ok(page.data)
    }
}
