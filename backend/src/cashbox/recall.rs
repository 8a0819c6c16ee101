//! What a TSE that keeps no identities has signed for an interrupted receipt.
//!
//! The unit finds it by its time, above the last transaction that the journal shows ([`recall`]). Where the TSE is
//! silent now, the unit asks it again before it starts a transaction for the receipt.
//!
//! [`recall`]: crate::scu::Scu::recall

use serde::Deserialize;
use shared::clock::Ticks;

use super::actor::Actor;
use super::books::shown;
use super::ledger::Unread;
use super::trouble::Trouble;
use crate::journal::entry::{JournalKind, JournalQuery, JournalRange, JournalRows, QueueItemRow};
use crate::queue::identification;
use crate::scu::Scu as _;
use crate::scu::types::{Interrupted, SignedStep};

/// How long before the interrupted receipt the journal is read. Whatever the TSE may have signed at about its time was
/// journaled since, with clocks some minutes apart.
const LOOKED_BACK: i64 = 10 * 60 * 10_000_000;
/// Rows of a page.
const PAGE: u32 = 500;

/// The one member of an answer that is looked at.
#[derive(Deserialize)]
struct Identified {
    #[serde(rename = "ftReceiptIdentification")]
    identification: Option<String>,
}

impl Actor {
    /// Everything that the TSE has signed for an interrupted receipt, as far as its identity does not tell.
    pub(super) async fn recall(&self, item: &QueueItemRow) -> Result<Vec<SignedStep>, Trouble> {
        if self.scu.keeps_identities() {
            return Ok(Vec::new());
        }
        let interrupted = Interrupted {
            item: item.item,
            client_id: self.engine.state().queue_de.cash_box_identification.clone(),
            since: item.queue_moment,
            recorded_through: self.recorded_through(item.queue_moment).await?,
        };
        let recalled = async { self.scu.recall(interrupted).await.map_err(Unread::Tse) };
        match shown(recalled).await {
            Ok(steps) => Ok(steps),
            Err(unread) => {
                tracing::info!(cashbox.id = %self.shared.cashbox, row = item.row, ?unread,
                    "the TSE does not say what it has signed for an interrupted receipt; it is asked again before that is signed");
                Ok(Vec::new())
            }
        }
    }

    /// The highest transaction number in the receipts of the time, and among the transactions on record as open.
    async fn recorded_through(&self, moment: Ticks) -> Result<u64, Trouble> {
        let open = self.engine.state().open_transactions.values();
        let mut highest = open.map(|row| row.transaction_number).max().unwrap_or(0);
        let mut query = Some(JournalQuery {
            kind: JournalKind::QueueItem,
            range: JournalRange::From(Ticks(moment.0 - LOOKED_BACK)),
            after: None,
            limit: PAGE,
        });
        while let Some(asked) = query {
            let page = self.parts.journal.read(self.shared.queue, &asked).await;
            let page = page.map_err(|error| Trouble::of_read(&error))?;
            if let JournalRows::QueueItem(items) = &page.rows {
                highest = items.iter().filter_map(transaction_of).fold(highest, u64::max);
            }
            query = asked.following(&page);
        }
        Ok(highest)
    }
}

fn transaction_of(item: &QueueItemRow) -> Option<u64> {
    let answer: Identified = serde_json::from_str(item.response.as_deref()?).ok()?;
    identification::transaction_of(&answer.identification?)
}
