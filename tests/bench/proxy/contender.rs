//! Processes that are measured: started, watched, ended.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::ours::admin_port;
use crate::work::POD_PORTS;

/// A process of ours, ended when it is dropped.
pub struct Process(Child);

impl Process {
    /// Starts a program on one core.
    pub fn start(core: usize, program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", &core.to_string(), program]).args(arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        Ok(Self(child))
    }

    /// CPU time of all its threads so far, as the scheduler counted it.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let counted = fs::read_to_string(thread?.path().join("schedstat"))?;
            let on_cpu = counted.split(' ').next().context("schedstat is empty")?;
            nanos += on_cpu.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Its resident memory in MiB.
    pub fn memory_mib(&self) -> anyhow::Result<f64> {
        resident_mib(&self.0.id().to_string())
    }

    /// This process's resident memory in MiB.
    pub fn own_memory_mib() -> anyhow::Result<f64> {
        resident_mib("self")
    }
}

fn resident_mib(process: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .context("no VmRSS")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to save in it either way.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Somebody between the clients and the pods, or nobody.
pub struct Contender {
    pub name: String,
    pub process: Option<Process>,
    /// Where clients connect, separated by commas.
    pub ports: String,
}

impl Contender {
    /// No proxy: clients connect to the pods.
    pub fn direct() -> Self {
        let ports: Vec<_> = POD_PORTS.iter().map(u16::to_string).collect();
        Self {
            name: "direct".to_owned(),
            process: None,
            ports: ports.join(","),
        }
    }

    /// Ours, knowing this many cashboxes.
    pub fn ours(port: u16, cashboxes: u128) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let program = program.to_str().context("the program's path is not Unicode")?;
        let name = format!("byodc, {cashboxes} known cashboxes");
        refuse_taken(admin_port(port))?;
        let arguments = ["proxy", &port.to_string(), &cashboxes.to_string()];
        let started = Self::started(name, port, program, &arguments)?;
        wait_for_routes(admin_port(port), cashboxes)?;
        Ok(started)
    }

    /// HAProxy with one thread and the consistent hash that the original's ingress has.
    pub fn haproxy(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let servers: String = POD_PORTS
            .iter()
            .map(|pod| format!("    server pod{pod} 127.0.0.1:{pod}\n"))
            .collect();
        let config = format!(
            "global\n    nbthread 1\n    maxconn 8192\ndefaults\n    mode http\n    timeout connect 15s\n\
             \x20   timeout client 900s\n    timeout server 900s\nfrontend pos\n    bind 127.0.0.1:{port}\n\
             \x20   default_backend pods\nbackend pods\n    balance hdr(cashboxid)\n    hash-type consistent\n\
             \x20   http-reuse always\n{servers}"
        );
        let file = folder.join("haproxy.cfg");
        fs::write(&file, config)?;
        let file = file.to_str().context("the folder's path is not Unicode")?;
        Self::started("HAProxy".to_owned(), port, "haproxy", &["-db", "-f", file])
    }

    /// nginx with one process and the consistent hash.
    pub fn nginx(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let servers: String = POD_PORTS
            .iter()
            .map(|pod| format!("server 127.0.0.1:{pod};"))
            .collect();
        let at = folder.to_str().context("the folder's path is not Unicode")?;
        let config = format!(
            "daemon off; master_process off; pid {at}/nginx.pid; error_log {at}/nginx.log;\n\
             events {{ worker_connections 8192; }}\nhttp {{ access_log off; keepalive_requests 1000000000;\n\
             client_body_temp_path {at}; proxy_temp_path {at}; fastcgi_temp_path {at}; uwsgi_temp_path {at};\n\
             scgi_temp_path {at};\n\
             upstream pods {{ hash $http_cashboxid consistent; {servers} keepalive 1024;\n\
             keepalive_requests 1000000000; }}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://pods; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; }} }} }}\n"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, config)?;
        let file = file.to_str().context("the folder's path is not Unicode")?;
        Self::started("nginx".to_owned(), port, "nginx", &["-c", file])
    }

    fn started(name: String, port: u16, program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        refuse_taken(port)?;
        let process = Process::start(0, program, arguments)?;
        wait_for(port).with_context(|| format!("{name} does not listen"))?;
        Ok(Self {
            name,
            process: Some(process),
            ports: port.to_string(),
        })
    }
}

/// Refuses to go on when somebody else would be measured.
pub fn refuse_taken(port: u16) -> anyhow::Result<()> {
    let free = TcpListener::bind(("127.0.0.1", port)).is_ok();
    ensure!(
        free,
        "port {port} is taken: a process that is not ours would be measured"
    );
    Ok(())
}

/// Waits until our proxy has heard of every claim.
fn wait_for_routes(admin_port: u16, cashboxes: u128) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_secs(120);
    let said = format!("byodc_proxy_known_routes {cashboxes}\n");
    loop {
        let mut admin = TcpStream::connect(("127.0.0.1", admin_port))?;
        admin.write_all(b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut metrics = String::new();
        admin.read_to_string(&mut metrics)?;
        if metrics.contains(&said) {
            return Ok(());
        }
        ensure!(
            Instant::now() < patience,
            "the proxy does not know {cashboxes} cashboxes"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until somebody listens.
pub fn wait_for(port: u16) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(Instant::now() < patience, "nobody listens at port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
