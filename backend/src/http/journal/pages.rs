//! A part of a journal, page by page, each asked for when the one before has been given out.

use std::sync::Arc;

use axum::body::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use shared::api::journal::JournalRequest;
use shared::api::moment::Zone;
use shared::clock::Ticks;
use shared::identity::QueueId;

use super::export::{ExportError, Pieces};
use super::rows;
use crate::journal::JournalStore;
use crate::journal::entry::{JournalKind, JournalPage, JournalQuery, JournalRange};

/// Rows of a page, where its bytes do not bound it before.
const PAGE_ROWS: u32 = 500;

/// Which rows of which queue.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where they are.
    pub journal: Arc<dyn JournalStore>,
    /// Whose.
    pub queue: QueueId,
    /// Of which journal.
    pub kind: JournalKind,
    /// Which of them.
    pub range: JournalRange,
}

impl Part {
    /// Its pages, the first of them even where it is empty.
    pub fn pages(self) -> impl Stream<Item = Result<JournalPage, ExportError>> {
        let first = JournalQuery {
            kind: self.kind,
            range: self.range,
            after: None,
            limit: PAGE_ROWS,
        };
        stream::try_unfold(Some(first), move |next| {
            let part = self.clone();
            async move {
                let Some(query) = next else { return Ok(None) };
                let page = part.journal.read(part.queue, &query).await?;
                let next = query.following(&page);
                Ok(Some((page, next)))
            }
        })
    }

    /// Its rows as one array.
    #[must_use]
    pub fn array(self, dates: Zone) -> Pieces {
        let queue = self.queue;
        let begin = (Box::pin(self.pages()), Some("["));
        let pieces = stream::try_unfold(begin, move |(mut pages, before)| async move {
            let Some(before) = before else { return Ok(None) };
            while let Some(page) = pages.try_next().await? {
                if !page.rows.is_empty() {
                    let mut text = String::with_capacity(written_bytes(&page));
                    text.push_str(before);
                    rows::write_page(&mut text, queue, &page, dates);
                    return Ok(Some((Bytes::from(text), (pages, Some(",")))));
                }
            }
            let end = if before == "[" { "[]" } else { "]" };
            Ok(Some((Bytes::from_static(end.as_bytes()), (pages, None))))
        });
        pieces.boxed()
    }
}

/// About what a page takes as text. A text that grows by doubling would need twice as much.
fn written_bytes(page: &JournalPage) -> usize {
    let texts = page.rows.bytes();
    // One byte in eight of a receipt is a quote, and one kB is enough for the other members of a row.
    texts + texts / 8 + 1024 * page.rows.len()
}

/// Which rows a request means: `to` above 0 is a moment, 0 the end, below 0 a number of rows (7, rule 2).
#[must_use]
pub fn range(request: &JournalRequest) -> JournalRange {
    let from = Ticks(request.from);
    match request.to {
        to if to > 0 => JournalRange::Between(from, Ticks(to)),
        0 => JournalRange::From(from),
        rows => JournalRange::First {
            from,
            count: rows.unsigned_abs(),
        },
    }
}
