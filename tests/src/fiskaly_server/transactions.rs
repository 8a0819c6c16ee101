//! The transactions of a TSS, revision by revision. Nothing that was signed is ever changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tss::{Client, Refused, Said};

/// Every transaction, by number.
#[derive(Debug, Default)]
pub struct Transactions {
    all: Vec<Transaction>,
    signatures: u64,
    /// Whether a request that was done before is refused instead of answered as before.
    pub refuses_repetitions: bool,
}

/// A transaction.
#[derive(Debug)]
pub struct Transaction {
    /// The id that its owner chose.
    pub id: Uuid,
    /// From 1, without a gap.
    pub number: u64,
    /// Whose it is.
    pub client: Uuid,
    /// Everything that was signed of it, the first first.
    pub revisions: Vec<Revision>,
}

/// One signature.
#[derive(Debug, Clone)]
pub struct Revision {
    /// What was asked.
    pub asked: Value,
    /// The TSS's signature counter.
    pub counter: u64,
    /// In seconds since 1970.
    pub at: i64,
}

impl Transaction {
    fn state(&self) -> &str {
        let latest = self.revisions.last().expect("a transaction begins with one");
        latest.asked["state"].as_str().expect("it was checked")
    }

    /// It as it is at a revision, counted from 1.
    fn body(&self, tss: Uuid, serial: &str, revision: usize) -> Value {
        let at = &self.revisions[revision - 1];
        let state = &at.asked["state"];
        let operation = match (revision, state.as_str()) {
            (1, _) => "Start",
            (_, Some("ACTIVE")) => "Update",
            _ => "Finish",
        };
        let mut body = json!({
            "_id": self.id, "_type": "TRANSACTION", "_env": "TEST", "_version": "2.1.35",
            "tss_id": tss, "tss_serial_number": "5e71a1", "client_id": self.client, "client_serial_number": serial,
            "state": state, "revision": revision, "latest_revision": self.revisions.len(), "number": self.number,
            "time_start": self.revisions[0].at,
            "log": { "operation": operation, "timestamp": at.at, "timestamp_format": "unixTime" },
            "signature": {
                "value": signature(at.counter), "algorithm": "ecdsa-plain-SHA256", "counter": at.counter.to_string(),
                "public_key": "UFVC",
            },
            "metadata": at.asked.get("metadata").cloned().unwrap_or_else(|| json!({})),
        });
        if operation == "Finish" {
            body["time_end"] = json!(at.at);
        }
        if let Some(schema) = at.asked.get("schema") {
            body["schema"] = schema.clone();
        }
        body
    }
}

/// The signature with this counter.
#[must_use]
pub fn signature(counter: u64) -> String {
    BASE64.encode(format!("SIG({counter})"))
}

impl Transactions {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.all.len() as u64
    }

    /// How many signatures were made.
    #[must_use]
    pub fn signatures(&self) -> u64 {
        self.signatures
    }

    /// All of them, by number.
    #[must_use]
    pub fn all(&self) -> &[Transaction] {
        &self.all
    }

    /// Those that are open.
    pub fn active(&self) -> impl Iterator<Item = &Transaction> {
        self.all.iter().filter(|tx| tx.state() == "ACTIVE")
    }

    fn position(&self, which: &str) -> Option<usize> {
        let number = which.parse::<u64>().ok();
        let id = which.parse::<Uuid>().ok();
        self.all
            .iter()
            .position(|tx| Some(tx.number) == number || Some(tx.id) == id)
    }

    /// Signs the next revision of a transaction, or answers as before when it was done before.
    pub(super) fn put(
        &mut self,
        tss: Uuid,
        which: &str,
        revision: usize,
        client: &Client,
        asked: &Value,
    ) -> Said {
        if !client.is_registered {
            return Err(Refused(
                400,
                "E_CLIENT_DEREGISTERED",
                "the client is not registered",
            ));
        }
        if !matches!(asked["state"].as_str(), Some("ACTIVE" | "FINISHED" | "CANCELLED")) {
            return Err(Refused(400, "E_FAILED_SCHEMA_VALIDATION", "no such state"));
        }
        let at = match (self.position(which), which.parse::<Uuid>()) {
            (Some(at), _) => at,
            (None, Err(_)) => return Err(Refused(404, "E_TX_NOT_FOUND", "no such transaction")),
            (None, Ok(id)) => self.begin(id, revision, client)?,
        };
        let repeats = !self.refuses_repetitions;
        let tx = &mut self.all[at];
        match tx.revisions.get(revision - 1) {
            Some(before) if repeats && before.asked == *asked => {}
            Some(_) => return Err(Refused(400, "E_TX_UPSERT", "the revision was signed already")),
            None if revision != tx.revisions.len() + 1 => {
                return Err(Refused(400, "E_TX_UPSERT", "the revision is not the next"));
            }
            None if revision > 1 && tx.state() != "ACTIVE" => {
                return Err(Refused(400, "E_TX_UPSERT", "the transaction is over"));
            }
            None => {
                self.signatures += 1;
                tx.revisions.push(Revision {
                    asked: asked.clone(),
                    counter: self.signatures,
                    at: Timestamp::now().as_second(),
                });
            }
        }
        Ok(self.all[at].body(tss, &client.serial, revision))
    }

    fn begin(&mut self, id: Uuid, revision: usize, client: &Client) -> Result<usize, Refused> {
        if id.get_version_num() != 4 || id.get_variant() != uuid::Variant::RFC4122 {
            return Err(Refused(409, "E_PENDING_TX_CONFLICT", "no UUIDv4"));
        }
        if revision != 1 {
            return Err(Refused(404, "E_TX_NOT_FOUND", "no such transaction"));
        }
        self.all.push(Transaction {
            id,
            number: self.count() + 1,
            client: client.id,
            revisions: Vec::new(),
        });
        Ok(self.all.len() - 1)
    }

    pub(super) fn get(&self, tss: Uuid, clients: &[Client], which: &str, revision: Option<usize>) -> Said {
        let at = self
            .position(which)
            .ok_or(Refused(404, "E_TX_NOT_FOUND", "no such transaction"))?;
        let tx = &self.all[at];
        let revision = revision.unwrap_or(tx.revisions.len());
        if revision > tx.revisions.len() {
            return Err(Refused(400, "E_TX_REVISION_NOT_FOUND", "no such revision"));
        }
        Ok(tx.body(tss, serial_of(clients, tx.client), revision))
    }

    /// A page of those of a state and a client, ordered as asked.
    pub(super) fn list(
        &self,
        tss: Uuid,
        clients: &[Client],
        of_client: Option<Uuid>,
        query: &dyn Fn(&str) -> Option<String>,
    ) -> Value {
        let state = query("states[]").or_else(|| query("states[0]"));
        let mut found: Vec<&Transaction> = self
            .all
            .iter()
            .filter(|tx| of_client.is_none_or(|client| tx.client == client))
            .filter(|tx| state.as_deref().is_none_or(|state| tx.state() == state))
            .collect();
        match query("order_by").as_deref() {
            None | Some("number") => {}
            Some("time_end") => found.sort_by_key(|tx| tx.revisions.last().map(|latest| latest.counter)),
            Some(other) => panic!("this server cannot order by {other}"),
        }
        if query("order").as_deref() == Some("desc") {
            found.reverse();
        }
        let bodies = found
            .iter()
            .map(|tx| tx.body(tss, serial_of(clients, tx.client), tx.revisions.len()));
        page(bodies.collect(), query)
    }
}

fn serial_of(clients: &[Client], id: Uuid) -> &str {
    let client = clients.iter().find(|client| client.id == id);
    &client.expect("clients are never removed").serial
}

/// A page of a list: 100 entries at the most, and also if nothing is said.
pub(super) fn page(all: Vec<Value>, query: &dyn Fn(&str) -> Option<String>) -> Value {
    let number = |name: &str| query(name).map(|text| text.parse::<usize>().unwrap());
    let count = all.len();
    let (offset, limit) = (
        number("offset").unwrap_or(0),
        number("limit").unwrap_or(100).min(100),
    );
    let data: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
    json!({ "data": data, "count": count, "_type": "LIST" })
}
