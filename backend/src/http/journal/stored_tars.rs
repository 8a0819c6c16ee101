//! One TAR out of the exports that the journal holds (`fiscal-spec.md` chapter 7, rule 6).
//!
//! Each row of `ftJournalDE` holds a ZIP with a TAR. Their files follow each other in the order of the rows; a file
//! whose name came before is left out, because a TSE that is not erased exports its whole log each time and names each
//! file by what it holds. No rows, no bytes.
//!
//! In memory are one row, a few pieces, and 16 bytes for each name. Unpacking blocks, so it has threads of its own; they
//! wait while the reader is slow, and end when it goes away.

use std::collections::HashSet;
use std::io::{self, Cursor, Read, Write};

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::export::{ExportError, Pieces};
use super::pages::Part;
use crate::journal::entry::{JournalDeRow, JournalRows};

/// Bytes of a piece.
const PIECE_BYTES: usize = 1 << 18;
/// Pieces that may wait for the reader.
const PIECES_WAITING: usize = 2;
/// The extension of the rows that hold exports (4.10).
const ZIP: &str = ".zip";

/// The merged TAR of a part of `ftJournalDE`.
#[must_use]
pub fn pieces(part: Part) -> Pieces {
    let begun = stream::once(async move {
        let (sender, mut pieces) = mpsc::channel(PIECES_WAITING);
        let work = tokio::task::spawn_blocking(move || merge(part, sender));
        let come = stream::poll_fn(move |context| pieces.poll_recv(context)).map(Ok);
        come.chain(stream::once(last_word(work)).filter_map(std::future::ready))
    });
    begun.flatten().boxed()
}

/// Pieces that come to an end are the whole only if whoever made them says so.
async fn last_word(work: JoinHandle<Result<(), ExportError>>) -> Option<Result<Bytes, ExportError>> {
    match work.await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Err(error)),
        Err(_panicked) => Some(Err(ExportError::Broken)),
    }
}

/// Runs on a thread that may block.
fn merge(part: Part, pieces: mpsc::Sender<Bytes>) -> Result<(), ExportError> {
    let runtime = Handle::current();
    let piece = Vec::new();
    let mut merged = Merged::new(Outlet { piece, pieces });
    let mut pages = Box::pin(part.pages());
    while let Some(page) = runtime.block_on(pages.try_next())? {
        let JournalRows::De(rows) = page.rows else {
            unreachable!("exports are asked for");
        };
        for row in rows {
            merged.add(row)?;
        }
    }
    merged.end()
}

/// A TAR that grows by the files of others.
struct Merged<W: Write> {
    tar: tar::Builder<W>,
    /// Digests of the names in it.
    names: HashSet<[u8; 16]>,
    has_rows: bool,
}

impl<W: Write> Merged<W> {
    fn new(out: W) -> Self {
        Self {
            tar: tar::Builder::new(out),
            names: HashSet::new(),
            has_rows: false,
        }
    }

    /// Adds the files of one stored export that are not in it yet; nothing of a row that is no ZIP.
    fn add(&mut self, row: JournalDeRow) -> Result<(), ExportError> {
        if !row.file_extension.eq_ignore_ascii_case(ZIP) {
            return Ok(());
        }
        self.has_rows = true;
        let number = row.number;
        let stored = |detail: String| ExportError::Stored { number, detail };
        let zip = BASE64
            .decode(&row.content_base64)
            .map_err(|_| stored("it is no base64".to_owned()))?;
        drop(row);
        let mut zip = zip::ZipArchive::new(Cursor::new(zip))
            .map_err(|error| stored(format!("it is no ZIP: {error}")))?;
        for index in 0..zip.len() {
            let file = zip
                .by_index(index)
                .map_err(|error| stored(format!("file {index} of its ZIP: {error}")))?;
            self.add_files(tar::Archive::new(file))
                .map_err(|error| stored(format!("the TAR in its ZIP: {error}")))?;
        }
        Ok(())
    }

    fn add_files<R: Read>(&mut self, mut tar: tar::Archive<R>) -> io::Result<()> {
        for file in tar.entries()? {
            let mut file = file?;
            if self.names.insert(digest(&file.path_bytes())) {
                let (mut head, path) = (file.header().clone(), file.path()?.into_owned());
                self.tar.append_data(&mut head, path, &mut file)?;
            }
        }
        Ok(())
    }

    /// Writes the end of the TAR, if it has a beginning.
    fn end(mut self) -> Result<(), ExportError> {
        if !self.has_rows {
            return Ok(());
        }
        let ended = self.tar.finish().and_then(|()| self.tar.get_mut().flush());
        ended.map_err(|_gone| ExportError::ReaderGone)
    }
}

fn digest(name: &[u8]) -> [u8; 16] {
    *Sha256::digest(name).first_chunk().expect("SHA-256 has 32 bytes")
}

/// Gathers what is written to pieces, and waits for the reader.
struct Outlet {
    piece: Vec<u8>,
    pieces: mpsc::Sender<Bytes>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        self.pieces
            .blocking_send(piece)
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the reader has gone"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::clock::Ticks;
    use shared::identity::QueueItemId;
    use uuid::Uuid;

    /// A row as a daily closing stores it: a ZIP with one TAR, with these files.
    fn row(number: i64, files: &[(&str, &str)]) -> JournalDeRow {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut head = tar::Header::new_ustar();
            head.set_size(content.len() as u64);
            head.set_mtime(1_930_386_030);
            tar.append_data(&mut head, name, content.as_bytes()).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("export.tar", options).unwrap();
        zip.write_all(&tar).unwrap();
        let content = BASE64.encode(zip.finish().unwrap().into_inner());
        stored(number, ".zip", content)
    }

    fn stored(number: i64, extension: &str, content_base64: String) -> JournalDeRow {
        JournalDeRow {
            id: Uuid::from_u128(number as u128),
            number,
            file_name: "310304102030600_K".to_owned(),
            file_extension: extension.to_owned(),
            content_base64,
            item: QueueItemId::from_u128(1),
            time_stamp: Ticks(number),
        }
    }

    fn files(tar: &[u8]) -> Vec<(String, String)> {
        let mut tar = tar::Archive::new(tar);
        let files = tar.entries().unwrap().map(|file| {
            let mut file = file.unwrap();
            assert_eq!(file.header().mtime().unwrap(), 1_930_386_030);
            let (name, mut content) = (file.path().unwrap().display().to_string(), String::new());
            file.read_to_string(&mut content).unwrap();
            (name, content)
        });
        files.collect()
    }

    #[test]
    fn files_follow_each_other_once_and_the_end_is_there() {
        let long = "x".repeat(180);
        let mut out = Vec::new();
        let mut merged = Merged::new(&mut out);
        merged
            .add(row(1, &[("info.csv", "1"), ("Sig-1.log", "one")]))
            .unwrap();
        merged.add(stored(2, ".txt", "no ZIP".to_owned())).unwrap();
        merged
            .add(row(3, &[("info.csv", "2"), ("Sig-1.log", "one"), (&long, "two")]))
            .unwrap();
        merged.end().unwrap();
        let file = |name: &str, content: &str| (name.to_owned(), content.to_owned());
        assert_eq!(
            files(&out),
            [
                file("info.csv", "1"),
                file("Sig-1.log", "one"),
                file(&long, "two")
            ]
        );
        assert_eq!(out[out.len() - 1024..], [0; 1024]);
    }

    #[test]
    fn what_is_no_export_is_named_by_its_number() {
        let cut_off = {
            let mut zip = row(7, &[("Sig-1.log", "one")]).content_base64;
            zip.truncate(40);
            zip
        };
        for content in ["***", "AAAA", &cut_off] {
            let error = Merged::new(Vec::new()).add(stored(7, ".ZIP", content.to_owned()));
            let error = error.unwrap_err().to_string();
            assert!(
                error.starts_with("The stored export 7 cannot be read: "),
                "{error}"
            );
        }
    }
}
