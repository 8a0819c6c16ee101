//! Exports of a simulated TSE: a TAR with one file per log message, named as BSI TR-03153 does, and a description.
//!
//! Sessions live in the process that began them, as those of a real TSE live in its connection.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};
use shared::clock::Ticks;
use tokio::time::Instant;
use uuid::Uuid;

use super::event::{Operation, Signed};
use super::key::TseKey;
use super::log_message::LogMessage;
use super::tse::{rejected, signed_from};
use crate::scu::ScuError;
use crate::scu::types::{ExportChunk, ExportScope};

/// How many exports of one TSE may be under way; a further one ends the oldest.
const SESSIONS_MAX: usize = 4;
/// TAR's unit.
const BLOCK_BYTES: usize = 512;

/// The exports of one TSE that are under way.
#[derive(Debug, Default)]
pub struct Exports {
    sessions: Mutex<VecDeque<Export>>,
}

#[derive(Debug)]
struct Export {
    token: String,
    tar: Vec<u8>,
    /// Until then the log is being collected, and nothing is given.
    ready_at: Instant,
    given: usize,
    /// The last signature in it, when it holds everything that was not erased yet.
    complete_through: Option<u64>,
}

/// How an export ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether everything was fetched and the checksum was right.
    pub is_valid: bool,
    /// The last signature that may be erased with it; none when it did not hold everything.
    pub complete_through: Option<u64>,
}

impl Exports {
    /// Keeps an export that has something to give after `collecting`; answers its token.
    pub fn begin(&self, tar: Vec<u8>, complete_through: Option<u64>, collecting: Duration) -> String {
        let token = Uuid::new_v4().to_string();
        let mut sessions = self.sessions();
        if sessions.len() == SESSIONS_MAX {
            sessions.pop_front();
        }
        sessions.push_back(Export {
            token: token.clone(),
            tar,
            ready_at: Instant::now() + collecting,
            given: 0,
            complete_through,
        });
        token
    }

    /// The next part of an export.
    ///
    /// # Errors
    /// When there is no such export.
    pub fn next(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        let mut sessions = self.sessions();
        let export = sessions.iter_mut().find(|export| export.token == token);
        let export = export.ok_or_else(|| no_such(token))?;
        if Instant::now() < export.ready_at {
            return Ok(ExportChunk {
                bytes: Vec::new(),
                end_of_file: false,
                total_bytes: None,
            });
        }
        let end = export
            .given
            .saturating_add(chunk_bytes_max.max(1))
            .min(export.tar.len());
        let bytes = export.tar[export.given..end].to_vec();
        export.given = end;
        Ok(ExportChunk {
            bytes,
            end_of_file: end == export.tar.len(),
            total_bytes: Some(export.tar.len() as u64),
        })
    }

    /// Ends an export.
    ///
    /// # Errors
    /// When there is no such export.
    pub fn end(&self, token: &str, sha256_base64: &str) -> Result<Ended, ScuError> {
        let mut sessions = self.sessions();
        let at = sessions.iter().position(|export| export.token == token);
        let export = at
            .and_then(|at| sessions.remove(at))
            .ok_or_else(|| no_such(token))?;
        let fetched = export.given == export.tar.len();
        Ok(Ended {
            is_valid: fetched && BASE64.encode(Sha256::digest(&export.tar)) == sha256_base64,
            complete_through: export.complete_through,
        })
    }

    fn sessions(&self) -> MutexGuard<'_, VecDeque<Export>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_such(token: &str) -> ScuError {
    rejected(format!("There is no export with the token {token}."))
}

/// The TAR of those lines that were asked for, and whether those are all.
///
/// # Errors
/// When a line holds no signature.
pub fn tar_of(lines: &[Vec<u8>], scope: &ExportScope, key: &TseKey) -> Result<(Vec<u8>, bool), ScuError> {
    let mut wanted = Vec::new();
    for line in lines {
        let signed = signed_from(line)?;
        if belongs(&signed, scope) {
            wanted.push(signed);
        }
    }
    Ok((tar(&wanted, key), wanted.len() == lines.len()))
}

fn belongs(signed: &Signed, scope: &ExportScope) -> bool {
    let (client_id, in_range) = match scope {
        ExportScope::All { client_id, .. } => (client_id, true),
        ExportScope::Time { client_id, from, to } => (client_id, (*from..=*to).contains(&signed.time)),
        ExportScope::Transactions { client_id, from, to } => {
            (client_id, (*from..=*to).contains(&signed.number))
        }
    };
    in_range && (client_id.is_empty() || *client_id == signed.client_id)
}

/// The TAR of these signatures, in this order.
#[must_use]
pub fn tar(signatures: &[Signed], key: &TseKey) -> Vec<u8> {
    let mut tar = Vec::new();
    let description = format!(
        "\"description:\",\"byodc simulator, no certified TSE\",\"serial:\",\"{}\"\r\n",
        key.serial_hex
    );
    let begun = signatures.first().map_or(Ticks::default(), |signed| signed.time);
    add_file(&mut tar, "info.csv", description.as_bytes(), begun);
    for signed in signatures {
        let data = signed.process_data();
        let message = LogMessage {
            operation: signed.operation,
            client_id: &signed.client_id,
            process_data: &data,
            process_type: &signed.process_type,
            number: signed.number,
            serial: &key.serial,
            counter: signed.counter,
            time: signed.time,
        };
        let content = message.with_signature(&signed.signature_bytes());
        add_file(&mut tar, &file_name(signed), &content, signed.time);
    }
    // Two empty blocks end a TAR.
    tar.resize(tar.len() + 2 * BLOCK_BYTES, 0);
    tar
}

/// `Unixt_1930386030_Sig-5_Log-Tra_No-3_Finish_Client-KASSE-1.log`
fn file_name(signed: &Signed) -> String {
    let operation = match signed.operation {
        Operation::Start => "Start",
        Operation::Update => "Update",
        Operation::Finish => "Finish",
    };
    let safe = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let client: String = signed.client_id.chars().map(safe).collect();
    let mut name = format!(
        "Unixt_{}_Sig-{}_Log-Tra_No-{}_{operation}_Client-{client}",
        unix_seconds(signed.time),
        signed.counter,
        signed.number,
    );
    // The head of a TAR file has room for 100 bytes.
    name.truncate(96);
    name + ".log"
}

fn unix_seconds(at: Ticks) -> i64 {
    at.to_timestamp().map_or(0, |at| at.as_second()).max(0)
}

/// Head (ustar), content, zeros up to the next block.
fn add_file(tar: &mut Vec<u8>, name: &str, content: &[u8], time: Ticks) {
    let mut head = [0_u8; BLOCK_BYTES];
    put(&mut head, 0, name.as_bytes());
    put(&mut head, 100, b"0000444\0");
    put(&mut head, 108, b"0000000\0");
    put(&mut head, 116, b"0000000\0");
    put(&mut head, 124, format!("{:011o}\0", content.len()).as_bytes());
    put(
        &mut head,
        136,
        format!("{:011o}\0", unix_seconds(time)).as_bytes(),
    );
    put(&mut head, 156, b"0");
    put(&mut head, 257, b"ustar\x0000");
    // The checksum is taken with spaces in its own place.
    put(&mut head, 148, b"        ");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut head, 148, format!("{sum:06o}\0 ").as_bytes());
    tar.extend_from_slice(&head);
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(BLOCK_BYTES), 0);
}

fn put(head: &mut [u8; BLOCK_BYTES], at: usize, bytes: &[u8]) {
    head[at..at + bytes.len()].copy_from_slice(bytes);
}
