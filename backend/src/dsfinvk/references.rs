//! Which earlier receipt a receipt names by `cbPreviousReceiptReference`, and which closing that one went into.

use std::collections::HashMap;

use shared::clock::Ticks;
use shared::identity::QueueItemId;

use super::closings::{Closing, Closings};
use super::receipt::Receipt;
use super::value::moment;
use super::{ExportError, Source};

/// Receipts of one reference that are looked through, newest first. A reference that was used more often since is
/// none by which anybody could find a receipt.
const CANDIDATES_MAX: u32 = 100;

/// An earlier receipt of the same queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// Its `BON_ID`.
    pub(super) receipt: String,
    /// `Z_KASSE_ID`, `Z_ERSTELLUNG` and `Z_NR`; none when it is in the same closing as the receipt that names it.
    pub(super) closing: Option<(String, String, i64)>,
}

/// Finds earlier receipts.
#[derive(Debug)]
pub(super) struct References<'a> {
    source: &'a Source,
    closings: &'a Closings,
    /// `Z_ERSTELLUNG` of closings that were looked up.
    moments: HashMap<i64, String>,
}

impl<'a> References<'a> {
    pub(super) fn new(source: &'a Source, closings: &'a Closings) -> Self {
        Self {
            source,
            closings,
            moments: HashMap::new(),
        }
    }

    /// The receipt that a receipt names: the newest one before it that bears the name. None when it names none, or
    /// one that the journal does not know.
    pub(super) async fn of(&mut self, receipt: &Receipt) -> Result<Option<Reference>, ExportError> {
        let named = receipt.request.previous_receipt_reference.as_deref();
        let Some(named) = named.filter(|named| !named.is_empty() && receipt.kind.is_some()) else {
            return Ok(None);
        };
        let journal = &self.source.journal;
        let found = journal.find_by_reference(self.source.queue, named, None, CANDIDATES_MAX);
        for candidate in found.await? {
            if candidate.item.row >= receipt.row {
                continue;
            }
            if let Some(earlier) = Receipt::read(&candidate.item)?.filter(|earlier| earlier.kind.is_some()) {
                return self.to(receipt, &earlier).await.map(Some);
            }
        }
        Ok(None)
    }

    async fn to(&mut self, receipt: &Receipt, earlier: &Receipt) -> Result<Reference, ExportError> {
        let own = self.closings.of_receipt(receipt.item, receipt.time_stamp);
        let others = self.closings.of_receipt(earlier.item, earlier.time_stamp);
        let closing = match others.copied() {
            Some(closing) if own != Some(&closing) => Some((
                earlier.response.cash_box_identification.clone(),
                self.moment_of(closing).await?,
                closing.number,
            )),
            _ => None,
        };
        Ok(Reference {
            receipt: earlier.id().to_owned(),
            closing,
        })
    }

    async fn moment_of(&mut self, closing: Closing) -> Result<String, ExportError> {
        if let Some(known) = self.moments.get(&closing.number) {
            return Ok(known.clone());
        }
        let (_, at) = closing_receipt(self.source, closing).await?;
        let written = moment(at);
        self.moments.insert(closing.number, written.clone());
        Ok(written)
    }
}

/// The row of a closing's receipt and its `Z_ERSTELLUNG`: when the POS closed.
pub(super) async fn closing_receipt(source: &Source, closing: Closing) -> Result<(i64, Ticks), ExportError> {
    let items: [QueueItemId; 1] = [closing.item];
    let found = source.journal.find_items(source.queue, &items).await?;
    let missing = ExportError::ClosingMissing {
        number: closing.number,
    };
    let item = found.into_iter().next().ok_or(missing)?.item;
    Ok((item.row, item.receipt_moment))
}
