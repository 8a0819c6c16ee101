//! Spans on their way to a collector: a bounded queue, and a thread of its own that empties it.
//!
//! ```text
//! Span ends ─▶ queue ─ full ─▶ dropped, counted
//!                └─▶ batch ─▶ POST /v1/traces ─ refused, no answer ─▶ dropped, counted, said once
//! ```
//!
//! The thread has a runtime of its own, so neither a slow collector nor a busy pod holds up the other. Nothing is sent
//! twice: a collector that is away loses spans, and costs no request anything.

/// A span of ours as one of OpenTelemetry's.
mod conversion;
/// The collector's client.
mod client;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::config::Collector;
use super::export::{ExportError, Source};
use super::record::{Record, SpanSink};

/// How many spans wait at the most; one more is dropped.
const QUEUE_MAX: usize = 8192;
/// How many are sent together at the most …
const BATCH_MAX: usize = 512;
/// … and how long the first of them waits for others.
const BATCH_WITHIN: Duration = Duration::from_secs(1);
/// How long the collector may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long the end of the process waits for the last spans.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

/// The end of the queue where spans come in.
#[derive(Debug)]
struct Queue {
    spans: mpsc::Sender<Record>,
    dropped: Arc<AtomicU64>,
}

impl SpanSink for Queue {
    fn take(&self, ended: Record) {
        if self.spans.try_send(ended).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The thread that sends.
#[derive(Debug)]
pub(super) struct Sender {
    queue: Arc<Queue>,
    closing: CancellationToken,
    /// Told when everything was sent or given up.
    ended: oneshot::Receiver<()>,
}

impl Sender {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the client or the thread cannot be had.
    pub(super) fn start(
        collector: &Collector,
        service_name: Option<&str>,
        source: &Source,
    ) -> Result<Self, ExportError> {
        let mut exporter = client::exporter(collector, ANSWER_WITHIN)?;
        exporter.set_resource(&conversion::resource(service_name, source));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ExportError::Thread)?;
        let (spans, waiting) = mpsc::channel(QUEUE_MAX);
        let (tell_ended, ended) = oneshot::channel();
        let (closing, dropped) = (CancellationToken::new(), Arc::<AtomicU64>::default());
        let sending = Sending {
            waiting,
            exporter,
            closing: closing.clone(),
            dropped: Arc::clone(&dropped),
            is_refused: false,
        };
        std::thread::Builder::new()
            .name("spans".to_owned())
            .spawn(move || {
                runtime.block_on(sending.run());
                // Nobody listens when the process did not wait for this.
                let _ = tell_ended.send(());
            })
            .map_err(ExportError::Thread)?;
        Ok(Self {
            queue: Arc::new(Queue { spans, dropped }),
            closing,
            ended,
        })
    }

    /// Where spans come in.
    pub(super) fn sink(&self) -> Arc<dyn SpanSink> {
        self.queue.clone()
    }

    /// Sends what waits, for a moment.
    pub(super) async fn finish(self) {
        self.closing.cancel();
        if tokio::time::timeout(FINISH_WITHIN, self.ended).await.is_err() {
            tracing::warn!("the collector did not take the last spans in time");
        }
    }
}

/// The state of the thread.
struct Sending {
    waiting: mpsc::Receiver<Record>,
    exporter: SpanExporter,
    closing: CancellationToken,
    dropped: Arc<AtomicU64>,
    /// Whether the last batch was lost: said once, not for each.
    is_refused: bool,
}

impl Sending {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while self.next_batch(&mut batch).await {
            self.send(std::mem::take(&mut batch)).await;
        }
    }

    /// Fills a batch; answers whether there is one. After the end was asked for, only what waits is taken.
    async fn next_batch(&mut self, batch: &mut Vec<Record>) -> bool {
        let more = async {
            self.waiting.recv_many(batch, BATCH_MAX).await;
            let full = async {
                while batch.len() < BATCH_MAX {
                    let room = BATCH_MAX - batch.len();
                    if self.waiting.recv_many(batch, room).await == 0 {
                        return;
                    }
                }
            };
            let _ = tokio::time::timeout(BATCH_WITHIN, full).await;
        };
        // `recv_many` puts spans into the batch at once or not at all, so none is lost when it is cut short.
        if self.closing.run_until_cancelled(more).await.is_none() {
            self.waiting.close();
            if batch.len() < BATCH_MAX {
                let room = BATCH_MAX - batch.len();
                self.waiting.recv_many(batch, room).await;
            }
        }
        !batch.is_empty()
    }

    async fn send(&mut self, batch: Vec<Record>) {
        let count = batch.len() as u64;
        let sent = self.exporter.export(conversion::spans(batch)).await;
        match sent {
            Ok(()) if self.is_refused => tracing::info!("the collector takes spans again"),
            Ok(()) => {}
            Err(error) => {
                self.dropped.fetch_add(count, Ordering::Relaxed);
                if !self.is_refused {
                    tracing::warn!(%error, "the collector takes no spans; they are dropped until it does");
                }
                self.is_refused = true;
                return;
            }
        }
        self.is_refused = false;
    }
}
