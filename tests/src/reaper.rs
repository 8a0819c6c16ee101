//! Ends and removes what a test process leaves behind.
//!
//! Servers that all tests share live in statics, which are never dropped, and a test process may be killed at any
//! moment. So a small shell stands beside it, told which processes and folders belong to the tests; when the
//! test process ends, for whatever reason, their pipe closes and the shell cleans up.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// Knows the living by pid; told `+pid`, `-pid`, or `dir path`.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
pids=' '
dirs=()
while IFS= read -r line; do
    case $line in
        +*) pids+="${line#+} " ;;
        -*) pids=${pids/ ${line#-} / } ;;
        /*) dirs+=("$line") ;;
    esac
done
for pid in $pids; do kill -KILL "$pid"; done 2>/dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    left=
    for pid in $pids; do kill -0 "$pid" 2>/dev/null && left=yes; done
    [ -z "$left" ] && break
    sleep 0.2
done
[ ${#dirs[@]} = 0 ] || rm -rf -- "${dirs[@]}"
"#;

static REAPER: LazyLock<Mutex<Child>> = LazyLock::new(|| {
    let reaper = Command::new("bash")
        .args(["-c", SCRIPT])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash is there: tests/run.sh is one");
    Mutex::new(reaper)
});

/// From now on this process ends with the test process.
pub fn adopt(pid: u32) {
    tell(&format!("+{pid}"));
}

/// This process has ended; its id may be another's soon.
pub fn release(pid: u32) {
    tell(&format!("-{pid}"));
}

/// A new folder that is removed when the test process ends, so that a failed test's logs can be read until then.
#[must_use]
pub fn temporary_folder(name: &str) -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix(&format!("byodc-{name}-"))
        .tempdir()
        .unwrap()
        .keep();
    tell(&folder.display().to_string());
    folder
}

/// Removes a folder before the end.
pub fn remove(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}

fn tell(line: &str) {
    let mut reaper = REAPER.lock().unwrap();
    let ears = reaper.stdin.as_mut().expect("its input is piped");
    writeln!(ears, "{line}").expect("the reaper lives as long as we do");
}
