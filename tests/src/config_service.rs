//! The configuration service: `byodc config-service` as a process, serving a folder of cashboxes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::binary;
use crate::cashbox::Cashbox;
use crate::eventually::eventually;
use crate::ports::free_port;
use crate::process::Process;

/// The configuration service of a cluster.
#[derive(Debug)]
pub struct ConfigService {
    port: u16,
    cashboxes: PathBuf,
    log: PathBuf,
    process: Process,
}

impl ConfigService {
    /// Starts one that serves the folder `cashboxes` inside `folder`.
    pub async fn start(folder: &Path) -> Self {
        let (port, cashboxes) = (free_port(), folder.join("cashboxes"));
        std::fs::create_dir_all(&cashboxes).unwrap();
        let log = folder.join("config-service.log");
        let process = launch(port, &cashboxes, &log);
        let mut service = Self {
            port,
            cashboxes,
            log,
            process,
        };
        service.ready().await;
        service
    }

    /// Its base URL, as `Helipad__BaseUrl` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Serves a cashbox from now on, or serves it anew.
    pub fn publish(&self, cashbox: &Cashbox) {
        cashbox.publish(&self.cashboxes);
    }

    /// The folder it serves.
    #[must_use]
    pub fn cashboxes(&self) -> &Path {
        &self.cashboxes
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again under the same address.
    pub async fn restart(&mut self) {
        self.process.kill();
        self.process = launch(self.port, &self.cashboxes, &self.log);
        self.ready().await;
    }

    /// Everything its starts have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    async fn ready(&mut self) {
        let port = self.port;
        eventually(
            "the configuration service listens",
            Duration::from_secs(60),
            async || {
                self.process.assert_running();
                tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
            },
        )
        .await;
    }
}

fn launch(port: u16, cashboxes: &Path, log: &Path) -> Process {
    let mut command = Command::new(binary::byodc());
    command
        .arg("config-service")
        .env_clear()
        .env("Byodc__ConfigService__Listen", format!("127.0.0.1:{port}"))
        .env("Byodc__ConfigService__Directory", cashboxes);
    Process::start("config-service", &mut command, log)
}
