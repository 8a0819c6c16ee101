//! The file that an export is collected in. It is removed as soon as it is opened, so it lives exactly as long as
//! somebody holds it, whatever becomes of the process; and no export, however large, stands in memory.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::scu::ScuError;
use crate::scu::types::ExportChunk;

/// TAR's unit.
const BLOCK_BYTES: u64 = 512;

/// A file that is being written.
#[derive(Debug)]
pub struct Collecting {
    file: Arc<Mutex<File>>,
    length: u64,
}

/// A file that is complete, given from its beginning to its end.
#[derive(Debug)]
pub struct Collected {
    inner: Arc<Mutex<Inner>>,
    length: u64,
}

#[derive(Debug)]
struct Inner {
    file: File,
    given: u64,
    /// Of what was given.
    hash: Sha256,
}

impl Collecting {
    /// An empty file.
    ///
    /// # Errors
    /// When there is no room for it.
    pub async fn begin() -> Result<Self, ScuError> {
        let file = on_a_thread(nameless_file).await?;
        Ok(Self {
            file: Arc::new(Mutex::new(file)),
            length: 0,
        })
    }

    /// How much is in it.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When there is no room for them.
    pub async fn add(&mut self, bytes: &bytes::Bytes) -> Result<(), ScuError> {
        let bytes = bytes.clone();
        self.length += bytes.len() as u64;
        self.act(move |file| file.write_all(&bytes)).await
    }

    /// Forgets what stands behind `length`.
    ///
    /// # Errors
    /// When the file cannot be cut.
    pub async fn back_to(&mut self, length: u64) -> Result<(), ScuError> {
        self.length = length;
        self.act(move |file| {
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length)).map(drop)
        })
        .await
    }

    /// A part is complete that begins at `begin`: what ends a TAR is cut off, because another part may follow.
    ///
    /// # Errors
    /// When the part is no TAR.
    pub async fn end_part(&mut self, begin: u64) -> Result<(), ScuError> {
        let (file, length) = (Arc::clone(&self.file), self.length);
        let end = on_a_thread(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            end_of_entries(&mut file, begin, length)
        })
        .await?;
        self.back_to(end).await
    }

    /// The whole export: with what ends a TAR, once.
    ///
    /// # Errors
    /// When there is no room for it.
    pub async fn end(mut self) -> Result<Collected, ScuError> {
        let end = vec![0; usize::try_from(2 * BLOCK_BYTES).expect("a thousand")];
        self.add(&end.into()).await?;
        Collected::from(self.file, self.length).await
    }

    async fn act(
        &self,
        act: impl FnOnce(&mut File) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), ScuError> {
        let file = Arc::clone(&self.file);
        on_a_thread(move || act(&mut file.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}

impl Collected {
    /// These bytes.
    ///
    /// # Errors
    /// When there is no room for them.
    pub async fn of(bytes: &[u8]) -> Result<Self, ScuError> {
        let mut collecting = Collecting::begin().await?;
        collecting.add(&bytes::Bytes::copy_from_slice(bytes)).await?;
        Self::from(collecting.file, collecting.length).await
    }

    async fn from(file: Arc<Mutex<File>>, length: u64) -> Result<Self, ScuError> {
        let file = on_a_thread(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner).try_clone()?;
            file.seek(SeekFrom::Start(0))?;
            Ok(file)
        })
        .await?;
        let inner = Inner {
            file,
            given: 0,
            hash: Sha256::new(),
        };
        Ok(Self {
            inner: Arc::new(Mutex::new(inner)),
            length,
        })
    }

    /// The next bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn next(&self, bytes_max: usize) -> Result<ExportChunk, ScuError> {
        let (inner, length) = (Arc::clone(&self.inner), self.length);
        on_a_thread(move || {
            let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            let left = usize::try_from(length - inner.given).unwrap_or(usize::MAX);
            let mut bytes = vec![0; left.min(bytes_max.max(1))];
            inner.file.read_exact(&mut bytes)?;
            inner.given += bytes.len() as u64;
            inner.hash.update(&bytes);
            Ok(ExportChunk {
                end_of_file: inner.given == length,
                total_bytes: Some(length),
                bytes,
            })
        })
        .await
    }

    /// Whether everything was given, with this checksum.
    pub async fn was_given_as(&self, sha256_base64: &str) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.given == self.length && BASE64.encode(inner.hash.clone().finalize()) == sha256_base64
    }
}

/// A file that has lost its name already.
fn nameless_file() -> std::io::Result<File> {
    let path = std::env::temp_dir().join(format!("byodc-export-{}", Uuid::new_v4()));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// Where the last entry of a TAR ends that begins at `begin`. Leaves the position anywhere.
fn end_of_entries(file: &mut File, begin: u64, length: u64) -> std::io::Result<u64> {
    let mut part = file.try_clone()?;
    part.seek(SeekFrom::Start(begin))?;
    let mut archive = tar::Archive::new(std::io::BufReader::new(part.take(length - begin)));
    let mut end = 0;
    for entry in archive.entries()? {
        let entry = entry?;
        end = (entry.raw_file_position() + entry.size()).next_multiple_of(BLOCK_BYTES);
    }
    if end > length - begin {
        return Err(std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "the TAR breaks off",
        ));
    }
    Ok(begin + end)
}

/// Files are slow; threads that serve others do not wait for them.
async fn on_a_thread<T: Send + 'static>(
    act: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, ScuError> {
    let done = tokio::task::spawn_blocking(act).await;
    let done = done.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked)));
    done.map_err(|error| ScuError::Rejected {
        message: format!("the export cannot be kept in the temporary directory: {error}"),
    })
}
