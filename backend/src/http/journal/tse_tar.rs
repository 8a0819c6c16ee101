//! The TAR that a TSE exports, straight through (`fiscal-spec.md` chapter 7, rule 5, and 4.10).
//!
//! ```text
//! start session ─▶ next part ─ bytes ──────────────────▶ piece ─▶ next part …
//!                     ▲└ size not known yet: wait ┘└ last ─▶ end session with the checksum ─ valid ─▶ end
//!                     └───────────┘                                                        └ not ──▶ broken off
//! ```
//!
//! It runs beside the cashbox: receipts, leases and drains do not wait for it. Nothing is erased and no row is stored.
//! A session that its reader leaves is ended, so that the TSE does not keep it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use shared::trace::current::Errand;

use super::export::{ExportError, Pieces};
use crate::scu::types::{ExportChunk, ExportScope};
use crate::scu::{Scu, ScuError};

/// Bytes of a part (4.10).
const PART_BYTES_MAX: usize = 1 << 20;
/// The first wait for a size that is not known yet, and what each next one is longer by (4.10).
const FIRST_WAIT: Duration = Duration::from_millis(100);
const WAIT_FACTOR: f64 = 1.5;
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// The export of a TSE, in parts.
#[must_use]
pub fn pieces(unit: Arc<dyn Scu>, scope: ExportScope) -> Pieces {
    let step = Step::Start(unit, scope);
    stream::try_unfold(step, |step| async move {
        match step {
            Step::Start(unit, scope) => Session::start(unit, scope).await?.next().await,
            Step::GoOn(session) => session.next().await,
            Step::End => Ok(None),
        }
    })
    .boxed()
}

enum Step {
    Start(Arc<dyn Scu>, ExportScope),
    GoOn(Session),
    End,
}

/// A session of the TSE; one that is dropped before its end is ended in the background.
#[derive(Debug)]
struct Session {
    unit: Arc<dyn Scu>,
    token: String,
    sum: Sha256,
    open: bool,
    /// For whom it was begun.
    errand: Errand,
}

impl Session {
    async fn start(unit: Arc<dyn Scu>, scope: ExportScope) -> Result<Self, ScuError> {
        let session = unit.start_export(scope).await?;
        Ok(Self {
            unit,
            token: session.token,
            sum: Sha256::new(),
            open: true,
            errand: Errand::now(),
        })
    }

    /// The next part that holds bytes; the session is ended with the last, before that is given out.
    async fn next(mut self) -> Result<Option<(Bytes, Step)>, ExportError> {
        let part = self.part().await?;
        self.sum.update(&part.bytes);
        if !part.end_of_file {
            return Ok(Some((part.bytes.into(), Step::GoOn(self))));
        }
        self.end().await?;
        match part.bytes.is_empty() {
            true => Ok(None),
            false => Ok(Some((part.bytes.into(), Step::End))),
        }
    }

    /// Waits as long as the TSE still prepares the export; there is no overall limit (4.10).
    async fn part(&self) -> Result<ExportChunk, ScuError> {
        let mut wait = FIRST_WAIT;
        loop {
            let part = self.unit.export_data(&self.token, PART_BYTES_MAX).await?;
            if part.end_of_file || !part.bytes.is_empty() {
                return Ok(part);
            }
            tokio::time::sleep(wait).await;
            wait = wait.mul_f64(WAIT_FACTOR).min(WAIT_MAX);
        }
    }

    async fn end(mut self) -> Result<(), ExportError> {
        self.open = false;
        let sum = BASE64.encode(std::mem::take(&mut self.sum).finalize());
        match self.unit.end_export(&self.token, &sum, false).await?.is_valid {
            true => Ok(()),
            false => Err(ExportError::NotValid),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Without a runtime the process is ending, and the session ends with its connection.
        let (true, Ok(runtime)) = (self.open, tokio::runtime::Handle::try_current()) else {
            return;
        };
        let (unit, token) = (self.unit.clone(), std::mem::take(&mut self.token));
        let errand = std::mem::take(&mut self.errand);
        runtime.spawn(errand.run(async move {
            // The sum of nothing: the export was not taken whole, and is not meant to count as that.
            let sum = BASE64.encode(Sha256::digest(b""));
            if let Err(error) = unit.end_export(&token, &sum, false).await {
                tracing::debug!(%error, "an export that was left cannot be ended");
            }
        }));
    }
}
