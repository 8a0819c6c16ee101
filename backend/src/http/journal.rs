//! `…/journal`: what a queue has recorded, streamed a page at a time (`fiscal-spec.md` chapter 7).
//!
//! The first page is read before the head goes out, so that what cannot be read is an error status and not half a
//! journal. A failure after that breaks the stream: a truncated array is no JSON, so nobody takes it for whole.

/// Which journal a number means.
pub mod kind;
/// Rows as JSON.
pub mod rows;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::Response;
use futures::{Stream, StreamExt as _, stream};
use shared::api::journal::JournalRequest;
use shared::api::refusal::Refusal;
use shared::clock::Ticks;
use shared::identity::QueueId;

use super::Pod;
use super::auth::Said;
use super::extract::Addressed;
use super::reply::{self, Failure};
use crate::cashbox::error::CashboxError;
use crate::journal::entry::{JournalKind, JournalPage, JournalQuery, JournalRange};
use crate::journal::{JournalError, JournalStore};
use kind::Kind;

/// Rows of a page: some hundred kilobytes of requests and answers.
const PAGE_ROWS: u32 = 100;

/// Streams a journal.
pub async fn journal(
    State(pod): State<Arc<Pod>>,
    RawQuery(query): RawQuery,
    addressed: Addressed,
) -> Response<Body> {
    let said = match request(query.as_deref()) {
        Ok((kind, request)) => served(&pod, &addressed, kind, request).await,
        Err(failure) => Said::early(failure),
    };
    said.respond(&pod, &addressed)
}

fn request(query: Option<&str>) -> Result<(Kind, JournalRequest), Failure> {
    let request = JournalRequest::from_query(query.unwrap_or_default()).map_err(|error| Failure::Query {
        detail: error.to_string(),
    })?;
    let kind = Kind::of(request.kind).map_err(|error| Failure::Journal {
        detail: error.to_string(),
    })?;
    Ok((kind, request))
}

async fn served(pod: &Pod, addressed: &Addressed, kind: Kind, request: JournalRequest) -> Said {
    let visit = addressed.visit();
    match kind {
        Kind::Version => Said::of(pod.registry.visit(&visit).await, |()| {
            Ok(reply::json(rows::version()))
        }),
        Kind::Configuration => Said::of(pod.registry.describe(&visit).await, |described| {
            Ok(reply::json(rows::configuration(&described)))
        }),
        Kind::German => Said::of(pod.registry.describe(&visit).await, |described| {
            Ok(reply::json(rows::german(&described)))
        }),
        Kind::Rows(kind) => {
            let found = pod.registry.find(&visit).await;
            let epoch = found
                .as_ref()
                .ok()
                .map(crate::cashbox::handle::CashboxHandle::epoch);
            let answer = match found {
                Ok(handle) => streamed(pod.journal.clone(), handle.queue(), kind, request).await,
                Err(error) => Err(error.into()),
            };
            Said { epoch, answer }
        }
    }
}

async fn streamed(
    journal: Arc<dyn JournalStore>,
    queue: QueueId,
    kind: JournalKind,
    request: JournalRequest,
) -> Result<Response<Body>, Failure> {
    let mut reader = Reader::new(journal, queue, kind, request);
    let first = reader.page().await.map_err(|error| {
        tracing::warn!(%queue, error = &error as &dyn std::error::Error, "a journal cannot be read");
        match error {
            JournalError::Unusable { .. } => CashboxError::Broken,
            _ => Refusal::JournalUnavailable.into(),
        }
    })?;
    Ok(reply::json(Body::from_stream(array(reader, first))))
}

/// The array, a page at a time.
fn array(reader: Reader, first: Option<JournalPage>) -> impl Stream<Item = Result<Bytes, JournalError>> {
    let mut beginning = "[".to_owned();
    let is_empty = first.as_ref().is_none_or(|page| page.rows.is_empty());
    if let Some(first) = &first {
        rows::write_page(&mut beginning, reader.queue, first);
    }
    let rest = stream::try_unfold((reader, is_empty), |(mut reader, is_empty)| async move {
        let page = reader.page().await.inspect_err(|error| {
            tracing::warn!(queue = %reader.queue, error = error as &dyn std::error::Error, "a journal broke off");
        })?;
        let Some(page) = page else { return Ok(None) };
        let mut text = String::new();
        if !is_empty && !page.rows.is_empty() {
            text.push(',');
        }
        rows::write_page(&mut text, reader.queue, &page);
        let is_empty = is_empty && page.rows.is_empty();
        Ok(Some((Bytes::from(text), (reader, is_empty))))
    });
    stream::iter([Ok(Bytes::from(beginning))])
        .chain(rest)
        .chain(stream::iter([Ok(Bytes::from_static(b"]"))]))
}

/// Reads a part of a journal page by page.
#[derive(Debug)]
struct Reader {
    journal: Arc<dyn JournalStore>,
    queue: QueueId,
    /// The next page; none after the last.
    next: Option<JournalQuery>,
}

impl Reader {
    /// `to` above 0 is a moment, 0 the end, below 0 a number of rows (7.2).
    fn new(
        journal: Arc<dyn JournalStore>,
        queue: QueueId,
        kind: JournalKind,
        request: JournalRequest,
    ) -> Self {
        let from = Ticks(request.from);
        let range = match request.to {
            to if to > 0 => JournalRange::Between(from, Ticks(to)),
            0 => JournalRange::From(from),
            rows => JournalRange::First {
                from,
                count: rows.unsigned_abs(),
            },
        };
        let next = Some(JournalQuery {
            kind,
            range,
            after: None,
            limit: PAGE_ROWS,
        });
        Self { journal, queue, next }
    }

    /// The next page; none after the last.
    async fn page(&mut self) -> Result<Option<JournalPage>, JournalError> {
        let Some(query) = self.next.take() else {
            return Ok(None);
        };
        let page = self.journal.read(self.queue, &query).await?;
        self.next = query.following(&page);
        Ok(Some(page))
    }
}
