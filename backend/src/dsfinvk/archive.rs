//! The ZIP, written as it is read: compressed table by table out of the temporary files, a few chunks ahead of whoever
//! reads. All entries carry the same date, so the same receipts make the same bytes.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::mpsc;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::ExportError;
use super::index::{self, Supplier};
use super::spool::SpooledTables;
use super::tables::Table;

/// Bytes of a chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that are ready before they are read.
const CHUNKS_AHEAD: usize = 4;
/// Entries that may become larger are marked for the format's 64-bit sizes.
const SMALL_ENTRY_BYTES_MAX: u64 = 1 << 31;

/// The archive of finished tables, as a stream. Who drops the stream ends the writing.
pub(super) fn stream(
    tables: SpooledTables,
    supplier: Supplier,
) -> BoxStream<'static, Result<Bytes, ExportError>> {
    let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe {
            sender: sender.clone(),
            chunk: BytesMut::new(),
        };
        let written = write(tables, &supplier, &mut pipe).and_then(|()| pipe.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            // Nobody listening any more is what a dropped stream means.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        let chunk: io::Result<Bytes> = receiver.recv().await?;
        Some((chunk.map_err(ExportError::Spool), receiver))
    });
    chunks.boxed()
}

/// Writes the whole archive.
fn write(mut tables: SpooledTables, supplier: &Supplier, out: &mut impl Write) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(out);
    zip.start_file("index.xml", SimpleFileOptions::default())?;
    zip.write_all(index::document(supplier).as_bytes())?;
    for table in Table::ALL {
        let is_large = tables.bytes_max(table) > SMALL_ENTRY_BYTES_MAX;
        let options = SimpleFileOptions::default().large_file(is_large);
        zip.start_file(table.definition().file, options)?;
        write_table(&mut tables, table, &mut zip)?;
    }
    zip.finish()?;
    Ok(())
}

fn write_table(tables: &mut SpooledTables, table: Table, out: &mut impl Write) -> io::Result<()> {
    let mut file: Writer<_> = WriterBuilder::new()
        .delimiter(b';')
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(out);
    file.write_record(table.columns().map(|column| column.name))?;
    tables.for_each(table, |record| Ok(file.write_byte_record(record)?))?;
    file.flush()
}

/// Gathers what is written into chunks and hands them on, waiting while the reader is behind.
struct Pipe {
    sender: mpsc::Sender<io::Result<Bytes>>,
    chunk: BytesMut,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = self.chunk.split().freeze();
        self.sender
            .blocking_send(Ok(chunk))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
