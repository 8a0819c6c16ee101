//! A TSS: its clients, transactions and exports, and the rules that it keeps.

use std::time::Instant;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::log_file;
use super::transactions::Transactions;

/// A token and how long it is good.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) until: Instant,
    /// Whether the TSS's administrator logged in with it.
    pub(super) is_admin: bool,
}

/// A refusal: status, code and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub u16, pub &'static str, pub &'static str);

/// What a request is answered with.
pub type Said = Result<Value, Refused>;

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    /// The id that the client's owner chose.
    pub id: Uuid,
    /// The queue's `CashBoxIdentification`.
    pub serial: String,
    /// Whether it may sign.
    pub is_registered: bool,
}

/// An export.
#[derive(Debug, Clone)]
pub struct Export {
    /// The id that its owner chose.
    pub id: Uuid,
    /// As asked for.
    pub range: (u64, u64),
    /// How often it still has to be asked for until it is complete.
    pub looks_left: u32,
    /// `PENDING`, `COMPLETED`, `ERROR` …
    pub state: &'static str,
    tar: Vec<u8>,
}

/// A TSS.
#[derive(Debug)]
pub struct Tss {
    /// Its id.
    pub id: Uuid,
    /// `CREATED`, `UNINITIALIZED`, `INITIALIZED`, `DISABLED` or `DELETED`.
    pub state: &'static str,
    /// Its clients, in the order of their registration.
    pub clients: Vec<Client>,
    /// Its transactions.
    pub transactions: Transactions,
    /// Its metadata.
    pub metadata: Map<String, Value>,
    /// Its exports.
    pub exports: Vec<Export>,
    /// How often an export has to be asked for until it is complete.
    pub looks_until_complete: u32,
    /// How exports end.
    pub exports_end_as: &'static str,
}

impl Tss {
    pub(super) fn new(id: Uuid) -> Self {
        Self {
            id,
            state: "INITIALIZED",
            clients: Vec::new(),
            transactions: Transactions::default(),
            metadata: Map::new(),
            exports: Vec::new(),
            looks_until_complete: 1,
            exports_end_as: "COMPLETED",
        }
    }

    pub(super) fn body(&self) -> Value {
        let active = self.transactions.active().count();
        json!({
            "_id": self.id, "_type": "TSS", "_env": "TEST", "_version": "2.1.35", "description": "of a test",
            "state": self.state, "metadata": self.metadata,
            "certificate": "Q0VSVA==", "public_key": "UFVC", "serial_number": "5e71a1",
            // As the vendor's middleware does: a text here, a number there.
            "signature_counter": self.transactions.signatures().to_string(),
            "transaction_counter": self.transactions.count(),
            "signature_algorithm": "ecdsa-plain-SHA256", "signature_timestamp_format": "unixTime",
            "transaction_data_encoding": "UTF-8",
            "max_number_registered_clients": 199, "max_number_active_transactions": 2000,
            "number_active_transactions": active,
        })
    }

    pub(super) fn move_to(&mut self, body: &Value) -> Said {
        self.state = match (self.state, body["state"].as_str()) {
            ("UNINITIALIZED" | "INITIALIZED", Some("INITIALIZED")) => "INITIALIZED",
            ("UNINITIALIZED" | "INITIALIZED", Some("DISABLED")) => "DISABLED",
            ("CREATED" | "UNINITIALIZED", Some("UNINITIALIZED")) => "UNINITIALIZED",
            _ => return Err(Refused(400, "E_ILLEGAL_TSS_STATE_CHANGE", "not from here")),
        };
        Ok(self.body())
    }

    pub(super) fn combine_metadata(&mut self, body: &Value) -> Said {
        let members = body
            .as_object()
            .ok_or(Refused(400, "E_FAILED_SCHEMA_VALIDATION", "no object"))?;
        if members.values().any(|value| !value.is_string()) {
            return Err(Refused(
                400,
                "E_FAILED_SCHEMA_VALIDATION",
                "metadata must be texts",
            ));
        }
        self.metadata.extend(members.clone());
        Ok(Value::Object(self.metadata.clone()))
    }

    /// The client of this id; `None` if the TSS has never had it.
    #[must_use]
    pub fn client(&self, id: Uuid) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(super) fn put_client(&mut self, id: Uuid, body: &Value) -> Said {
        self.must_be_initialized()?;
        let serial = body["serial_number"].as_str().unwrap_or_default();
        if serial.is_empty() || serial.len() > 70 {
            return Err(Refused(400, "E_ILLEGAL_CLIENT_SERIAL", "1 to 70 characters"));
        }
        match self
            .clients
            .iter()
            .find(|client| client.id == id || client.serial == serial)
        {
            Some(same) if same.id == id && same.serial == serial => {}
            Some(other) if other.id == id => {
                return Err(Refused(409, "E_CLIENT_CONFLICT", "the id is taken"));
            }
            Some(_) => {
                return Err(Refused(
                    400,
                    "E_ILLEGAL_CLIENT_SERIAL",
                    "the serial number is taken",
                ));
            }
            None => self.clients.push(Client {
                id,
                serial: serial.to_owned(),
                is_registered: true,
            }),
        }
        Ok(client_body(self.client(id).expect("it is there now")))
    }

    pub(super) fn patch_client(&mut self, id: Uuid, body: &Value) -> Said {
        let client = self.clients.iter_mut().find(|client| client.id == id);
        let client = client.ok_or(Refused(404, "E_CLIENT_NOT_FOUND", "no such client"))?;
        client.is_registered = match body["state"].as_str() {
            Some("REGISTERED") => true,
            Some("DEREGISTERED") => false,
            _ => return Err(Refused(400, "E_FAILED_SCHEMA_VALIDATION", "no such state")),
        };
        Ok(client_body(client))
    }

    pub(super) fn must_be_initialized(&self) -> Result<(), Refused> {
        match self.state {
            "INITIALIZED" => Ok(()),
            "DISABLED" => Err(Refused(400, "E_TSS_DISABLED", "the TSS is disabled")),
            _ => Err(Refused(
                400,
                "E_TSS_NOT_INITIALIZED",
                "the TSS is not initialized",
            )),
        }
    }

    pub(super) fn put_export(&mut self, id: Uuid, query: &dyn Fn(&str) -> Option<String>) -> Said {
        if let Some(export) = self.exports.iter().find(|export| export.id == id) {
            return Ok(export_body(export));
        }
        let number = |name: &str| query(name).map(|text| text.parse::<u64>().unwrap());
        let range = (
            number("start_transaction_number").unwrap_or(0),
            number("end_transaction_number").unwrap_or(u64::MAX),
        );
        if range.0 > range.1 {
            return Err(Refused(400, "E_PARAMETER_MISMATCH", "the range is empty"));
        }
        let client = query("client_id").map(|id| id.parse().unwrap());
        let export = Export {
            id,
            range,
            looks_left: self.looks_until_complete,
            state: "PENDING",
            tar: log_file::tar(&self.transactions, range, client),
        };
        let said = export_body(&export);
        self.exports.push(export);
        Ok(said)
    }

    pub(super) fn look_at_export(&mut self, id: Uuid) -> Said {
        let end = self.exports_end_as;
        let export = self.exports.iter_mut().find(|export| export.id == id);
        let export = export.ok_or(Refused(404, "E_EXPORT_NOT_FOUND", "no such export"))?;
        match export.looks_left {
            0 => export.state = end,
            _ => export.looks_left -= 1,
        }
        Ok(export_body(export))
    }

    pub(super) fn export_file(&self, id: Uuid) -> Result<Vec<u8>, Refused> {
        let export = self
            .exports
            .iter()
            .find(|export| export.id == id && export.state == "COMPLETED");
        let export = export.ok_or(Refused(404, "E_EXPORT_NOT_COMPLETED", "not yet"))?;
        Ok(export.tar.clone())
    }
}

pub(super) fn client_body(client: &Client) -> Value {
    let state = if client.is_registered {
        "REGISTERED"
    } else {
        "DEREGISTERED"
    };
    json!({ "_id": client.id, "_type": "CLIENT", "serial_number": client.serial, "state": state })
}

fn export_body(export: &Export) -> Value {
    json!({ "_id": export.id, "_type": "EXPORT", "state": export.state })
}
