//! Records on their way into the archive: one temporary file for each table, parted into closings. What names the
//! closing is known only when it comes, so records are kept without it and get it when they are copied out.
//!
//! Small files stay in memory; larger ones lie, without a name, where the system keeps temporary files (`TMPDIR`), and
//! are gone with the process, however it ends.

use std::io::{self, Seek as _, SeekFrom};

use csv::{ByteRecord, Reader, ReaderBuilder, Writer};
use tempfile::SpooledTempFile;

use super::tables::Table;
use super::value::Value;

/// Bytes of one table that are kept in memory.
const IN_MEMORY_BYTES_MAX: usize = 256 * 1024;

/// What names a closing, as written.
pub(super) type ClosingKey = [String; 3];

/// Temporary files being written.
#[derive(Debug)]
pub(super) struct Spool {
    files: Vec<Writer<SpooledTempFile>>,
    /// Records of the closing that is still open, for each table.
    open: [u64; Table::ALL.len()],
    closings: Vec<SpooledClosing>,
}

/// A closing whose records are complete.
#[derive(Debug)]
struct SpooledClosing {
    key: ClosingKey,
    records: [u64; Table::ALL.len()],
}

impl Spool {
    /// Empty files.
    pub(super) fn new() -> Self {
        let file = |_| Writer::from_writer(SpooledTempFile::new(IN_MEMORY_BYTES_MAX));
        Self {
            files: Table::ALL.iter().map(file).collect(),
            open: [0; Table::ALL.len()],
            closings: Vec::new(),
        }
    }

    /// Adds a record to the open closing.
    ///
    /// # Panics
    /// When the values are not those of the table's columns.
    pub(super) fn write(&mut self, table: Table, values: &[Value<'_>]) -> io::Result<()> {
        let columns = table.definition().columns;
        assert_eq!(
            values.len(),
            columns.len(),
            "a record of {table:?} has all of its columns"
        );
        let written = values
            .iter()
            .zip(columns)
            .map(|(value, column)| value.written(column));
        let file = &mut self.files[table as usize];
        for field in written {
            file.write_field(field.as_bytes())?;
        }
        file.write_record(None::<&[u8]>)?;
        self.open[table as usize] += 1;
        Ok(())
    }

    /// What was written since the last closing belongs to this one.
    pub(super) fn close(&mut self, key: ClosingKey) {
        let records = std::mem::take(&mut self.open);
        self.closings.push(SpooledClosing { key, records });
    }

    /// Everything that was closed, to be read.
    pub(super) fn finish(self) -> io::Result<SpooledTables> {
        let rewound = |writer: Writer<SpooledTempFile>| {
            let mut file = writer.into_inner().map_err(|error| error.into_error())?;
            let bytes = file.stream_position()?;
            file.seek(SeekFrom::Start(0))?;
            Ok((file, bytes))
        };
        let files = self.files.into_iter().map(rewound);
        Ok(SpooledTables {
            files: files.collect::<io::Result<_>>()?,
            closings: self.closings,
        })
    }
}

/// Temporary files being read.
#[derive(Debug)]
pub(super) struct SpooledTables {
    files: Vec<(SpooledTempFile, u64)>,
    closings: Vec<SpooledClosing>,
}

impl SpooledTables {
    /// How large a table's file becomes, at the most and roughly.
    pub(super) fn bytes_max(&self, table: Table) -> u64 {
        let records: u64 = self
            .closings
            .iter()
            .map(|closing| closing.records[table as usize])
            .sum();
        self.files[table as usize].1 + records * 120
    }

    /// Gives every record of a table, with the key of its closing before it, to `take`.
    pub(super) fn for_each(
        &mut self,
        table: Table,
        mut take: impl FnMut(&ByteRecord) -> io::Result<()>,
    ) -> io::Result<()> {
        let (file, _) = &mut self.files[table as usize];
        let mut reader: Reader<_> = ReaderBuilder::new().has_headers(false).from_reader(file);
        let (mut spooled, mut record) = (ByteRecord::new(), ByteRecord::new());
        for closing in &self.closings {
            for _ in 0..closing.records[table as usize] {
                if !reader.read_byte_record(&mut spooled)? {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                record.clear();
                closing
                    .key
                    .iter()
                    .for_each(|field| record.push_field(field.as_bytes()));
                spooled.iter().for_each(|field| record.push_field(field));
                take(&record)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_gets_the_key_of_its_own_closing() {
        let mut spool = Spool::new();
        let record = |id: &'static str| [Value::from(id), Value::from("a;\"b\"\r\nc")];
        spool.write(Table::AllocationGroups, &record("1")).unwrap();
        spool.close(["K".to_owned(), "first".to_owned(), "1".to_owned()]);
        spool.write(Table::AllocationGroups, &record("2")).unwrap();
        spool.write(Table::AllocationGroups, &record("3")).unwrap();
        spool.close(["K".to_owned(), "second".to_owned(), "2".to_owned()]);
        spool.write(Table::AllocationGroups, &record("open")).unwrap();

        let mut tables = spool.finish().unwrap();
        let mut found = Vec::new();
        let collected = tables.for_each(Table::AllocationGroups, |record| {
            let fields: Vec<&str> = record
                .iter()
                .map(|field| std::str::from_utf8(field).unwrap())
                .collect();
            found.push(fields.join("|"));
            Ok(())
        });
        collected.unwrap();
        assert_eq!(
            found,
            [
                "K|first|1|1|a;\"b\"\r\nc",
                "K|second|2|2|a;\"b\"\r\nc",
                "K|second|2|3|a;\"b\"\r\nc"
            ]
        );
    }
}
