//! Where everything is kept from one run to the next. One `up` at a time may use it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use uuid::Uuid;

/// A data directory, held by this process.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    /// Held locked for as long as the value lives; the system lets go of it with the process.
    _lock: File,
}

impl DataDir {
    /// Makes the directory if need be and takes hold of it. Only its owner can read it: it holds access tokens.
    ///
    /// # Errors
    /// It cannot be made or written to, or another `up` uses it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let told = || format!("using {} as the data directory (--data-dir)", path.display());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(told)?;
        let root = path.canonicalize().with_context(told)?;
        if root
            .to_str()
            .is_none_or(|text| text.contains(['?', '#', '%', '\'']))
        {
            bail!("{}: must be plain text without any of ? # % '", told());
        }
        let lock = File::create(root.join("lock")).with_context(told)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "{}: another `byodc up` uses it; end that one or choose another directory",
                    told()
                )
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(told),
        }
        let data = Self { root, _lock: lock };
        for below in [data.cashboxes(), data.simulator(), data.logs(), data.try_out()] {
            fs::create_dir_all(&below).with_context(|| format!("making {}", below.display()))?;
        }
        // Left by a run that was killed: from here on it would be wrong.
        super::run_file::remove(&data.run_file());
        Ok(data)
    }

    /// Its path, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The SQLite file of the journals.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.db")
    }

    /// The SQLite file that says who owns what.
    pub fn ownership(&self) -> PathBuf {
        self.root.join("ownership.db")
    }

    /// The documents and tokens of the cashboxes.
    pub fn cashboxes(&self) -> PathBuf {
        self.root.join("cashboxes")
    }

    /// The simulated TSEs.
    pub fn simulator(&self) -> PathBuf {
        self.root.join("simulator")
    }

    /// One log a process.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The key that seals configurations kept for outages, made at the first start.
    ///
    /// # Errors
    /// Its file cannot be read or written.
    pub fn configuration_key(&self) -> anyhow::Result<String> {
        let path = self.root.join("configuration.key");
        let told = || format!("keeping a key in {}", path.display());
        if !path.exists() {
            write_whole(&path, random_hex().as_bytes()).with_context(told)?;
        }
        fs::read_to_string(&path).with_context(told)
    }

    /// The bodies and headers that the printed commands send.
    pub fn try_out(&self) -> PathBuf {
        self.root.join("try")
    }

    /// Who runs where.
    pub fn run_file(&self) -> PathBuf {
        self.root.join("run.json")
    }
}

/// A secret of 64 hexadecimal digits, 244 bits of them random.
pub fn random_hex() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Writes a file that others see whole or not at all, readable by its owner only.
///
/// # Errors
/// What the file system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(bytes)?;
    fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_up_on_one_directory_is_refused_until_the_first_has_ended() {
        let root = tempfile::tempdir().unwrap();
        let first = DataDir::open(root.path()).unwrap();
        let refused = DataDir::open(root.path()).unwrap_err().to_string();
        assert!(refused.contains("another `byodc up` uses it"), "{refused}");
        drop(first);
        DataDir::open(root.path()).unwrap();
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = format!("{:#}", DataDir::open(file.path()).unwrap_err());
        assert!(
            error.contains("--data-dir") && error.contains(file.path().to_str().unwrap()),
            "{error}"
        );
    }
}
