//! A disk of a few MiB for one process, which a test can fill and free.
//!
//! It is a file system in memory, mounted by the process itself before it becomes the program under test, in a user and
//! a mount namespace of its own: nobody else sees the mount, it ends with the process, and no root is needed where the
//! kernel lets everybody have user namespaces. Where it does not, the process says so in its log and does not start.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Enough for an empty journal and a few receipts, and filled in no time.
const SIZE: &str = "8m";
/// Mounts the disk on `$1` and becomes the program that follows.
const MOUNT_AND_BECOME: &str = r#"mount -t tmpfs -o "size=$1" disk "$2" || exit 1; shift 2; exec "$@""#;

/// What to start a program with, so that a disk of its own is mounted on this folder.
pub(crate) fn launcher(mounted_on: &Path) -> Vec<String> {
    let folder = mounted_on.display().to_string();
    let words = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        MOUNT_AND_BECOME,
        "sh",
        SIZE,
        &folder,
    ];
    words.map(str::to_owned).into()
}

/// The disk of a running process.
#[derive(Debug, Clone)]
pub struct SmallDisk {
    filler: PathBuf,
}

impl SmallDisk {
    /// The disk that a process has mounted on this folder, as the process sees it.
    pub(crate) fn of(pid: u32, mounted_on: &Path) -> Self {
        let root = PathBuf::from(format!("/proc/{pid}/root"));
        let within = mounted_on.strip_prefix("/").expect("a folder from the root on");
        Self {
            filler: root.join(within).join("filler"),
        }
    }

    /// Leaves no byte.
    pub fn fill(&self) {
        let mut filler = File::create(&self.filler).unwrap();
        loop {
            match filler.write_all(&[0; 4096]) {
                Ok(()) => {}
                Err(full) if full.kind() == ErrorKind::StorageFull => return,
                Err(fault) => panic!("filling {}: {fault}", self.filler.display()),
            }
        }
    }

    /// Gives back what was filled.
    pub fn free(&self) {
        std::fs::remove_file(&self.filler).unwrap();
    }
}
