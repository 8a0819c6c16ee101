//! A TAR becomes a ZIP while it comes. Only the ZIP is kept, in memory while it is small and in a temporary file
//! afterwards; the TAR itself is never whole anywhere.

use std::io::{self, Read as _, Seek as _, Write as _};

use base64::engine::general_purpose::STANDARD as BASE64;
use base64::{Engine as _, write::EncoderStringWriter};
use sha2::{Digest as _, Sha256};
use tempfile::SpooledTempFile;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// From this size on a ZIP is in a temporary file (of `TMPDIR`, which has no name and goes with the process).
const IN_MEMORY_BYTES_MAX: usize = 1 << 20;
/// What is read from the file at once; a multiple of 3, as base64 likes it.
const READ_BYTES: usize = 3 << 16;

/// A ZIP that grows.
#[derive(Debug)]
pub(super) struct Packing {
    zip: ZipWriter<SpooledTempFile>,
    hash: Sha256,
    bytes: u64,
}

/// A ZIP that is whole.
pub(super) struct Packed {
    /// Its bytes, as the journal takes them.
    pub(super) zip_base64: String,
    /// SHA-256 of the TAR in it, base64.
    pub(super) checksum: String,
}

impl Packing {
    /// An archive with one file of this name.
    pub(super) fn begin(file_name: &str) -> io::Result<Self> {
        let mut zip = ZipWriter::new(SpooledTempFile::new(IN_MEMORY_BYTES_MAX));
        zip.start_file(file_name, SimpleFileOptions::default())?;
        Ok(Self {
            zip,
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// Bytes of the TAR that came so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds what came.
    pub(super) async fn add(mut self, chunk: Vec<u8>) -> io::Result<Self> {
        apart(move || {
            self.hash.update(&chunk);
            self.zip.write_all(&chunk)?;
            self.bytes += chunk.len() as u64;
            Ok(self)
        })
        .await
    }

    /// Closes the archive.
    pub(super) async fn finish(self) -> io::Result<Packed> {
        apart(move || {
            let mut file = self.zip.finish()?;
            let size = usize::try_from(file.stream_position()?).map_err(io::Error::other)?;
            file.rewind()?;
            Ok(Packed {
                zip_base64: base64_of(file, size)?,
                checksum: BASE64.encode(self.hash.finalize()),
            })
        })
        .await
    }
}

fn base64_of(mut file: SpooledTempFile, size: usize) -> io::Result<String> {
    let text = String::with_capacity(size.div_ceil(3) * 4);
    let mut encoder = EncoderStringWriter::from_consumer(text, &BASE64);
    let mut part = vec![0; READ_BYTES];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(encoder.into_inner()),
            read => encoder.write_all(&part[..read])?,
        }
    }
}

/// Does what keeps a processor or a disk busy on a thread that serves nobody else.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)?
}
