//! The log of one TSE: lines that are only ever appended, in a file that several pods share, or in memory.
//!
//! Who wants to read or write takes the file's lock, reads what others appended, does one thing and lets go. The
//! file is open only meanwhile, so thousands of TSEs need no more file handles than there are operations under
//! way. A process may be killed at any instruction: the lock goes with it, and a line that it wrote in part (no
//! line feed at its end) was never answered and is cut off by the next. There is no `fsync`: the log survives the
//! death of a process, not that of the machine.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    offset: u64,
    length: u32,
}

/// The log of one TSE.
#[derive(Debug)]
pub struct LogFile {
    medium: Medium,
    /// How many bytes have been read and understood.
    seen: u64,
}

#[derive(Debug)]
enum Medium {
    Disk(PathBuf),
    Memory(Vec<u8>),
}

/// The log while it is locked. Dropping it lets go.
#[derive(Debug)]
pub struct Locked<'a> {
    access: Access<'a>,
    seen: &'a mut u64,
}

#[derive(Debug)]
enum Access<'a> {
    /// Closing it gives up the lock.
    File(File),
    Memory(&'a mut Vec<u8>),
}

impl LogFile {
    /// A log that other processes share.
    #[must_use]
    pub fn on_disk(path: PathBuf) -> Self {
        Self {
            medium: Medium::Disk(path),
            seen: 0,
        }
    }

    /// A log that goes with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            medium: Medium::Memory(Vec::new()),
            seen: 0,
        }
    }

    /// Takes the lock, or answers none when somebody else has it just now.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn try_lock(&mut self) -> io::Result<Option<Locked<'_>>> {
        let access = match &mut self.medium {
            Medium::Memory(bytes) => Access::Memory(bytes),
            Medium::Disk(path) => {
                let mut options = OpenOptions::new();
                // Nobody else needs to read a private key, be it a simulated one.
                let file = options
                    .read(true)
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .open(path)?;
                match file.try_lock() {
                    Ok(()) => Access::File(file),
                    Err(TryLockError::WouldBlock) => return Ok(None),
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        };
        let seen = &mut self.seen;
        Ok(Some(Locked { access, seen }))
    }
}

impl Locked<'_> {
    /// Hands every line to `take` that was appended since the last time, without its line feed. A line counts as
    /// read once `take` accepted it.
    ///
    /// # Errors
    /// When the file cannot be read, or is shorter than before; or what `take` says.
    pub fn read_new(&mut self, mut take: impl FnMut(&[u8], Place) -> io::Result<()>) -> io::Result<()> {
        let length = self.length()?;
        if length == *self.seen {
            return Ok(());
        }
        let unread = length.checked_sub(*self.seen).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the log is shorter than it was before",
            )
        })?;
        let bytes = self.read_range(*self.seen, unread)?;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else {
                return self.cut_off(*self.seen);
            };
            let place = Place::new(*self.seen, line.len())?;
            take(text, place)?;
            *self.seen += u64::from(place.length);
        }
        Ok(())
    }

    /// Appends a line; everything before must have been read.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it stays.
    pub fn append(&mut self, mut line: Vec<u8>) -> io::Result<Place> {
        line.push(b'\n');
        let place = Place::new(*self.seen, line.len())?;
        match &mut self.access {
            Access::Memory(bytes) => bytes.extend_from_slice(&line),
            Access::File(file) => file.write_all(&line).or_else(|error| {
                // A full disk may have taken a part.
                file.set_len(*self.seen)?;
                Err(error)
            })?,
        }
        *self.seen += u64::from(place.length);
        Ok(place)
    }

    /// Reads a line again.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, place: Place) -> io::Result<Vec<u8>> {
        let mut line = self.read_range(place.offset, u64::from(place.length))?;
        line.pop();
        Ok(line)
    }

    fn length(&self) -> io::Result<u64> {
        match &self.access {
            Access::File(file) => Ok(file.metadata()?.len()),
            Access::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    fn read_range(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let too_long = |_| io::Error::new(io::ErrorKind::InvalidData, "the log is too long for this machine");
        let (start, length) = (
            usize::try_from(offset).map_err(too_long)?,
            usize::try_from(length).map_err(too_long)?,
        );
        match &self.access {
            Access::File(file) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, offset)?;
                Ok(bytes)
            }
            Access::Memory(bytes) => Ok(bytes[start..start + length].to_vec()),
        }
    }

    fn cut_off(&self, at: u64) -> io::Result<()> {
        match &self.access {
            Access::File(file) => file.set_len(at),
            // Memory goes with its writer, so no line in it is half written.
            Access::Memory(_) => Ok(()),
        }
    }
}

impl Place {
    fn new(offset: u64, length: usize) -> io::Result<Self> {
        let length = u32::try_from(length);
        let length = length.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a line is too long"))?;
        Ok(Self { offset, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &mut LogFile) -> Vec<String> {
        let mut lines = Vec::new();
        let mut locked = log.try_lock().unwrap().unwrap();
        let take = |line: &[u8], _| {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            Ok(())
        };
        locked.read_new(take).unwrap();
        lines
    }

    fn append(log: &mut LogFile, line: &str) -> Place {
        log.try_lock()
            .unwrap()
            .unwrap()
            .append(line.as_bytes().to_vec())
            .unwrap()
    }

    #[test]
    fn what_one_process_appends_another_reads_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tse.log");
        let (mut one, mut other) = (LogFile::on_disk(path.clone()), LogFile::on_disk(path));
        append(&mut one, "first");
        assert_eq!(lines(&mut other), ["first"]);
        append(&mut other, "second");
        assert_eq!(lines(&mut one), ["second"]);
        assert_eq!(lines(&mut one), [] as [&str; 0]);
    }

    #[test]
    fn a_line_that_its_writer_did_not_end_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tse.log");
        std::fs::write(&path, "whole\ntor").unwrap();
        let mut log = LogFile::on_disk(path.clone());
        assert_eq!(lines(&mut log), ["whole"]);
        let place = append(&mut log, "next");
        assert_eq!(std::fs::read_to_string(path).unwrap(), "whole\nnext\n");
        assert_eq!(log.try_lock().unwrap().unwrap().read(place).unwrap(), b"next");
    }

    #[test]
    fn the_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tse.log");
        let (mut one, mut other) = (LogFile::on_disk(path.clone()), LogFile::on_disk(path));
        let held = one.try_lock().unwrap().unwrap();
        assert!(other.try_lock().unwrap().is_none());
        drop(held);
        assert!(other.try_lock().unwrap().is_some());
    }

    #[test]
    fn a_log_that_lost_lines_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tse.log");
        let mut log = LogFile::on_disk(path.clone());
        append(&mut log, "first");
        std::fs::write(path, "").unwrap();
        let mut locked = log.try_lock().unwrap().unwrap();
        assert!(locked.read_new(|_, _| Ok(())).is_err());
    }
}
