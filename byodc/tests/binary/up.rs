//! Everything at once: started, used, hurt, ended.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Running, byodc, client, eventually, output, text};

/// A running `up` and its data directory.
struct Up {
    data: PathBuf,
    running: Running,
    _root: TempDir,
}

impl Up {
    /// `up` in an empty directory, when everything serves.
    async fn start(flags: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        let mut command = byodc();
        command
            .args(["up", "--listen", "127.0.0.1:0", "--cashboxes", "2", "--data-dir"])
            .arg(&data)
            .args(flags);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = Self {
            data,
            running: Running(child),
            _root: root,
        };
        let run_file = up.data.join("run.json");
        eventually("everything serves", async || {
            if let Some(status) = up.running.0.try_wait().unwrap() {
                let mut told = String::new();
                up.running
                    .0
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut told)
                    .unwrap();
                panic!("up ended with {status}: {told}");
            }
            run_file.exists().then_some(())
        })
        .await;
        up
    }

    fn run_file(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.data.join("run.json")).unwrap()).unwrap()
    }

    fn pod(&self, name: &str) -> Option<Value> {
        let pods = self.run_file()["pods"].as_array().unwrap().clone();
        pods.into_iter().find(|pod| pod["name"] == name)
    }

    /// The ids of all processes it has started.
    fn pids(&self) -> Vec<u64> {
        let own = self.running.0.id().to_string();
        let children = Command::new("ps")
            .args(["-o", "pid=", "--ppid", &own])
            .output()
            .unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        children
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect()
    }
}

fn signal(name: &str, pid: u64) {
    assert!(
        Command::new("kill")
            .args([name, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn is_running(pid: u64) -> bool {
    // A process that ended and is still waited for is not running any more.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn is_ready(admin_url: &Value) -> bool {
    let url = format!("{}/health/ready", admin_url.as_str().unwrap());
    client()
        .get(url)
        .send()
        .await
        .is_ok_and(|answer| answer.status().is_success())
}

#[tokio::test]
async fn the_run_file_has_its_shape_and_everything_in_it_serves() {
    let up = Up::start(&["--pods", "2"]).await;
    let run = up.run_file();
    assert_eq!(names(&run), ["cashboxes", "config_service", "pods", "proxy"]);
    assert_eq!(names(&run["proxy"]), ["admin_url", "pid", "url"]);
    assert_eq!(names(&run["pods"][0]), ["admin_url", "name", "pid", "url"]);
    assert_eq!(names(&run["config_service"]), ["url"]);
    assert_eq!(names(&run["cashboxes"][0]), ["accesstoken", "id"]);
    assert_eq!(
        (
            run["pods"].as_array().unwrap().len(),
            run["cashboxes"].as_array().unwrap().len()
        ),
        (2, 2)
    );
    assert!(is_ready(&run["proxy"]["admin_url"]).await);
    assert!(is_ready(&run["pods"][1]["admin_url"]).await);
    assert!(is_ready(&run["config_service"]["url"]).await);
}

#[tokio::test]
async fn a_killed_pod_is_started_again_under_its_name() {
    let up = Up::start(&["--pods", "2"]).await;
    let killed = up.pod("pod-2").unwrap()["pid"].as_u64().unwrap();
    signal("-9", killed);
    let pod = eventually("the pod is there again", async || {
        let pod = up.pod("pod-2").filter(|pod| pod["pid"] != killed)?;
        is_ready(&pod["admin_url"]).await.then_some(pod)
    });
    assert!(is_running(pod.await["pid"].as_u64().unwrap()));
}

#[tokio::test]
async fn a_killed_proxy_is_started_again_on_its_port() {
    let up = Up::start(&["--pods", "1"]).await;
    let before = up.run_file()["proxy"].clone();
    signal("-9", before["pid"].as_u64().unwrap());
    eventually("the proxy is there again", async || {
        let proxy = up.run_file()["proxy"].clone();
        assert_eq!(proxy["url"], before["url"]);
        let is_new = proxy["pid"].is_u64() && proxy["pid"] != before["pid"];
        (is_new && is_ready(&proxy["admin_url"]).await).then_some(())
    })
    .await;
}

#[tokio::test]
async fn sigterm_ends_every_process_and_takes_the_run_file_away() {
    let mut up = Up::start(&["--pods", "2"]).await;
    let pids = up.pids();
    assert_eq!(pids.len(), 4, "a configuration service, two pods and a proxy");
    signal("-TERM", u64::from(up.running.0.id()));
    let status = eventually("up has ended", async || up.running.0.try_wait().unwrap()).await;
    assert!(status.success(), "{status}");
    assert!(!pids.into_iter().any(is_running));
    assert!(!up.data.join("run.json").exists());
}

#[tokio::test]
async fn no_process_outlives_a_killed_up() {
    let mut up = Up::start(&["--pods", "2"]).await;
    let pids = up.pids();
    up.running.0.kill().unwrap();
    eventually("all processes have ended", async || {
        (!pids.iter().any(|pid| is_running(*pid))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_printed_commands_do_what_they_promise() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("with space");
    let tried = output(
        &[
            "up",
            "--listen",
            "127.0.0.1:0",
            "--cashboxes",
            "2",
            "--try-once",
            "--data-dir",
            path(&data),
        ],
        &[],
    );
    assert!(tried.status.success(), "{}", text(&tried));
    let told = text(&tried);
    assert!(told.contains("Everything did as promised."), "{told}");
    // What was run is what was printed: each command stands there twice.
    let commands: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("curl ") || line.starts_with("kill "))
        .collect();
    let (printed, run) = commands.split_at(commands.len() / 2);
    assert_eq!((printed.len(), printed), (6, run));
}

#[tokio::test]
async fn cashboxes_and_their_receipts_are_there_again_at_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let arguments = [
        "up",
        "--listen",
        "127.0.0.1:0",
        "--pods",
        "1",
        "--cashboxes",
        "1",
        "--try-once",
        "--data-dir",
    ];
    let mut rows = Vec::new();
    for _ in 0..2 {
        let told = text(&output(&[&arguments[..], &[path(root.path())]].concat(), &[]));
        let row = told
            .split("\"ftQueueRow\":")
            .nth(1)
            .unwrap_or_else(|| panic!("no receipt in {told}"));
        rows.push(
            row.chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse::<u32>()
                .unwrap(),
        );
    }
    // Activation is the first row, and stays the only one of its kind; three rows were signed in between.
    assert_eq!(rows, [2, 4]);
}

#[test]
fn what_keeps_it_from_starting_is_told() {
    let root = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = root.path().join("file");
    std::fs::write(&file, "").unwrap();
    let in_root = root.path().join("data");
    for (flags, reason) in [
        (
            ["--listen", &taken, "--data-dir", path(&in_root)],
            "choose another address with --listen",
        ),
        (
            ["--listen", "127.0.0.1:0", "--data-dir", path(&file)],
            "--data-dir",
        ),
    ] {
        let told = output(&[&["up"][..], &flags].concat(), &[]);
        assert_eq!(told.status.code(), Some(1));
        assert!(text(&told).contains(reason), "{}", text(&told));
    }
}

#[test]
fn a_role_that_does_not_start_is_told_with_the_end_of_its_log() {
    let root = tempfile::tempdir().unwrap();
    let flags = [
        "up",
        "--listen",
        "127.0.0.1:0",
        "--journal",
        "nonsense://",
        "--data-dir",
        path(root.path()),
    ];
    let told = output(&flags, &[]);
    assert_eq!(told.status.code(), Some(1));
    let told = text(&told);
    assert!(told.contains("does not start: it ended with status 2"), "{told}");
    assert!(told.contains("Byodc__Journal__Url"), "{told}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
