//! A real Redis: no persistence, so that a restart is empty.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::eventually::eventually;
use crate::ports::{LOOPBACK, free_address_on};
use crate::process::Process;
use crate::reaper;

/// How long a server may take to answer after its start.
const START_WITHIN: Duration = Duration::from_secs(30);

/// A `redis-server` on a free port of a loopback address.
#[derive(Debug)]
pub struct RedisServer {
    address: SocketAddr,
    password: Option<String>,
    tls: Option<Certificate>,
    folder: PathBuf,
    process: Process,
}

impl RedisServer {
    /// Starts one without password and in plain text.
    pub async fn start() -> Self {
        Self::start_on(LOOPBACK).await
    }

    /// The same on another address of this machine.
    pub async fn start_on(ip: IpAddr) -> Self {
        Self::start_with(ip, None, None).await
    }

    /// Starts one that asks for a password.
    pub async fn with_password(password: &str) -> Self {
        Self::start_with(LOOPBACK, Some(password.to_owned()), None).await
    }

    /// Starts one that speaks TLS only, with a certificate for `localhost` and 127.0.0.1 of its own authority.
    pub async fn with_tls(password: Option<&str>) -> Self {
        let certificate = Certificate::for_localhost(&reaper::temporary_folder("redis-tls"));
        Self::start_with(LOOPBACK, password.map(str::to_owned), Some(certificate)).await
    }

    async fn start_with(ip: IpAddr, password: Option<String>, tls: Option<Certificate>) -> Self {
        let (address, folder) = (free_address_on(ip), reaper::temporary_folder("redis"));
        let process = launch(address, password.as_deref(), tls.as_ref(), &folder);
        let mut server = Self {
            address,
            password,
            tls,
            folder,
            process,
        };
        server.wait_until_it_answers().await;
        server
    }

    /// Where it listens: `redis://` or `rediss://`, with the password if it has one.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        let password = self
            .password
            .as_ref()
            .map(|password| format!(":{password}@"))
            .unwrap_or_default();
        format!("{scheme}://{password}{}", self.address)
    }

    /// The same in the form of StackExchange.Redis, as the original's settings write it.
    #[must_use]
    pub fn stack_exchange(&self) -> String {
        let password = self
            .password
            .as_ref()
            .map(|password| format!(",password={password}"))
            .unwrap_or_default();
        let tls = if self.tls.is_some() { ",ssl=true" } else { "" };
        format!("{}{password}{tls}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The PEM file with the authority that signed its certificate; only with TLS.
    #[must_use]
    pub fn authority(&self) -> Option<&Path> {
        self.tls
            .as_ref()
            .map(|certificate| certificate.certificate.as_path())
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends it if it runs, and starts an empty one under the same address.
    pub async fn restart_empty(&mut self) {
        self.process.kill();
        self.process = launch(
            self.address,
            self.password.as_deref(),
            self.tls.as_ref(),
            &self.folder,
        );
        self.wait_until_it_answers().await;
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Makes it silent: connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it answer again.
    pub fn resume(&self) {
        self.process.resume();
    }

    async fn wait_until_it_answers(&mut self) {
        let address = self.address;
        eventually("redis-server listens", START_WITHIN, async || {
            self.process.assert_running();
            tokio::net::TcpStream::connect(address).await.ok()
        })
        .await;
    }
}

fn launch(address: SocketAddr, password: Option<&str>, tls: Option<&Certificate>, folder: &Path) -> Process {
    let mut command = Command::new("redis-server");
    let port = address.port().to_string();
    command.arg("--bind").arg(address.ip().to_string());
    command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
    command.arg("--dir").arg(folder);
    match tls {
        None => command.args(["--port", &port]),
        Some(tls) => command
            .args(["--port", "0", "--tls-auth-clients", "no", "--tls-port", &port])
            .arg("--tls-cert-file")
            .arg(&tls.certificate)
            .arg("--tls-key-file")
            .arg(&tls.key)
            .arg("--tls-ca-cert-file")
            .arg(&tls.certificate),
    };
    if let Some(password) = password {
        command.args(["--requirepass", password]);
    }
    Process::start("redis-server", &mut command, &folder.join("redis.log"))
}

/// A certificate that is its own authority, and its key, as PEM files.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one for `localhost` and 127.0.0.1, valid for a day, in `folder`.
    #[must_use]
    pub fn for_localhost(folder: &Path) -> Self {
        let made = Self {
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
        };
        let output = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ])
            .args(["-days", "1", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            // rustls takes no certificate of an authority for a server's, not even the same file for both.
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(&made.key)
            .arg("-out")
            .arg(&made.certificate)
            .output()
            .expect("openssl is installed by tests/run.sh");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        made
    }
}
