//! Joins the TARs of several ranges into one while they arrive, without holding more than a block of them.
//!
//! ```text
//! TAR 1: info.csv, cert, a.log, end ┐
//! TAR 2: info.csv, cert, b.log, end ┴▶ info.csv, cert, a.log, b.log, end
//! ```
//!
//! Log messages have names of their own. What describes the TSE stands in each TAR and is kept once.

use std::collections::HashSet;

use thiserror::Error;

/// TAR's unit.
const BLOCK_BYTES: usize = 512;
/// How many descriptions are remembered: an FCC has a few, and a log message is none.
const NAMES_MAX: usize = 1024;

/// Why what arrived is no TAR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TarError {
    /// A head says no readable size.
    #[error("the export is no readable TAR")]
    Head,
    /// It ended inside a file.
    #[error("the export ended in the middle of a file")]
    CutOff,
}

/// Takes TARs in pieces, gives one.
#[derive(Debug, Default)]
pub struct TarJoin {
    block: Vec<u8>,
    /// How many blocks of a file are still to come, and whether they are wanted.
    blocks_left: u64,
    wanted: bool,
    seen: HashSet<Vec<u8>>,
}

impl TarJoin {
    /// The next piece of a TAR; adds to `out` what is to be kept of it.
    ///
    /// # Errors
    /// When it cannot be a piece of a TAR.
    pub fn take(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), TarError> {
        while !piece.is_empty() {
            let missing = BLOCK_BYTES - self.block.len();
            let (now, later) = piece.split_at(missing.min(piece.len()));
            self.block.extend_from_slice(now);
            piece = later;
            if self.block.len() == BLOCK_BYTES {
                self.whole_block(out)?;
                self.block.clear();
            }
        }
        Ok(())
    }

    /// One of the TARs is over.
    ///
    /// # Errors
    /// When it ended where none can end.
    pub fn end_of_part(&self) -> Result<(), TarError> {
        match self.blocks_left == 0 && self.block.is_empty() {
            true => Ok(()),
            false => Err(TarError::CutOff),
        }
    }

    /// What ends the joined TAR: two empty blocks.
    #[must_use]
    pub fn end() -> [u8; 2 * BLOCK_BYTES] {
        [0; 2 * BLOCK_BYTES]
    }

    fn whole_block(&mut self, out: &mut Vec<u8>) -> Result<(), TarError> {
        if self.blocks_left > 0 {
            self.blocks_left -= 1;
        } else if self.block.iter().all(|byte| *byte == 0) {
            // The end of a TAR; the joined one gets its own.
            return Ok(());
        } else {
            let size = size_of(&self.block).ok_or(TarError::Head)?;
            self.blocks_left = size.div_ceil(BLOCK_BYTES as u64);
            self.wanted = self.is_wanted();
        }
        if self.wanted {
            out.extend_from_slice(&self.block);
        }
        Ok(())
    }

    /// A log message, an extension of the next head, or a description that was not there yet.
    fn is_wanted(&mut self) -> bool {
        let name: Vec<u8> = self.block[..100]
            .iter()
            .copied()
            .take_while(|byte| *byte != 0)
            .collect();
        let is_file = matches!(self.block[156], b'0' | 0);
        if !is_file || name.ends_with(b".log") || self.seen.len() >= NAMES_MAX {
            return true;
        }
        self.seen.insert(name)
    }
}

/// The size in a head: octal digits, or a number in binary where those do not suffice.
fn size_of(head: &[u8]) -> Option<u64> {
    let field = &head[124..136];
    if field[0] == 0x80 {
        return Some(field[4..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches(['\0', ' ']);
    u64::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read as _;

    fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            builder
                .append_data(&mut header, name, content.as_slice())
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn files_of(tar: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut archive = tar::Archive::new(tar);
        let files = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), content)
        });
        files.collect()
    }

    fn joined(parts: &[Vec<u8>], piece_bytes: usize) -> Vec<u8> {
        let (mut join, mut out) = (TarJoin::default(), Vec::new());
        for part in parts {
            for piece in part.chunks(piece_bytes) {
                join.take(piece, &mut out).unwrap();
            }
            join.end_of_part().unwrap();
        }
        out.extend_from_slice(&TarJoin::end());
        out
    }

    proptest! {
        #[test]
        fn every_log_message_is_kept_and_a_description_once(
            first in proptest::collection::vec(0_usize..1500, 0..4),
            second in proptest::collection::vec(0_usize..1500, 0..4),
            piece_bytes in 1_usize..2000,
        ) {
            let logs = |part: usize, sizes: &[usize]| -> Vec<_> {
                let name = |index| format!("Unixt_{part}_Sig-{index}_Log-Tra.log");
                sizes.iter().enumerate().map(|(index, size)| (name(index), vec![7; *size])).collect()
            };
            let info = ("info.csv".to_owned(), b"description".to_vec());
            let part = |logs: &[(String, Vec<u8>)]| tar_of(&[std::slice::from_ref(&info), logs].concat());
            let (first, second) = (logs(1, &first), logs(2, &second));
            let tar = joined(&[part(&first), part(&second)], piece_bytes);
            prop_assert_eq!(tar.len() % BLOCK_BYTES, 0);
            prop_assert_eq!(files_of(&tar), [vec![info.clone()], first, second].concat());
        }
    }

    #[test]
    fn what_is_no_tar_or_not_a_whole_one_is_refused() {
        let (mut join, mut out) = (TarJoin::default(), Vec::new());
        assert_eq!(join.take(&[b'x'; BLOCK_BYTES], &mut out), Err(TarError::Head));
        let tar = tar_of(&[("a.log".to_owned(), vec![1; 600])]);
        let mut join = TarJoin::default();
        join.take(&tar[..BLOCK_BYTES * 2], &mut out).unwrap();
        assert_eq!(join.end_of_part(), Err(TarError::CutOff));
    }
}
