//! The files: found by the cashbox's id, compared with the caller's token, read.
//!
//! Nothing is kept between two requests. A document is a few kilobytes and asked for at a cashbox's start only, so
//! reading it again costs less than every way to notice that it changed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use shared::identity::CashBoxId;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::document;
use super::error::Refusal;

/// The longest document served.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;
/// The longest token read.
const TOKEN_BYTES_MAX: u64 = 4 << 10;
/// How many requests read files at the same time; the others wait their turn.
const READERS_MAX: usize = 32;

/// A document as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// What changes with the bytes, as the header `ETag` carries it.
    pub tag: String,
}

/// The directory with the files.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    readers: Arc<Semaphore>,
}

impl Directory {
    /// A directory that is there, or will be.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            readers: Arc::new(Semaphore::new(READERS_MAX)),
        }
    }

    /// The document of a cashbox, for whoever knows its token.
    ///
    /// # Errors
    /// The token is wrong or the cashbox unknown (not told apart); the document is broken.
    pub async fn document(&self, id: CashBoxId, token: String) -> Result<Document, Refusal> {
        let path = self.path.clone();
        self.reading(move || {
            if !token_matches(&path, id, &token) {
                return Err(Refusal::NotAllowed);
            }
            read_document(&path, id).map_err(|faults| Refusal::Broken { faults })
        })
        .await
    }

    /// Everything that is wrong with the files, each fault with the file's name.
    pub async fn faults(&self) -> Vec<String> {
        let path = self.path.clone();
        self.reading(move || faults_in(&path)).await
    }

    /// Whether the directory can be read at this moment.
    pub async fn is_readable(&self) -> bool {
        let path = self.path.clone();
        self.reading(move || fs::read_dir(path).is_ok()).await
    }

    async fn reading<T: Send + 'static>(&self, read: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = self.readers.clone().acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        let read = move || {
            let _turn = turn;
            read()
        };
        tokio::task::spawn_blocking(read)
            .await
            .expect("reading files does not panic")
    }
}

/// Compares in constant time, digests instead of texts, so that neither content nor length of the token shows. For an
/// unknown cashbox a digest that nothing has is compared.
fn token_matches(directory: &Path, id: CashBoxId, given: &str) -> bool {
    let expected = match read_token(directory, id) {
        Ok(token) => Sha256::digest(token.as_bytes()).into(),
        Err(fault) => {
            if let Some(fault) = fault {
                tracing::error!(cashbox.id = %id, "{fault}");
            }
            [0_u8; 32]
        }
    };
    Sha256::digest(given.as_bytes())
        .as_slice()
        .ct_eq(expected.as_slice())
        .into()
}

/// The token of a cashbox; as an error, what is wrong with its file, or nothing when there is none.
fn read_token(directory: &Path, id: CashBoxId) -> Result<String, Option<String>> {
    let name = format!("{id}.token");
    let bytes = match read(&directory.join(&name), TOKEN_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(None),
        Err(error) => return Err(Some(format!("{name}: {error}"))),
    };
    match String::from_utf8(bytes).map(|text| text.trim().to_owned()) {
        Ok(token) if token.is_empty() => Err(Some(format!("{name}: the token is empty"))),
        Ok(token) => Ok(token),
        Err(_) => Err(Some(format!("{name}: the token is not UTF-8"))),
    }
}

fn read_document(directory: &Path, id: CashBoxId) -> Result<Document, Vec<String>> {
    let name = format!("{id}.json");
    let bytes =
        read(&directory.join(&name), DOCUMENT_BYTES_MAX).map_err(|error| vec![format!("{name}: {error}")])?;
    document::check(&bytes, id).map_err(|faults| {
        faults
            .iter()
            .map(|fault| format!("{name}: {fault}"))
            .collect::<Vec<_>>()
    })?;
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&bytes)[..16]));
    Ok(Document { bytes, tag })
}

fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(bytes_max + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("longer than {bytes_max} bytes")));
    }
    Ok(bytes)
}

fn faults_in(directory: &Path) -> Vec<String> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return vec![format!("{}: {error}", directory.display())],
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into())
        .collect();
    names.sort();
    names.iter().flat_map(|name| faults_of(directory, name)).collect()
}

/// What is wrong with one file. Files that are neither document nor token are none of our business.
fn faults_of(directory: &Path, name: &str) -> Vec<String> {
    let Some(stem) = name.strip_suffix(".json") else {
        return Vec::new();
    };
    let id = match stem.parse::<CashBoxId>() {
        Ok(id) if id.to_string() == stem => id,
        _ => {
            return vec![format!(
                "{name}: the name must be the cashbox's id in lower case with dashes, then .json"
            )];
        }
    };
    let mut faults = match read_token(directory, id) {
        Ok(_) => Vec::new(),
        Err(Some(fault)) => vec![fault],
        Err(None) => vec![format!(
            "{name}: there is no {id}.token beside it, so nobody may read it"
        )],
    };
    faults.extend(read_document(directory, id).err().unwrap_or_default());
    faults
}
