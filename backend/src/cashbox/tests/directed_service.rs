//! A configuration service that does what the test says.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use shared::identity::CashBoxId;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cashbox::configuration::example;

const SCU_TIMEOUT_MS: u64 = 100;

/// One document with changed ids, for whoever has an accepted token.
#[derive(Debug, Default)]
pub(super) struct DirectedService {
    tokens: Mutex<HashSet<String>>,
    pub(super) fetches: AtomicUsize,
    pub(super) refusals: AtomicUsize,
    pub(super) away: AtomicBool,
    /// How many times the document was changed.
    pub(super) revision: AtomicUsize,
    /// Whose configuration is not given before the test says so.
    pub(super) held: Gate,
    in_flight: AtomicUsize,
    /// The most questions at a time.
    pub(super) peak: AtomicUsize,
}

impl DirectedService {
    /// Answers over HTTP from now on: where.
    pub(super) async fn serve(self: Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    pub(super) fn accept(&self, token: &str) {
        self.tokens.lock().unwrap().insert(token.to_owned());
    }

    fn answer(&self, cashbox: &str, token: &str) -> Response {
        if self.away.load(Ordering::SeqCst) {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        if !self.tokens.lock().unwrap().contains(token) {
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return StatusCode::UNAUTHORIZED.into_response();
        }
        self.fetches.fetch_add(1, Ordering::SeqCst);
        // Queue, SCU and cashbox all get ids of their own: they begin as the cashbox's does.
        let (shape, own) = ("00000000-0000-0000-0000-0000", "-0000-0000-0000-0000");
        let own = format!("{}{own}", &cashbox[..8]);
        let mut document = example::document();
        // A start may be silent for as long as its TSE is given for one try.
        document["ftQueues"][0]["Configuration"]["scu-timeout-ms"] = SCU_TIMEOUT_MS.into();
        // White space makes it another document that says the same.
        let white_space = " ".repeat(self.revision.load(Ordering::SeqCst));
        (document.to_string().replace(shape, &own) + &white_space).into_response()
    }
}

async fn answer(State(service): State<Arc<DirectedService>>, headers: HeaderMap) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (cashbox, token) = (header("cashboxid"), header("accesstoken"));
    let now = service.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    service.peak.fetch_max(now, Ordering::SeqCst);
    service.held.pass(&cashbox).await;
    service.in_flight.fetch_sub(1, Ordering::SeqCst);
    service.answer(&cashbox, &token)
}

/// Holds the cashboxes up that the test names, until it lets all go.
#[derive(Debug, Default)]
pub(super) struct Gate(watch::Sender<HashSet<String>>);

impl Gate {
    pub(super) fn hold_up(&self, cashboxes: impl IntoIterator<Item = CashBoxId>) {
        self.0
            .send_replace(cashboxes.into_iter().map(|id| id.to_string()).collect());
    }

    pub(super) fn let_go(&self) {
        self.0.send_replace(HashSet::new());
    }

    async fn pass(&self, cashbox: &str) {
        let mut held = self.0.subscribe();
        held.wait_for(|held| !held.contains(cashbox)).await.unwrap();
    }
}
