//! A cluster, and tills that are ready to sign.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use harness::cashbox::Cashbox;
use harness::client;
use harness::cluster::{Cluster, Ownership};
use harness::database::{DatabaseServer, Durability, Server};
use harness::deployment::endpoints::Endpoints;
use harness::receipt;
use harness::redis::RedisServer;
use serde_json::Value;
use shared::identity::{CashBoxId, OperationId};

use super::exchange::{Pool, request};
use super::load::Load;
use super::relay::Relay;

/// With a key pods keep configurations, and hand cashboxes over with them.
const CONFIGURATION_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// How many cashboxes are activated at a time.
const ACTIVATED_AT_ONCE: usize = 128;
/// How many tries an activation has.
const ACTIVATION_TRIES: usize = 20;
/// Rows of a part of a pod's list.
const ROWS: usize = 1000;

/// A cashbox under load, and how many receipts its chain has.
#[derive(Debug)]
pub struct Till {
    /// The cashbox.
    pub cashbox: Cashbox,
    /// Receipts that were answered, and so are in the chain.
    pub sure: AtomicU64,
    /// Requests that never ended in a receipt, and may be in the chain.
    pub maybe: AtomicU64,
}

/// Where clients find proxies.
#[derive(Debug, Clone)]
pub struct Doors(pub Endpoints);

impl Doors {
    /// The one for the `at`-th try.
    pub fn at(&self, at: usize) -> Option<SocketAddr> {
        let url = self.0.at(at)?;
        let address = url.trim_start_matches("http://").parse();
        Some(address.expect("a proxy's URL is its address"))
    }
}

/// Who holds a cashbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The pod's name.
    pub pod: String,
    /// The epoch of its claim.
    pub epoch: u64,
}

/// A cluster with its database server and its tills.
pub struct Stage {
    /// The cluster.
    pub cluster: Cluster,
    /// Its cashboxes.
    pub tills: Arc<Vec<Till>>,
    /// Where they ask.
    pub doors: Doors,
    /// What leads to the configuration service.
    pub relay: Relay,
    /// Ends with the stage.
    _database: DatabaseServer,
}

impl Stage {
    /// Starts a cluster without cashboxes.
    pub async fn empty(pods: usize, proxies: usize) -> Self {
        let database = DatabaseServer::start(Server::MariaDb, Durability::Durable).await;
        let relay = Relay::start().await;
        let cluster = Cluster::of_pods(pods)
            .and_proxies(proxies)
            .owned_in(Ownership::Redis)
            .with("Byodc__Journal__Url", &database.fresh_database().await)
            .with("Helipad__BaseUrl", &relay.url())
            .with("Byodc__Configuration__Key", CONFIGURATION_KEY)
            .with("Logging__LogLevel__Default", "Warning")
            .with("Logging__LogLevel__proxy", "Warning")
            .with("Logging__LogLevel__backend", "Warning")
            .start()
            .await;
        let service = cluster.config_service.url();
        let service = service.trim_start_matches("http://").parse();
        relay.lead_to(service.expect("the service's URL is its address"));
        let doors = Doors(Endpoints::fixed(cluster.proxies.iter().map(|proxy| proxy.url())));
        Self {
            cluster,
            tills: Arc::default(),
            doors,
            relay,
            _database: database,
        }
    }

    /// Starts a cluster and activates so many cashboxes.
    pub async fn set(pods: usize, proxies: usize, tills: usize) -> Self {
        let mut stage = Self::empty(pods, proxies).await;
        stage.add_tills(tills).await;
        stage
    }

    /// Activates so many cashboxes more.
    pub async fn add_tills(&mut self, tills: usize) {
        let pool = Pool::default();
        let cashboxes: Vec<_> = (0..tills).map(|_| self.cluster.new_cashbox()).collect();
        let activated = cashboxes
            .into_iter()
            .map(|cashbox| activate(&pool, &self.doors, cashbox));
        let new: Vec<_> = stream::iter(activated)
            .buffer_unordered(ACTIVATED_AT_ONCE)
            .collect()
            .await;
        let known = Arc::get_mut(&mut self.tills).expect("no load runs while tills are added");
        known.extend(new);
    }

    /// Begins to ask so many times a second.
    pub fn load(&self, per_second: u32) -> Load {
        Load::begin(self.tills.clone(), self.doors.clone(), per_second)
    }

    /// The ownership store.
    pub fn redis(&mut self) -> &mut RedisServer {
        self.cluster.redis.as_mut().expect("ownership is in Redis")
    }

    /// Who holds what, asked of the pods. One that was killed or is paused says nothing.
    pub async fn holders(&self) -> HashMap<CashBoxId, Holder> {
        let mut holders: HashMap<CashBoxId, Holder> = HashMap::new();
        for pod in &self.cluster.pods {
            for (cashbox, epoch) in hosted(&pod.admin_url()).await {
                let known = holders.get(&cashbox).map_or(0, |holder| holder.epoch);
                if epoch > known {
                    let pod = pod.name().to_owned();
                    holders.insert(cashbox, Holder { pod, epoch });
                }
            }
        }
        holders
    }

    /// Which tills a pod holds, by their numbers.
    pub async fn tills_of(&self, pod: &str) -> Vec<usize> {
        let holders = self.holders().await;
        let held = |till: &Till| {
            holders
                .get(&till.cashbox.id)
                .is_some_and(|holder| holder.pod == pod)
        };
        let numbered = self.tills.iter().enumerate();
        numbered
            .filter(|(_, till)| held(till))
            .map(|(at, _)| at)
            .collect()
    }
}

/// Puts a cashbox into operation; once without the activation having been refused, because the machine is busy.
async fn activate(pool: &Pool, doors: &Doors, cashbox: Cashbox) -> Till {
    let request = request(
        &cashbox,
        OperationId::random(),
        &receipt::initial_operation(&cashbox),
    );
    for at in 0..ACTIVATION_TRIES {
        let door = doors.at(at).expect("a proxy is there");
        let stream = pool.connection(door).await.expect("the proxy listens");
        let answer = pool.exchange(stream, door, &request).await;
        if answer.is_ok_and(|answer| answer.receipt_number() == Some(1)) {
            return Till {
                cashbox,
                sure: AtomicU64::new(1),
                maybe: AtomicU64::new(0),
            };
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{} is not activated", cashbox.id);
}

/// Every cashbox that a pod hosts under an epoch; nothing when it does not answer.
async fn hosted(admin_url: &str) -> Vec<(CashBoxId, u64)> {
    let (http, mut hosted, mut after) = (client::http(), Vec::new(), String::new());
    loop {
        let url = format!("{admin_url}/admin/v1/cashboxes?limit={ROWS}{after}");
        let answer = http.get(url).timeout(Duration::from_secs(5)).send().await;
        let Ok(answer) = answer else {
            return hosted;
        };
        let list: Value = answer.json().await.expect("a pod's list is JSON");
        let rows = list["cashboxes"].as_array().expect("a list of cashboxes");
        hosted.extend(rows.iter().filter_map(|row| {
            let cashbox = row["cashbox"].as_str()?.parse().ok()?;
            Some((cashbox, row["epoch"].as_u64()?))
        }));
        match list["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return hosted,
        }
    }
}

/// The memory that a process occupies, in bytes.
pub fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.expect("the kernel says how much memory it has") * 1024
}

/// Waits, without caring for what happens meanwhile.
pub async fn pass(seconds: u64) -> Instant {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Instant::now()
}
