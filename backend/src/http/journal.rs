//! `…/journal`: what a queue has recorded, streamed (`fiscal-spec.md` chapter 7).
//!
//! ```text
//! query → kind ─ version, configuration, German queue ──▶ small, whole
//!              ├ rows ──────▶ pages of the journal ─────┐
//!              ├ TSE's TAR ─▶ parts from the unit ──────┼▶ export: place, first piece, head, pieces
//!              ├ DSFinV-K ──▶ closings in a ZIP ────────┤
//!              └ stored TARs ▶ rows unpacked one by one ┘
//! ```
//!
//! The first piece is there before the head goes out, so that what cannot be read is an error status and not half a
//! journal. A failure after that breaks the stream: nobody takes a part for the whole. Every journal is given out by
//! the pod that hosts the cashbox, since only there the caller is known; rows are read from the database beside it.

/// How they are given out.
pub mod config;
/// Which journal a number means.
pub mod kind;
/// One export on its way out.
pub mod export;
/// Rows, page by page.
pub mod pages;
/// Rows as JSON.
pub mod rows;
/// What the TSE exports now.
pub mod tse_tar;
/// What was exported into the journal.
pub mod stored_tars;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::Response;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use shared::api::journal::JournalRequest;
use shared::clock::Ticks;
use shared::identity::QueueId;

use super::auth::Said;
use super::extract::Addressed;
use super::failure::Failure;
use super::{Pod, reply};
use crate::cashbox::handle::CashboxHandle;
use crate::cashbox::registry::Visit;
use crate::dsfinvk::{self, Source};
use crate::journal::entry::JournalKind;
use crate::scu::types::ExportScope;
use export::{ExportError, Form, Pieces};
use kind::Kind;
use pages::Part;

/// Streams a journal.
pub async fn journal(
    State(pod): State<Arc<Pod>>,
    RawQuery(query): RawQuery,
    addressed: Addressed,
) -> Response<Body> {
    let said = match JournalRequest::from_query(query.as_deref().unwrap_or_default()) {
        Ok(request) => asked(&pod, &addressed.visit(), request).await,
        Err(error) => Said::early(Failure::Query {
            detail: error.to_string(),
        }),
    };
    said.respond(&pod, &addressed)
}

/// What a pod says to a request for a journal, however it was asked.
pub async fn asked(pod: &Pod, visit: &Visit, request: JournalRequest) -> Said {
    let dates = pod.exports.config().dates;
    match Kind::of(request.kind) {
        Err(error) => Said::early(Failure::Journal {
            detail: error.to_string(),
        }),
        Ok(Kind::Version) => Said::of(pod.registry.visit(visit).await, |()| {
            Ok(reply::json(rows::version()))
        }),
        Ok(Kind::Configuration) => Said::of(pod.registry.describe(visit).await, |described| {
            Ok(reply::json(rows::configuration(&described, dates)))
        }),
        Ok(Kind::German) => Said::of(pod.registry.describe(visit).await, |described| {
            Ok(reply::json(rows::german(&described, dates)))
        }),
        Ok(Kind::Rows(kind)) => {
            let array = |queue| part(pod, queue, kind, &request).array(dates);
            of_rows(pod, visit, Form::Json, array).await
        }
        Ok(Kind::StoredTars) => {
            let tars = |queue| stored_tars::pieces(part(pod, queue, JournalKind::De, &request));
            of_rows(pod, visit, Form::Tar("tse-exports"), tars).await
        }
        Ok(Kind::Dsfinvk) => of_closings(pod, visit, &request).await,
        Ok(Kind::TseTar) => of_tse(pod, visit, &request).await,
    }
}

fn part(pod: &Pod, queue: QueueId, kind: JournalKind, request: &JournalRequest) -> Part {
    Part {
        journal: pod.journal.clone(),
        queue,
        kind,
        range: pages::range(request),
    }
}

/// An export out of the journal's rows.
async fn of_rows(pod: &Pod, visit: &Visit, form: Form, pieces: impl FnOnce(QueueId) -> Pieces) -> Said {
    let found = pod.registry.find(visit).await;
    let epoch = found.as_ref().ok().map(CashboxHandle::epoch);
    let answer = match (found, pod.exports.place()) {
        (Ok(handle), Ok(place)) => {
            let queue = handle.queue();
            pod.exports.answer(place, queue, form, pieces(queue)).await
        }
        (Err(error), _) => Err(error.into()),
        (_, Err(full)) => Err(full),
    };
    Said { epoch, answer }
}

/// The closings of a range as DSFinV-K.
async fn of_closings(pod: &Pod, visit: &Visit, request: &JournalRequest) -> Said {
    let described = pod.registry.describe(visit).await;
    let answer = match (described.outcome, pod.exports.place()) {
        (Ok(described), Ok(place)) => {
            let source = Source {
                journal: pod.journal.clone(),
                queue: described.queue.queue,
                scus: described.scus.clone(),
            };
            let (queue, archive) = (source.queue, dsfinvk::export(source, pages::range(request)));
            let pieces = stream::once(archive).try_flatten().map_err(ExportError::from);
            pod.exports
                .answer(place, queue, Form::Zip("dsfinvk"), pieces.boxed())
                .await
        }
        (Err(error), _) => Err(error.into()),
        (_, Err(full)) => Err(full),
    };
    Said {
        epoch: described.epoch,
        answer,
    }
}

/// The TAR that the TSE exports: all clients of the TSE, as the original; by time where a range is given.
async fn of_tse(pod: &Pod, visit: &Visit, request: &JournalRequest) -> Said {
    let lent = pod.registry.lend(visit).await;
    let answer = match (lent.outcome, scope(request), pod.exports.place()) {
        (Ok(lent), Ok(scope), Ok(place)) => {
            let pieces = tse_tar::pieces(lent.unit, scope);
            pod.exports
                .answer(place, lent.queue, Form::Tar("tse"), pieces)
                .await
        }
        (Err(error), ..) => Err(error.into()),
        (_, Err(failure), _) | (.., Err(failure)) => Err(failure),
    };
    Said {
        epoch: lent.epoch,
        answer,
    }
}

fn scope(request: &JournalRequest) -> Result<ExportScope, Failure> {
    let client_id = String::new();
    match (request.from, request.to) {
        (0, 0) => Ok(ExportScope::All {
            client_id,
            erase: false,
        }),
        (_, to) if to < 0 => Err(Failure::Query {
            detail: "to: a number of rows means nothing in an export of the TSE".to_owned(),
        }),
        (from, to) => Ok(ExportScope::Time {
            client_id,
            from: Ticks(from),
            to: Ticks(if to == 0 { i64::MAX } else { to }),
        }),
    }
}
