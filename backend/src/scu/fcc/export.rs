//! Exports of the TSE's log: fetched in the background, given in parts, acknowledged at the end.
//!
//! ```text
//! range ─ 200 ─ base64 ─ TAR ─▶ joined ─▶ a few parts wait ─▶ export_data … end_export ─ erase? ─▶ ACK
//!       ├ 404 ─ nothing in it
//!       └ 413 ─ too much: the first half, then the second
//! ```
//!
//! Nothing holds the whole export: whoever fetches waits while nobody takes parts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::StatusCode;
use sha2::{Digest as _, Sha256};
use shared::clock::Ticks;
use shared::trace::current;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::base64_pieces::Base64Pieces;
use super::call::{As, Call};
use super::client::FccClient;
use super::log::date;
use super::tar_join::TarJoin;
use super::{Fcc, query, rejected};
use crate::scu::ScuError;
use crate::scu::types::{ExportChunk, ExportEnd, ExportScope, ExportSession};

/// How many exports of one unit may be under way; a further one ends the oldest.
const SESSIONS_MAX: usize = 4;
/// How many parts wait to be taken, each as large as the network gives it.
const PARTS_WAITING: usize = 16;
/// How long a part is waited for before the caller is told that there is none yet.
const PART_WITHIN: Duration = Duration::from_secs(1);
/// No TSE has signed before this day.
const FIRST_DAY: &str = "2020-01-01T00:00:00Z";
/// What is signed in the last minute stays: it may have been signed after the export was made.
const NOT_ERASED_SECONDS: i64 = 60;

/// A range of seconds since 1970, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: i64,
    to: i64,
}

/// The exports of a unit that are under way.
#[derive(Debug, Default)]
pub struct Exports {
    sessions: Mutex<VecDeque<Arc<Session>>>,
}

#[derive(Debug)]
struct Session {
    token: String,
    client_id: String,
    whole: Range,
    fetching: AbortHandle,
    taken: tokio::sync::Mutex<Taken>,
}

/// What was taken of an export so far.
#[derive(Debug)]
struct Taken {
    parts: mpsc::Receiver<Result<Vec<u8>, ScuError>>,
    /// Of a part that was larger than what was asked for.
    rest: VecDeque<u8>,
    bytes: u64,
    checksum: Sha256,
    is_whole: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.fetching.abort();
    }
}

impl Fcc {
    pub(super) async fn begin_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        let ExportScope::All { client_id, .. } = scope else {
            return Err(rejected(
                "An FCC exports neither by time nor by transaction numbers.",
            ));
        };
        let serial_number = self.details().await?.tss.serial_number_hex.clone();
        let first_day: jiff::Timestamp = FIRST_DAY.parse().expect("a day");
        let whole = Range {
            from: first_day.as_second(),
            to: jiff::Timestamp::now().as_second(),
        };
        let (sender, parts) = mpsc::channel(PARTS_WAITING);
        let (client, of) = (Arc::clone(&self.client), client_id.clone());
        let fetching = tokio::spawn(current::carried(async move {
            if let Err(error) = fetch(&client, &of, whole, &sender).await {
                // Nobody listens any more: then nobody needs to know.
                let _ = sender.send(Err(error)).await;
            }
        }));
        let token = Uuid::new_v4().to_string();
        self.exports.keep(Session {
            token: token.clone(),
            client_id,
            whole,
            fetching: fetching.abort_handle(),
            taken: tokio::sync::Mutex::new(Taken::new(parts)),
        });
        Ok(ExportSession { token, serial_number })
    }

    pub(super) async fn next_part(
        &self,
        token: &str,
        chunk_bytes_max: usize,
    ) -> Result<ExportChunk, ScuError> {
        let session = self.exports.find(token)?;
        let mut taken = session.taken.lock().await;
        taken.next(chunk_bytes_max.max(1)).await
    }

    pub(super) async fn finish_export(
        &self,
        token: &str,
        sha256_base64: &str,
        erase: bool,
    ) -> Result<ExportEnd, ScuError> {
        let session = self.exports.take(token)?;
        let is_valid = {
            let taken = session.taken.lock().await;
            taken.is_whole && BASE64.encode(taken.checksum.clone().finalize()) == sha256_base64
        };
        let is_erased = is_valid && erase && self.erased(&session).await;
        Ok(ExportEnd { is_valid, is_erased })
    }

    /// Acknowledges an export, by which the FCC may erase it; not while a transaction is open, whose start must stay
    /// readable. What goes wrong here costs nothing but room: the next export has it again.
    async fn erased(&self, session: &Session) -> bool {
        let acknowledged = async {
            if self.fcc_info().await?.current_number_of_transactions > 0 {
                return Ok(false);
            }
            let range = Range {
                to: session.whole.to - NOT_ERASED_SECONDS,
                ..session.whole
            };
            let call = Call::acknowledge(path_of(range, &session.client_id));
            call.judge(self.client.send(&call).await?)?;
            Ok::<_, ScuError>(true)
        };
        acknowledged.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the FCC keeps an exported log, because the export could not be acknowledged");
            false
        })
    }
}

impl Exports {
    fn keep(&self, session: Session) {
        let mut sessions = self.sessions();
        if sessions.len() >= SESSIONS_MAX {
            sessions.pop_front();
        }
        sessions.push_back(Arc::new(session));
    }

    fn find(&self, token: &str) -> Result<Arc<Session>, ScuError> {
        let sessions = self.sessions();
        let found = sessions.iter().find(|session| session.token == token);
        found.cloned().ok_or_else(|| no_such(token))
    }

    fn take(&self, token: &str) -> Result<Arc<Session>, ScuError> {
        let mut sessions = self.sessions();
        let at = sessions.iter().position(|session| session.token == token);
        at.and_then(|at| sessions.remove(at))
            .ok_or_else(|| no_such(token))
    }

    fn sessions(&self) -> MutexGuard<'_, VecDeque<Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_such(token: &str) -> ScuError {
    rejected(&format!("There is no export with the token {token}."))
}

impl Taken {
    fn new(parts: mpsc::Receiver<Result<Vec<u8>, ScuError>>) -> Self {
        Self {
            parts,
            rest: VecDeque::new(),
            bytes: 0,
            checksum: Sha256::new(),
            is_whole: false,
        }
    }

    /// The next part; an empty one when there is none yet.
    async fn next(&mut self, bytes_max: usize) -> Result<ExportChunk, ScuError> {
        if self.rest.is_empty() && !self.is_whole {
            match tokio::time::timeout(PART_WITHIN, self.parts.recv()).await {
                Err(_) => {}
                Ok(None) => self.is_whole = true,
                Ok(Some(part)) => self.rest.extend(part?),
            }
        }
        let size = self.rest.len().min(bytes_max);
        let bytes: Vec<u8> = self.rest.drain(..size).collect();
        self.checksum.update(&bytes);
        self.bytes += bytes.len() as u64;
        Ok(ExportChunk {
            bytes,
            end_of_file: self.is_whole,
            total_bytes: self.is_whole.then_some(self.bytes),
        })
    }
}

/// Fetches a range, in halves of halves where it is too much at once.
async fn fetch(
    client: &FccClient,
    client_id: &str,
    whole: Range,
    sender: &mpsc::Sender<Result<Vec<u8>, ScuError>>,
) -> Result<(), ScuError> {
    let (mut ranges, mut join) = (vec![whole], TarJoin::default());
    while let Some(range) = ranges.pop() {
        let call = Call::get(
            "exporting the TSE's log",
            As::Restricted,
            path_of(range, client_id),
        );
        let mut file = match client.download(&call).await? {
            Ok(file) => file,
            Err(answer) if answer.status == StatusCode::NOT_FOUND => continue,
            Err(answer) if answer.status == StatusCode::PAYLOAD_TOO_LARGE => {
                ranges.extend(range.halves().ok_or_else(too_much)?);
                continue;
            }
            Err(answer) => return call.judge(answer).map(drop),
        };
        let mut pieces = Base64Pieces::default();
        while let Some(piece) = client.more(&call, &mut file).await? {
            let decoded = pieces
                .take(&piece)
                .map_err(|error| rejected(&error.to_string()))?;
            let mut part = Vec::with_capacity(decoded.len());
            join.take(&decoded, &mut part)
                .map_err(|error| rejected(&error.to_string()))?;
            if !part.is_empty() && sender.send(Ok(part)).await.is_err() {
                return Ok(());
            }
        }
        pieces.end().map_err(|error| rejected(&error.to_string()))?;
        join.end_of_part().map_err(|error| rejected(&error.to_string()))?;
    }
    // Nobody listens any more: then nobody misses the end.
    let _ = sender.send(Ok(TarJoin::end().to_vec())).await;
    Ok(())
}

fn too_much() -> ScuError {
    rejected("The FCC cannot export a single second of its log: it is too much.")
}

impl Range {
    /// The second half and the first, which is to be fetched before it; none for a single second.
    fn halves(self) -> Option<[Self; 2]> {
        let middle = self.from + (self.to - self.from) / 2;
        let (first, second) = (
            Self { to: middle, ..self },
            Self {
                from: middle + 1,
                ..self
            },
        );
        (self.from < self.to).then_some([second, first])
    }
}

fn path_of(range: Range, client_id: &str) -> String {
    let moment = |seconds| {
        let at = jiff::Timestamp::from_second(seconds).expect("between 2020 and now");
        date(Ticks::from_timestamp(at))
    };
    let (from, to) = (moment(range.from), moment(range.to));
    let dates = [
        ("startDate", from.as_str()),
        ("endDate", to.as_str()),
        ("clientId", client_id),
    ];
    let members = if client_id.is_empty() {
        &dates[..2]
    } else {
        &dates[..]
    };
    format!("export/transactions/time?{}", query(members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn halves_meet_without_overlap_and_a_second_has_none(from in 0_i64..1_000_000, length in 0_i64..1_000_000) {
            let range = Range { from, to: from + length };
            match range.halves() {
                None => prop_assert_eq!(length, 0),
                Some([second, first]) => {
                    prop_assert_eq!((first.from, second.to), (range.from, range.to));
                    prop_assert_eq!(first.to + 1, second.from);
                    prop_assert!(first.from <= first.to && second.from <= second.to);
                }
            }
        }
    }

    #[test]
    fn a_range_is_asked_for_in_whole_seconds_of_utc() {
        let range = Range {
            from: 1_930_386_030,
            to: 1_930_386_031,
        };
        assert_eq!(
            path_of(range, "K 1"),
            "export/transactions/time?startDate=2031-03-04T10%3A20%3A30Z&endDate=2031-03-04T10%3A20%3A31Z&clientId=K+1"
        );
        assert!(path_of(range, "").ends_with("31Z"));
    }
}
