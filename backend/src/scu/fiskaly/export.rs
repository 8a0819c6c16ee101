//! Exports of a TSS's log (`fiscal-spec.md` 6.1): made at fiskaly, fetched into a file that has no name, given in parts.
//!
//! ```text
//! start ─ range: all after LastExportedTransactionNumber, cut where it is longer than MaxExportTransaction
//!       └ in the background: PUT export, wait until COMPLETED, download ─ next part … ─▶ ready
//! data  ─ not ready ─▶ nothing, size not known ── ready ─▶ the next bytes
//! end   ─ everything fetched and the checksum right ─▶ valid ─ to be erased, nothing open ─▶ the mark moves on
//! ```
//!
//! The mark stands in the TSS's metadata and is one for all its clients, so an export of everything holds the whole TSS,
//! whichever cashbox asked.

/// How fiskaly is asked to make a part, and how it is fetched.
pub mod fetch;
/// The file that an export is collected in.
pub mod collected;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use shared::clock::Ticks;
use shared::trace::current;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::call::{Call, Failure};
use super::transaction::ACTIVE;
use super::tss::Tss;
use super::wire::{TxBody, whole};
use crate::scu::ScuError;
use crate::scu::types::{ExportChunk, ExportEnd, ExportScope, ExportSession};
use collected::Collected;
use fetch::Part;

/// The member of the TSS's metadata that marks what was exported.
const MARK: &str = "LastExportedTransactionNumber";
/// How many exports of one TSS may be under way.
const SESSIONS_MAX: usize = 64;
/// An export that nobody asked for so long is given up when the next one begins.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// The exports of a TSS that are under way.
#[derive(Debug, Default)]
pub struct Exports(Mutex<HashMap<String, Arc<Session>>>);

/// An export that is under way. Its file goes with it.
#[derive(Debug)]
struct Session {
    progress: watch::Receiver<Progress>,
    /// Up to which transaction the mark may move; none when the export does not hold everything.
    mark: Option<u64>,
    /// When it was asked for last.
    touched: Mutex<Instant>,
    fetching: tokio::task::AbortHandle,
}

/// How far it is.
#[derive(Debug, Clone)]
pub enum Progress {
    /// fiskaly works, or it is being fetched.
    Working,
    /// It can be given.
    Ready(Arc<Collected>),
    /// It will not come.
    Failed(String),
}

impl Drop for Session {
    fn drop(&mut self) {
        self.fetching.abort();
    }
}

impl Exports {
    /// The next part of an export; nothing while it is not ready.
    ///
    /// # Errors
    /// When there is no such export, or it failed.
    pub async fn next(&self, token: &str, bytes_max: usize) -> Result<ExportChunk, ScuError> {
        let session = self.session(token)?;
        let progress = session.progress.borrow().clone();
        match progress {
            Progress::Working => Ok(ExportChunk {
                bytes: Vec::new(),
                end_of_file: false,
                total_bytes: None,
            }),
            Progress::Ready(collected) => collected.next(bytes_max).await,
            Progress::Failed(message) => Err(ScuError::Rejected { message }),
        }
    }

    fn session(&self, token: &str) -> Result<Arc<Session>, ScuError> {
        let session = self.sessions().get(token).cloned();
        let session = session.ok_or_else(|| ScuError::Rejected {
            message: format!("There is no export with the token {token}."),
        })?;
        *session.touched.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(session)
    }

    fn begin(&self, token: &str, session: Session) -> Result<(), Failure> {
        let mut sessions = self.sessions();
        // Whoever began one may have died; its file would lie here for ever.
        sessions.retain(|_, session| {
            let touched = session.touched.lock().unwrap_or_else(PoisonError::into_inner);
            touched.elapsed() < ABANDONED_AFTER
        });
        if sessions.len() >= SESSIONS_MAX {
            return Err(Failure::ours(format!(
                "{SESSIONS_MAX} exports of the TSS are under way already."
            )));
        }
        sessions.insert(token.to_owned(), Arc::new(session));
        Ok(())
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins an export. It goes on in the background, also when the caller does not wait for it.
///
/// # Errors
/// When the TSS does not answer, the client is not known, or too many are under way.
pub async fn start(tss: &Arc<Tss>, call: Call<'_>, scope: ExportScope) -> Result<ExportSession, ScuError> {
    let body = call.tss().await?;
    let serial_number = body.serial_number.clone().unwrap_or_default();
    if !tss.settings.export.enabled {
        let token = format!("noexport-{}", Uuid::new_v4());
        let nothing = Progress::Ready(Arc::new(Collected::of(&[]).await?));
        let session = Session::of(nothing, None);
        tss.exports.begin(&token, session)?;
        return Ok(ExportSession { token, serial_number });
    }
    let marked = body
        .metadata
        .as_ref()
        .and_then(|metadata| whole(metadata.get(MARK)?));
    let last = body.transaction_counter.unwrap_or(0);
    let parts = parts(&call, &scope, marked, last).await?;
    let token = parts
        .first()
        .map_or_else(Uuid::new_v4, |part| part.id)
        .to_string();
    let mark = matches!(scope, ExportScope::All { .. }).then_some(last);
    let (told, progress) = watch::channel(Progress::Working);
    let fetching = tokio::spawn(current::carried(fetch::all(Arc::clone(tss), parts, told)));
    let fetching = fetching.abort_handle();
    let session = Session {
        progress,
        mark,
        touched: Mutex::new(Instant::now()),
        fetching,
    };
    tss.exports.begin(&token, session)?;
    Ok(ExportSession { token, serial_number })
}

impl Session {
    /// One that is over before it began.
    fn of(progress: Progress, mark: Option<u64>) -> Self {
        Self {
            progress: watch::channel(progress).1,
            mark,
            touched: Mutex::new(Instant::now()),
            fetching: tokio::spawn(async {}).abort_handle(),
        }
    }
}

/// What to ask fiskaly for. Nothing, where everything was exported before.
async fn parts(
    call: &Call<'_>,
    scope: &ExportScope,
    marked: Option<u64>,
    last: u64,
) -> Result<Vec<Part>, Failure> {
    let longest = call.tss.settings.export.transactions_max;
    match scope {
        // The mark is one for all clients, and so is the export.
        ExportScope::All { .. } => Ok(Part::of_transactions(
            marked.map(|marked| marked + 1),
            last,
            longest,
            None,
        )),
        ExportScope::Transactions { client_id, from, to } => {
            let client = client_of(call, client_id).await?;
            Ok(Part::of_transactions(Some(*from), *to, longest, client))
        }
        ExportScope::Time { client_id, from, to } => {
            let client = client_of(call, client_id).await?;
            Ok(vec![Part::of_time(seconds(*from), seconds(*to), client)])
        }
    }
}

async fn client_of(call: &Call<'_>, serial: &str) -> Result<Option<Uuid>, Failure> {
    if serial.is_empty() {
        return Ok(None);
    }
    let client = call.any_client(serial).await?;
    let client = client.ok_or_else(|| Failure::ours(format!("The client {serial} is not registered.")))?;
    Ok(Some(client))
}

/// Seconds since 1970; fiskaly knows no earlier ones.
fn seconds(at: Ticks) -> i64 {
    at.to_timestamp().map_or(0, |at| at.as_second()).max(0)
}

impl Call<'_> {
    /// Ends an export. What was exported counts as erased once the mark has moved, which it does only while no
    /// transaction is open: its finish would never be exported. When the mark cannot be moved, the export stays, and
    /// this may be asked again.
    ///
    /// # Errors
    /// When there is no such export, or the TSS does not answer.
    pub async fn end_export(
        &self,
        token: &str,
        sha256_base64: &str,
        erase: bool,
    ) -> Result<ExportEnd, ScuError> {
        let session = self.tss.exports.session(token)?;
        let progress = session.progress.borrow().clone();
        let is_valid = match progress {
            Progress::Ready(collected) => collected.was_given_as(sha256_base64).await,
            Progress::Working | Progress::Failed(_) => false,
        };
        let mark = session.mark.filter(|_| is_valid && erase);
        let is_erased = match mark {
            Some(mark) => self.move_mark(mark).await?,
            None => false,
        };
        self.tss.exports.sessions().remove(token);
        Ok(ExportEnd { is_valid, is_erased })
    }

    async fn move_mark(&self, mark: u64) -> Result<bool, Failure> {
        let open: Vec<TxBody> = self.list(&format!("tx?states[]={ACTIVE}&limit=1")).await?;
        if !open.is_empty() {
            return Ok(false);
        }
        // fiskaly keeps texts as metadata.
        self.patch("metadata", &json!({ MARK: mark.to_string() })).await?;
        Ok(true)
    }
}
