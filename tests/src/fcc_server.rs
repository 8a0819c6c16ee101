//! An FCC on this machine, true to its protocol (`fiscal-spec.md` 6.2): with a TSE that signs for real, a log, and
//! things that go wrong on demand.

/// The TSE behind it.
mod tse;
/// What it answers to what.
mod answers;
/// What goes wrong.
pub mod fault;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

pub use answers::{ACTIVATION_TOKEN, ERS_CODE};
use fault::{Effect, Fault};
pub use tse::Message;
use tse::Tse;

/// A running FCC; it ends when this is dropped.
#[derive(Debug)]
pub struct FccServer {
    address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
    _serving: AbortOnDropHandle<()>,
}

/// A request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Method and path, such as `POST transaction`.
    pub call: String,
    /// Its query.
    pub query: String,
    /// Its body.
    pub body: String,
}

/// What it holds.
#[derive(Debug)]
struct Inside {
    tse: Tse,
    clients: Vec<String>,
    clients_max: usize,
    /// Bearer tokens with the client of each.
    tokens: Vec<(String, String)>,
    tokens_given: usize,
    token_seconds: u64,
    /// The most log messages that one export holds.
    export_messages_max: usize,
    faults: Vec<Fault>,
    asked: Vec<Asked>,
}

impl FccServer {
    /// An FCC with a new TSE and these clients, on a free port.
    pub async fn start(clients: &[&str]) -> Self {
        let inside = Arc::new(Mutex::new(Inside {
            tse: Tse::new(),
            clients: clients.iter().map(|client| (*client).to_owned()).collect(),
            clients_max: clients.len() + 1,
            tokens: Vec::new(),
            tokens_given: 0,
            token_seconds: 3600,
            export_messages_max: usize::MAX,
            faults: Vec::new(),
            asked: Vec::new(),
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inside));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            inside,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// The package's settings by which a cashbox finds it.
    #[must_use]
    pub fn settings(&self) -> Value {
        json!({
            "FccUri": format!("http://{}", self.address.ip()),
            "FccPort": self.address.port(),
            "ErsCode": ERS_CODE,
            "ActivationToken": ACTIVATION_TOKEN,
        })
    }

    /// Something goes wrong from now on.
    pub fn play(&self, fault: Fault) {
        self.inside().faults.push(fault);
    }

    /// Nothing goes wrong any more.
    pub fn behave(&self) {
        self.inside().faults.clear();
    }

    /// Forgets every token it gave.
    pub fn forget_tokens(&self) {
        self.inside().tokens.clear();
    }

    /// How long tokens live from now on.
    pub fn tokens_live(&self, seconds: u64) {
        self.inside().token_seconds = seconds;
    }

    /// Exports of more messages than this are refused from now on.
    pub fn export_at_most(&self, messages: usize) {
        self.inside().export_messages_max = messages;
    }

    /// So many clients may be registered from now on.
    pub fn allow_clients(&self, clients: usize) {
        self.inside().clients_max = clients;
    }

    /// The next signatures are made so many seconds after now.
    pub fn set_clock(&self, seconds_ahead: i64) {
        self.inside().tse.seconds_ahead = seconds_ahead;
    }

    /// The TSE's key signs no more.
    pub fn end_key(&self) {
        self.inside().tse.is_active = false;
    }

    /// Everything it has signed and not erased, in order.
    #[must_use]
    pub fn signed(&self) -> Vec<Message> {
        self.inside().tse.messages.clone()
    }

    /// The open transactions of all clients.
    #[must_use]
    pub fn open(&self) -> Vec<u64> {
        self.inside().tse.open.keys().copied().collect()
    }

    /// Its clients.
    #[must_use]
    pub fn clients(&self) -> Vec<String> {
        self.inside().clients.clone()
    }

    /// What arrived since this was asked last.
    #[must_use]
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.inside().asked)
    }

    /// How often a call arrived since that was asked last.
    #[must_use]
    pub fn times_asked(&self, call: &str) -> usize {
        self.inside()
            .asked
            .iter()
            .filter(|asked| asked.call == call)
            .count()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(inside): State<Arc<Mutex<Inside>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = format!("{method} {}", uri.path().trim_start_matches('/'));
    let effect = {
        let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.asked.push(Asked {
            call: call.clone(),
            query: uri.query().unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(&body).into_owned(),
        });
        fault::next(&mut inside.faults, &call)
    };
    match effect {
        Some(Effect::Refuse { status, word }) => return answers::refusal(status, word),
        Some(Effect::Silence) => std::future::pending().await,
        Some(Effect::DoAndLoseAnswer | Effect::DoAndFail { .. }) | None => {}
    }
    let done = {
        let mut inside = inside.lock().unwrap_or_else(PoisonError::into_inner);
        answers::to(
            &mut inside,
            &call,
            uri.query().unwrap_or_default(),
            &headers,
            &body,
        )
    };
    match effect {
        Some(Effect::DoAndLoseAnswer) => std::future::pending().await,
        Some(Effect::DoAndFail { status }) => answers::refusal(status, "E_LOST"),
        _ => done,
    }
}
