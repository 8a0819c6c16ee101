//! What an operator may get wrong: each mistake is named by its setting, at once, and no secret is shown.

/// A Redis that refuses everything it is asked.
mod refusing_redis;

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use crate::process::{Running, byodc, client, eventually, free_address, output, text};
use refusing_redis::RefusingRedis;

/// Stands wherever a secret may.
const SECRET: &str = "hunter2";

/// A mistake that ends a role: the role, what is set, the status, and what the one line must hold.
type Mistake = (
    &'static str,
    &'static [(&'static str, &'static str)],
    i32,
    &'static [&'static str],
);

const MISTAKES: &[Mistake] = &[
    (
        "backend",
        &[("Byodc__Drain__Secnds", "5")],
        2,
        &["byodc__drain__secnds", "did you mean Byodc__Drain__Seconds?"],
    ),
    (
        "backend",
        &[
            ("Byodc__Lease__Seconds", "4"),
            ("Byodc__Lease__RenewSeconds", "3"),
        ],
        2,
        &["Byodc__Lease__Seconds", "Byodc__Lease__RenewSeconds"],
    ),
    (
        "backend",
        &[
            ("Byodc__Drain__Seconds", "120"),
            ("Byodc__Drain__GraceSeconds", "30"),
        ],
        2,
        &["Byodc__Drain__Seconds", "Byodc__Drain__GraceSeconds"],
    ),
    (
        "backend",
        &[("Byodc__Pod__Generation", "$(POD_TEMPLATE_HASH)")],
        2,
        &["Byodc__Pod__Generation", "$(POD_TEMPLATE_HASH) was not replaced"],
    ),
    (
        "backend",
        &[("Redis__ConnectionString", "redis:6379,passwort=hunter2")],
        2,
        &["Redis__ConnectionString", "(not shown)"],
    ),
    (
        "backend",
        &[("Byodc__Journal__Url", "oracle://pods:hunter2@db/journal")],
        2,
        &["Byodc__Journal__Url", "(not shown)"],
    ),
    (
        "backend",
        &[("Byodc__Journal__Url", "sqlite:///no/such/folder/journal.db")],
        1,
        &["Byodc__Journal__Url", "cannot open the journal"],
    ),
    (
        "backend",
        &[("Byodc__Journal__Url", "")],
        2,
        &["Byodc__Journal__Url"],
    ),
    (
        "backend",
        &[("Helipad__BaseUrl", "helipad.example.com")],
        2,
        &["Helipad__BaseUrl", "https://host"],
    ),
    (
        "backend",
        &[("Helipad__BaseUrl", "https://pods:hunter2@helipad.example.com")],
        2,
        &["Helipad__BaseUrl", "password"],
    ),
    (
        "backend",
        &[("Byodc__Admin__Keys", "ops:operate:hunter2")],
        2,
        &["Byodc__Admin__Keys", "entry 1"],
    ),
    (
        "backend",
        &[("Byodc__Peer__Key", "hunter2")],
        2,
        &["Byodc__Peer__Key", "32"],
    ),
    (
        "backend",
        &[("Byodc__Configuration__Key", "hunter2")],
        2,
        &["Byodc__Configuration__Key", "(not shown)"],
    ),
    (
        "proxy",
        &[("Byodc__Proxy__TlsListen", "127.0.0.1:0")],
        2,
        &[
            "Byodc__Proxy__TlsCertificate",
            "Byodc__Proxy__TlsListen needs this file",
        ],
    ),
    (
        "proxy",
        &[
            ("Byodc__Proxy__TlsListen", "127.0.0.1:0"),
            ("Byodc__Proxy__TlsCertificate", "/no/such/tls.crt"),
            ("Byodc__Proxy__TlsKey", "/no/such/tls.key"),
        ],
        1,
        &["Byodc__Proxy__TlsCertificate", "/no/such/tls.crt"],
    ),
    (
        "proxy",
        &[("Byodc__Proxy__PodsDns", "$(PODS)")],
        2,
        &["Byodc__Proxy__PodsDns", "$(PODS) was not replaced"],
    ),
    (
        "config-service",
        &[("Byodc__ConfigService__Directory", "/no/such/folder")],
        2,
        &["Byodc__ConfigService__Directory"],
    ),
];

#[test]
fn a_mistake_ends_the_role_with_a_line_that_names_the_setting_and_no_secret() {
    for (role, set, status, line) in MISTAKES {
        let told = output(&[role], &[&quiet()[..], set].concat());
        assert_eq!(told.status.code(), Some(*status), "{set:?}: {}", text(&told));
        let told = text(&told);
        let names = |shown: &str| line.iter().all(|part| shown.contains(part));
        assert!(
            told.lines().any(names),
            "{set:?} needs {line:?} in a line: {told}"
        );
        assert!(!told.contains(SECRET), "{told}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (role, setting) in [
        ("proxy", "Byodc__Proxy__Listen"),
        ("proxy", "Byodc__Metrics__Listen"),
        ("backend", "Byodc__Admin__Listen"),
    ] {
        let told = output(&[role], &[&quiet()[..], &[(setting, taken.as_str())]].concat());
        assert_eq!(told.status.code(), Some(1), "{}", text(&told));
        let told = text(&told);
        let last = told.lines().last().unwrap();
        assert!(
            last.contains(setting) && last.contains(&taken),
            "{setting}: {told}"
        );
    }
}

/// Addresses that nobody else has, and nothing of this machine.
fn quiet() -> [(&'static str, &'static str); 5] {
    [
        ("Byodc__Http__Listen", "127.0.0.1:0"),
        ("Byodc__Admin__Listen", "127.0.0.1:0"),
        ("Byodc__Metrics__Listen", ""),
        ("Byodc__Proxy__Listen", "127.0.0.1:0"),
        ("Byodc__Proxy__AdminListen", "127.0.0.1:0"),
    ]
}

/// A role that goes on with something missing.
struct Waiting {
    _process: Running,
    admin: SocketAddr,
    folder: tempfile::TempDir,
}

impl Waiting {
    fn start(role: &str, set: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let admin = free_address();
        let (address, journal) = (
            admin.to_string(),
            format!("sqlite://{}/j.db", folder.path().display()),
        );
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = byodc();
        command
            .arg(role)
            .envs(quiet())
            .envs([
                ("Byodc__Admin__Listen", &address),
                ("Byodc__Proxy__AdminListen", &address),
            ])
            .env("Byodc__Journal__Url", journal)
            .envs(set.iter().copied())
            .stdin(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .stdout(log);
        Self {
            _process: Running(command.spawn().unwrap()),
            admin,
            folder,
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits for the line of level error that holds all of this.
    async fn says(&self, parts: &[&str]) {
        eventually(&format!("an error names {parts:?}"), async || {
            let log = self.log();
            let mut errors = log.lines().filter(|line| line.contains("ERROR"));
            errors
                .any(|line| parts.iter().all(|part| line.contains(part)))
                .then_some(())
        })
        .await;
        assert!(!self.log().contains(SECRET), "{}", self.log());
    }

    /// Its health, once it answers: status and body.
    async fn health(&self, which: &str) -> (u16, String) {
        let (http, url) = (client(), format!("http://{}/health/{which}", self.admin));
        let answer = eventually("its admin port answers", async || {
            http.get(&url).send().await.ok()
        })
        .await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_role_that_does_not_reach_redis_says_so_and_is_live_and_not_ready() {
    let nobody = format!("{},password={SECRET}", free_address());
    let wrong_password =
        RefusingRedis::that_says("-WRONGPASS invalid username-password pair or user is disabled.");
    let replica = RefusingRedis::of_a_replica();
    for (redis, why) in [
        (nobody, "refused"),
        (
            format!("{},password={SECRET}", wrong_password.address),
            "Redis refuses the user or password",
        ),
        (replica.address.to_string(), "read-only replica"),
    ] {
        for role in ["backend", "proxy"] {
            // Whatever a replica says to a proxy's questions, it says to a pod that it cannot be written.
            if role == "proxy" && why == "read-only replica" {
                continue;
            }
            let waiting = Waiting::start(role, &[("Redis__ConnectionString", &redis)]);
            waiting.says(&["Redis__ConnectionString", why]).await;
            let (status, told) = waiting.health("ready").await;
            assert_eq!(status, 503, "{role}: {told}");
            assert!(
                told.contains("waiting") && told.contains("Redis__ConnectionString"),
                "{role}: {told}"
            );
            assert_eq!(waiting.health("live").await.0, 200, "{role}");
        }
    }
}

#[tokio::test]
async fn a_pod_whose_journal_is_away_says_so_and_tries_again() {
    let journal = format!("mysql://pods:{SECRET}@{}/journal", free_address());
    let waiting = Waiting::start("backend", &[("Byodc__Journal__Url", &journal)]);
    waiting.says(&["Byodc__Journal__Url", "trying again"]).await;
}

#[tokio::test]
async fn a_proxy_that_is_told_of_no_pods_says_which_settings_would() {
    let waiting = Waiting::start("proxy", &[]);
    waiting
        .says(&["Redis__ConnectionString", "Byodc__Proxy__PodsDns"])
        .await;
    let (status, told) = waiting.health("ready").await;
    assert_eq!(status, 503, "{told}");
    assert!(told.contains("Byodc__Proxy__PodsDns"), "{told}");
}
