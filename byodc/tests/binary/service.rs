//! A running configuration service: the role that needs least.

use std::net::SocketAddr;
use std::process::Stdio;

use tempfile::TempDir;

use crate::process::{Running, byodc, client, eventually, free_address};

/// `byodc config-service` and the directory that it serves; both are gone with the test.
pub struct Service {
    pub address: SocketAddr,
    pub directory: TempDir,
    _running: Running,
}

impl Service {
    /// One that can be asked.
    pub async fn start(directory: TempDir) -> Self {
        let service = Self::begin(free_address(), directory);
        let ready = service.url("/health/ready");
        eventually("the service is ready", async || {
            let answer = client().get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        service
    }

    /// One that may not listen yet.
    pub fn begin(address: SocketAddr, directory: TempDir) -> Self {
        let running = byodc()
            .arg("config-service")
            .env("Byodc__ConfigService__Listen", address.to_string())
            .env("Byodc__ConfigService__Directory", directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            address,
            directory,
            _running: Running(running),
        }
    }

    /// Where it answers for a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
