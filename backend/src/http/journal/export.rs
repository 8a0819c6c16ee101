//! One export on its way out: its place, its first piece, its head, and one line at its end.
//!
//! ```text
//! place taken? ─ no → 503 exports-full
//!      └ yes → first piece ─ error → a status (1.12)
//!                   ├─ none → 200 with an empty body
//!                   └─ piece → 200, then piece by piece as the reader takes them
//!                                 └ error → the connection breaks off, so that nobody takes a part for the whole
//! ```
//!
//! Nothing is read ahead of the reader: a slow one costs one piece of memory and its place. A reader that goes away
//! drops the stream, and with it the place and whatever the stream holds.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, stream};
use shared::api::refusal::Refusal;
use shared::identity::QueueId;
use shared::trace::current::Errand;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config::{Config, ContentTypes};
use crate::cashbox::error::CashboxError;
use crate::dsfinvk;
use crate::http::failure::Failure;
use crate::journal::JournalError;
use crate::scu::ScuError;

/// The pieces of an export.
pub type Pieces = BoxStream<'static, Result<Bytes, ExportError>>;

/// Why an export could not begin or go on. What it says may be told to its reader, except for sources.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Journal(#[from] JournalError),
    /// The closings cannot be exported.
    #[error(transparent)]
    Dsfinvk(#[from] dsfinvk::ExportError),
    /// The TSE did not give what it was asked for.
    #[error("{0}")]
    Tse(#[from] ScuError),
    /// The TSE did not confirm that what it gave arrived whole (7, rule 5).
    #[error("The TSE reports that its export was not transferred completely.")]
    NotValid,
    /// An export that the journal holds is none.
    #[error("The stored export {number} cannot be read: {detail}.")]
    Stored {
        /// Its number.
        number: i64,
        /// Which part of it breaks which rule.
        detail: String,
    },
    /// Nobody takes what is made.
    #[error("the reader has gone")]
    ReaderGone,
    /// Whoever makes the export ended before it did: a bug.
    #[error("the export ended in a bug of the pod; its log says more")]
    Broken,
}

impl From<&ExportError> for Failure {
    fn from(error: &ExportError) -> Self {
        match error {
            ExportError::Journal(error) | ExportError::Dsfinvk(dsfinvk::ExportError::Journal(error)) => {
                of_reading(error)
            }
            ExportError::Dsfinvk(_)
            | ExportError::Tse(_)
            | ExportError::NotValid
            | ExportError::Stored { .. } => Self::Journal {
                detail: error.to_string(),
            },
            ExportError::ReaderGone | ExportError::Broken => Self::Panicked,
        }
    }
}

fn of_reading(error: &JournalError) -> Failure {
    match error {
        JournalError::ChainBroken { .. } | JournalError::Unusable { .. } => CashboxError::Broken.into(),
        _ => CashboxError::from(Refusal::JournalUnavailable).into(),
    }
}

/// What an export is: names its content and its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An array of rows.
    Json,
    /// A TAR of this name.
    Tar(&'static str),
    /// A ZIP of this name.
    Zip(&'static str),
}

impl Form {
    fn content_type(self, types: ContentTypes) -> HeaderValue {
        HeaderValue::from_static(match (types, self) {
            (ContentTypes::OctetStream, _) => "application/octet-stream",
            (ContentTypes::Exact, Self::Json) => "application/json; charset=utf-8",
            (ContentTypes::Exact, Self::Tar(_)) => "application/x-tar",
            (ContentTypes::Exact, Self::Zip(_)) => "application/zip",
        })
    }

    /// What a browser would call the file; rows are not meant to be one.
    fn file(self, queue: QueueId) -> Option<HeaderValue> {
        let (name, extension) = match self {
            Self::Json => return None,
            Self::Tar(name) => (name, "tar"),
            Self::Zip(name) => (name, "zip"),
        };
        let disposition = format!("attachment; filename=\"{name}-{queue}.{extension}\"");
        Some(HeaderValue::try_from(disposition).expect("names and ids are visible ASCII"))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Json => "rows",
            Self::Tar(name) | Self::Zip(name) => name,
        }
    }
}

/// How many exports run at a time, and how they look.
#[derive(Debug)]
pub struct Exports {
    config: Config,
    places: Arc<Semaphore>,
}

impl Exports {
    /// None runs.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            places: Arc::new(Semaphore::new(config.exports_max)),
        }
    }

    /// How they look.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Takes a place for an export.
    ///
    /// # Errors
    /// [`Refusal::ExportsFull`] when all are taken.
    pub fn place(&self) -> Result<Place, Failure> {
        let permit = self.places.clone().try_acquire_owned();
        permit
            .map(Place)
            .map_err(|_| CashboxError::from(Refusal::ExportsFull).into())
    }

    /// Begins to answer with an export: its first piece is there before the head goes out.
    ///
    /// # Errors
    /// Why there is no first piece.
    pub async fn answer(
        &self,
        place: Place,
        queue: QueueId,
        form: Form,
        mut pieces: Pieces,
    ) -> Result<Response<Body>, Failure> {
        let first = match pieces.next().await {
            Some(Ok(first)) => Some(first),
            Some(Err(error)) => {
                tracing::warn!(queue.id = %queue, export = form.word(), error = &error as &dyn std::error::Error,
                    "an export cannot begin");
                return Err((&error).into());
            }
            None => None,
        };
        let running = Running {
            queue,
            export: form.word(),
            began: Instant::now(),
            bytes: 0,
            ended: false,
            errand: Errand::now(),
            _place: place,
        };
        let pieces = stream::iter(first.map(Ok)).chain(pieces);
        let mut response = Response::new(Body::from_stream(Watched {
            pieces: pieces.boxed(),
            running,
        }));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, form.content_type(self.config.content_type));
        if let Some(file) = form.file(queue) {
            headers.insert(CONTENT_DISPOSITION, file);
        }
        Ok(response)
    }
}

/// A place among the exports that run; given back when it is dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held, not looked at")] OwnedSemaphorePermit);

/// An export that runs; tells at its end what became of it.
#[derive(Debug)]
struct Running {
    queue: QueueId,
    export: &'static str,
    began: Instant,
    bytes: u64,
    ended: bool,
    /// Whose it is.
    errand: Errand,
    _place: Place,
}

struct Watched {
    pieces: Pieces,
    running: Running,
}

impl Watched {
    /// The body is asked for behind the request's handler: what is done for it belongs to the request all the same.
    fn poll_pieces(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, ExportError>>> {
        let pieces = self.pieces.as_mut();
        let polled = self.running.errand.run_at_once(|| pieces.poll_next(context));
        self.running.note(&polled);
        polled
    }
}

impl Stream for Watched {
    type Item = Result<Bytes, ExportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_pieces(context)
    }
}

impl Running {
    fn note(&mut self, polled: &Poll<Option<Result<Bytes, ExportError>>>) {
        match polled {
            Poll::Ready(Some(Ok(piece))) => self.bytes += piece.len() as u64,
            Poll::Ready(Some(Err(error))) => {
                self.ended = true;
                self.errand.run_at_once(|| {
                    tracing::warn!(queue.id = %self.queue, export = self.export, bytes = self.bytes,
                        error = error as &dyn std::error::Error, "an export broke off");
                });
            }
            Poll::Ready(None) => self.ended = true,
            Poll::Pending => {}
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let duration_ms = self.began.elapsed().as_secs_f64() * 1000.0;
        let (queue, export, bytes) = (self.queue, self.export, self.bytes);
        self.errand.run_at_once(|| match self.ended {
            true => tracing::debug!(queue.id = %queue, export, bytes, duration_ms, "an export has ended"),
            false => {
                tracing::info!(queue.id = %queue, export, bytes, duration_ms, "an export was left by its reader")
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use shared::env::{Faults, Settings};

    fn exports(max: usize) -> Exports {
        let config = Config::read(&Settings::default(), &mut Faults::default());
        Exports::new(Config {
            exports_max: max,
            ..config
        })
    }

    async fn answer(
        exports: &Exports,
        pieces: Vec<Result<Bytes, ExportError>>,
    ) -> Result<Response<Body>, Failure> {
        let place = exports.place()?;
        let pieces = stream::iter(pieces).boxed();
        exports
            .answer(place, QueueId::from_u128(1), Form::Tar("tse"), pieces)
            .await
    }

    #[tokio::test]
    async fn an_error_before_the_first_byte_is_a_status_and_a_later_one_breaks_the_body() {
        let exports = exports(1);
        let early = answer(&exports, vec![Err(ExportError::NotValid)]).await;
        assert!(matches!(early, Err(Failure::Journal { .. })), "{early:?}");
        let late = vec![Ok(Bytes::from_static(b"tar")), Err(ExportError::NotValid)];
        let late = answer(&exports, late).await.unwrap();
        assert_eq!(late.status(), 200);
        assert!(to_bytes(late.into_body(), 100).await.is_err());
    }

    #[tokio::test]
    async fn nothing_to_give_is_an_empty_body() {
        let empty = answer(&exports(1), Vec::new()).await.unwrap();
        assert_eq!(empty.status(), 200);
        assert_eq!(empty.headers()[CONTENT_TYPE], "application/x-tar");
        assert_eq!(to_bytes(empty.into_body(), 100).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_place_is_taken_until_the_reader_has_gone() {
        let exports = exports(1);
        let first = answer(&exports, vec![Ok(Bytes::from_static(b"tar"))])
            .await
            .unwrap();
        let second = answer(&exports, Vec::new()).await;
        let refused = Failure::Cashbox(CashboxError::Refused(Refusal::ExportsFull));
        assert_eq!(second.unwrap_err(), refused);
        drop(first);
        assert!(answer(&exports, Vec::new()).await.is_ok());
    }
}
