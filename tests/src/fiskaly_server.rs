//! fiskaly's SIGN DE v2 as far as the original uses it (`fiscal-spec.md` 6.1), on a free port of this machine: with the
//! state that a TSS has, its log-ins and tokens, its exports, and faults on demand.
//!
//! It is written from the vendor's published description, not from our client. It forgives nothing: an id that is not
//! random, a revision that is not the next, a client of another TSS, an administrator's call without a log-in are
//! refused with the vendor's codes. Signatures are texts that name their counter: `SIG(7)` in base64.
//!
//! ```no_run
//! # async fn example() {
//! use harness::fiskaly_server::FiskalyServer;
//! use harness::fiskaly_server::faults::{Effect, Fault};
//! let fiskaly = FiskalyServer::start().await;
//! fiskaly.play(Fault::on("PUT", "/tx/", Effect::LoseAnswer).times(1));
//! let package = fiskaly.package();
//! # }
//! ```

/// What goes wrong on demand.
pub mod faults;
/// A TSS: its clients, transactions and exports.
pub mod tss;
/// The transactions of a TSS.
pub mod transactions;
/// From a request to what the TSS says.
mod answering;
/// The log of a TSS as a TAR.
mod log_file;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use uuid::Uuid;

use faults::{Fault, Faults};
use tss::Tss;

/// Credentials that can be searched for in logs, errors and databases.
pub const API_KEY: &str = "test_key-of-fiskaly-zQ7";
/// The same.
pub const API_SECRET: &str = "secret-of-fiskaly-vX4";
/// The same.
pub const ADMIN_PIN: &str = "9137640825";
/// How every token begins.
pub const TOKEN: &str = "token-of-fiskaly-";

/// A running server. It ends with its value.
#[derive(Debug)]
pub struct FiskalyServer {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    serving: AbortHandle,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Such as `PUT`.
    pub method: String,
    /// Below `/api/v2/`, with the query.
    pub path: String,
    /// What was sent; null if it was no JSON.
    pub body: Value,
}

/// Everything that the server knows.
#[derive(Debug)]
struct World {
    tss: Tss,
    faults: Faults,
    seen: Vec<Seen>,
    tokens: Vec<tss::Token>,
    token_lives_s: u64,
}

impl FiskalyServer {
    /// A server with one initialised TSS and no client.
    pub async fn start() -> Self {
        let world = Arc::new(Mutex::new(World {
            tss: Tss::new(Uuid::new_v4()),
            faults: Faults::default(),
            seen: Vec::new(),
            tokens: Vec::new(),
            token_lives_s: 86_400,
        }));
        let router = Router::new()
            .fallback(answering::answer)
            .with_state(Arc::clone(&world));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            world,
            serving: serving.abort_handle(),
        }
    }

    /// The package that names its TSS in a cashbox's configuration, with short pauses.
    #[must_use]
    pub fn package(&self) -> Value {
        json!({
            "Package": "fiskaltrust.Middleware.SCU.DE.FiskalyCertified",
            "Version": "1.3.80",
            "Configuration": {
                "ApiEndpoint": format!("http://{}/api/v2", self.address),
                "ApiKey": API_KEY, "ApiSecret": API_SECRET, "AdminPin": ADMIN_PIN, "TssId": self.tss().id,
                "DelayOnRetriesInMs": 10,
            },
            "Url": ["grpc://localhost:18004"],
        })
    }

    /// Its only TSS, to be looked at or changed.
    #[must_use]
    pub fn tss(&self) -> impl std::ops::DerefMut<Target = Tss> + '_ {
        Locked(self.world())
    }

    /// Lets something go wrong from now on.
    pub fn play(&self, fault: Fault) {
        self.world().faults.play(fault);
    }

    /// Nothing goes wrong any more.
    pub fn behave(&self) {
        self.world().faults = Faults::default();
    }

    /// Signs something as somebody else would, such as the original.
    pub async fn sign(&self, path: &str, body: &Value) {
        let http = crate::client::http();
        let base = format!("http://{}/api/v2", self.address);
        let credentials = json!({ "api_key": API_KEY, "api_secret": API_SECRET });
        let token = http
            .post(format!("{base}/auth"))
            .json(&credentials)
            .send()
            .await
            .unwrap();
        let token: Value = token.json().await.unwrap();
        let token = token["access_token"].as_str().unwrap();
        let answer = http
            .put(format!("{base}/{path}"))
            .bearer_auth(token)
            .json(body)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// How long tokens live that are given from now on.
    pub fn tokens_live_s(&self, seconds: u64) {
        self.world().token_lives_s = seconds;
    }

    /// No token given so far is good any more.
    pub fn withdraw_tokens(&self) {
        self.world().tokens.clear();
    }

    /// Every request so far, in order of arrival.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.world().seen.clone()
    }

    /// Those whose method and path begin and contain this.
    #[must_use]
    pub fn seen_of(&self, method: &str, part: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| seen.method == method && seen.path.contains(part));
        seen
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

impl Drop for FiskalyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The TSS of a world that is held.
struct Locked<'a>(MutexGuard<'a, World>);

impl std::ops::Deref for Locked<'_> {
    type Target = Tss;

    fn deref(&self) -> &Tss {
        &self.0.tss
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Tss {
        &mut self.0.tss
    }
}
