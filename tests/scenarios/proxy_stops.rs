//! A proxy that is told to stop fails nobody: it says so first, serves on while the load balancer takes it out, ends
//! connections after their answers, and goes when the last is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use harness::cashbox::Cashbox;
use harness::client::{self, Pos};
use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use shared::identity::OperationId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often the load balancer looks which proxies are ready, much more often than the lame duck lasts.
const LOOKS_EVERY: Duration = Duration::from_millis(100);
/// How long a proxy may take to stop, and receipts to be signed.
const SOON: Duration = Duration::from_secs(90);

/// A load balancer: which proxies it sends clients to.
#[derive(Debug)]
struct Balancer {
    doors: Vec<(String, AtomicBool)>,
    turn: AtomicU64,
}

impl Balancer {
    fn before(cluster: &Cluster) -> Arc<Self> {
        let doors = cluster.proxies.iter();
        Arc::new(Self {
            doors: doors.map(|proxy| (proxy.url(), AtomicBool::new(true))).collect(),
            turn: AtomicU64::new(0),
        })
    }

    /// Looks at the proxies' readiness for as long as the test runs.
    async fn look(self: Arc<Self>, admin_urls: Vec<String>) {
        loop {
            for ((_, ready), admin_url) in self.doors.iter().zip(&admin_urls) {
                let url = format!("{admin_url}/health/ready");
                let answer = client::http().get(url).send().await;
                let is_ready = answer.is_ok_and(|answer| answer.status().is_success());
                ready.store(is_ready, Ordering::SeqCst);
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    }

    /// The next proxy in turn that is ready; the next one in turn when none is.
    fn next(&self) -> &str {
        let turn = usize::try_from(self.turn.fetch_add(1, Ordering::SeqCst)).unwrap();
        let mut doors = self.doors.iter().cycle().skip(turn % self.doors.len());
        let ready = doors.clone().take(self.doors.len());
        let mut ready = ready.filter(|(_, ready)| ready.load(Ordering::SeqCst));
        let door = ready.next().or_else(|| doors.next());
        &door.expect("the cluster has proxies").0
    }
}

/// F13 for proxies: each request goes out once, through whichever proxy the balancer names, on connections that are
/// kept. None fails.
#[tokio::test]
async fn proxies_restarted_one_after_the_other_under_load_fail_no_request() {
    let mut cluster = Cluster::of_pods(2)
        .and_proxies(2)
        .with("Byodc__Proxy__LameDuckMs", "1500")
        .start()
        .await;
    let balancer = Balancer::before(&cluster);
    let admin_urls = cluster.proxies.iter().map(|proxy| proxy.admin_url()).collect();
    let mut load = JoinSet::new();
    load.spawn(balancer.clone().look(admin_urls));

    let (stop, signed) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let mut clients = JoinSet::new();
    let mut checked = Vec::new();
    for _ in 0..8 {
        let cashbox = cluster.new_cashbox();
        let pos = cluster.pos(&cashbox);
        pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
        checked.push(pos.clone());
        clients.spawn(sign_until(
            stop.clone(),
            pos,
            cashbox,
            balancer.clone(),
            signed.clone(),
        ));
    }
    for at in 0..cluster.proxies.len() {
        signs_more(&signed, 60).await;
        let process = cluster.proxies[at].process();
        process.terminate();
        eventually("the proxy has stopped", SOON, async || {
            (!process.is_running()).then_some(())
        })
        .await;
        assert!(cluster.proxies[at].log().contains("the proxy has stopped"));
        assert!(
            !cluster.proxies[at].log().contains("connections are cut off"),
            "nobody was cut off"
        );
        signs_more(&signed, 60).await;
        cluster.proxies[at].restart().await;
        let (_, is_ready) = &balancer.doors[at];
        eventually("the balancer has seen it", SOON, async || {
            is_ready.load(Ordering::SeqCst).then_some(())
        })
        .await;
    }
    signs_more(&signed, 60).await;
    stop.cancel();
    let failed = clients.join_all().await.concat();
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
    println!("{} receipts, none failed", signed.load(Ordering::SeqCst));
    for pos in &checked {
        assert_sound(pos).await;
    }
}

async fn sign_until(
    stop: CancellationToken,
    pos: Pos,
    cashbox: Cashbox,
    balancer: Arc<Balancer>,
    signed: Arc<AtomicU64>,
) -> Vec<String> {
    let mut failed = Vec::new();
    for at in 0_u64.. {
        if stop.is_cancelled() {
            break;
        }
        let receipt = receipt::sale(&cashbox, &format!("R-{at}"));
        let answer = pos
            .at(balancer.next())
            .try_sign(OperationId::random(), &receipt)
            .await;
        match answer {
            Ok(answer) if answer.status == 200 => {
                signed.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => failed.push(format!("{}: {}", answer.status, answer.body)),
            Err(fault) => failed.push(format!("no answer: {fault:?}")),
        }
    }
    failed
}

async fn signs_more(signed: &AtomicU64, receipts: u64) {
    let wanted = signed.load(Ordering::SeqCst) + receipts;
    eventually("traffic goes on", SOON, async || {
        (signed.load(Ordering::SeqCst) >= wanted).then_some(())
    })
    .await;
}
