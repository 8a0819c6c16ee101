//! What each process is told: its role, its addresses, and the settings that make the parts one cluster.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::data_dir::DataDir;
use super::ports;
use crate::cli::UpOptions;
use crate::role::Role;

/// A setting as an environment variable.
pub type Variable = (&'static str, String);

/// One part of the cluster: a name that stays while processes come and go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The configuration service.
    ConfigService,
    /// A pod, counted from 1.
    Pod(u16),
    /// The proxy.
    Proxy,
}

impl Part {
    /// Its name, as logs and `run.json` show it.
    pub fn name(&self) -> String {
        match self {
            Self::ConfigService => "config-service".to_owned(),
            Self::Pod(number) => format!("pod-{number}"),
            Self::Proxy => "proxy".to_owned(),
        }
    }

    /// Whether it is the configuration service.
    pub fn is_config_service(&self) -> bool {
        *self == Self::ConfigService
    }

    /// Whether it is a pod.
    pub fn is_pod(&self) -> bool {
        matches!(self, Self::Pod(_))
    }

    /// Whether it is the proxy.
    pub fn is_proxy(&self) -> bool {
        *self == Self::Proxy
    }
}

/// Where a process listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// For requests.
    pub main: SocketAddr,
    /// For health, metrics and operators. The configuration service has one for both.
    pub admin: SocketAddr,
}

/// How to start a process.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its role.
    pub role: Role,
    /// Where it will listen.
    pub addresses: Addresses,
    /// Its settings, as environment variables.
    pub settings: Vec<Variable>,
    /// Where its output goes.
    pub log: PathBuf,
}

/// What all parts share.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// How many pods there are.
    pub pods: u16,
    /// Where the proxy listens, for the whole run.
    pub proxy: Addresses,
    /// Where the configuration service listens, for the whole run.
    pub config_service: SocketAddr,
    /// Settings that proxy and pods must agree on.
    ownership: Vec<Variable>,
    /// Settings that all pods share.
    pod: Vec<Variable>,
    cashboxes: String,
    logs: PathBuf,
}

impl Cluster {
    /// The cluster that was asked for.
    ///
    /// # Errors
    /// No port is free; a file of the data directory cannot be had.
    pub fn new(options: &UpOptions, data: &DataDir, listen: SocketAddr) -> anyhow::Result<Self> {
        let free = || ports::free().context("finding a free port");
        let config_service = free()?;
        Ok(Self {
            pods: options.pods,
            proxy: Addresses {
                main: listen,
                admin: free()?,
            },
            config_service,
            ownership: ownership(options, data),
            pod: vec![
                ("Helipad__BaseUrl", format!("http://{config_service}")),
                (
                    "Byodc__Journal__Url",
                    options.journal.clone().unwrap_or_else(|| sqlite(&data.journal())),
                ),
                ("Byodc__Configuration__Key", data.configuration_key()?),
                ("Byodc__Simulator__Directory", text(&data.simulator())),
                ("Byodc__Simulator__DelayMs", options.scu_delay_ms.to_string()),
                ("Byodc__Pod__Generation", "up".to_owned()),
            ],
            cashboxes: text(&data.cashboxes()),
            logs: data.logs(),
        })
    }

    /// Every part.
    pub fn parts(&self) -> Vec<Part> {
        let pods = (1..=self.pods).map(Part::Pod);
        [Part::ConfigService]
            .into_iter()
            .chain(pods)
            .chain([Part::Proxy])
            .collect()
    }

    /// How to start a part now. A pod gets new ports each time, like a new pod in a cluster; the others keep theirs,
    /// because they are known by them.
    ///
    /// # Errors
    /// No port is free.
    pub fn plan(&self, part: &Part) -> std::io::Result<Plan> {
        let addresses = match part {
            Part::ConfigService => Addresses {
                main: self.config_service,
                admin: self.config_service,
            },
            Part::Pod(_) => Addresses {
                main: ports::free()?,
                admin: ports::free()?,
            },
            Part::Proxy => self.proxy,
        };
        let (role, settings) = match part {
            Part::ConfigService => (Role::ConfigService, self.of_config_service()),
            Part::Pod(_) => (Role::Backend, self.of_pod(part.name(), addresses)),
            Part::Proxy => (Role::Proxy, self.of_proxy()),
        };
        Ok(Plan {
            role,
            addresses,
            settings,
            log: self.log(part),
        })
    }

    /// Where the output of a part goes.
    pub fn log(&self, part: &Part) -> PathBuf {
        self.logs.join(format!("{}.log", part.name()))
    }

    fn of_config_service(&self) -> Vec<Variable> {
        vec![
            ("Byodc__ConfigService__Listen", self.config_service.to_string()),
            ("Byodc__ConfigService__Directory", self.cashboxes.clone()),
        ]
    }

    fn of_pod(&self, name: String, addresses: Addresses) -> Vec<Variable> {
        let own = [
            ("Byodc__Pod__Name", name),
            ("Byodc__Http__Listen", addresses.main.to_string()),
            ("Byodc__Pod__Address", addresses.main.to_string()),
            ("Byodc__Admin__Listen", addresses.admin.to_string()),
            ("Byodc__Pod__AdminAddress", addresses.admin.to_string()),
        ];
        own.into_iter()
            .chain(beside_each_other())
            .chain(self.pod.clone())
            .chain(self.ownership.clone())
            .collect()
    }

    fn of_proxy(&self) -> Vec<Variable> {
        let own = [
            ("Byodc__Proxy__Listen", self.proxy.main.to_string()),
            ("Byodc__Proxy__AdminListen", self.proxy.admin.to_string()),
            // No load balancer stands before it that would first have to notice.
            ("Byodc__Proxy__LameDuckMs", "0".to_owned()),
        ];
        own.into_iter()
            .chain(beside_each_other())
            .chain(self.ownership.clone())
            .collect()
    }
}

/// What suits processes that one person runs on one machine: each admin port answers scrapers too, because one port
/// for all of them could be had only once, and asks for no key, because it listens on this machine alone.
fn beside_each_other() -> [Variable; 2] {
    [
        ("Byodc__Metrics__Listen", String::new()),
        ("Byodc__Admin__Keys", "open".to_owned()),
    ]
}

/// Where it is known who owns what. The other place is emptied, so that none from the environment comes in between.
fn ownership(options: &UpOptions, data: &DataDir) -> Vec<Variable> {
    let (redis, sql) = match &options.redis {
        Some(redis) => (redis.clone(), String::new()),
        None => (String::new(), sqlite(&data.ownership())),
    };
    vec![("Redis__ConnectionString", redis), ("Byodc__Ownership__Url", sql)]
}

fn sqlite(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
