//! The TSEs: each with a log of its own, which no process can change. An independent witness of what was signed.

use std::collections::{BTreeMap, BTreeSet};

use backend::scu::types::{
    FinishedTransaction, SignatureData, SignedStep, StartedTransaction, StepKind, TransactionIdentity,
    TransactionTrace, TseInfo, TseState, UpdatedTransaction,
};
use shared::clock::Ticks;
use shared::identity::QueueItemId;

/// What was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The start of a transaction.
    Start,
    /// Its update.
    Update,
    /// Its end.
    Finish,
}

/// One signature.
#[derive(Debug, Clone)]
pub struct Signed {
    /// For which request.
    pub item: QueueItemId,
    /// Which of its transactions.
    attempt: u32,
    /// Which step.
    pub step: Step,
    /// The transaction.
    pub number: u64,
    /// The signature's number.
    pub counter: u64,
    process_type: String,
    process_data_base64: String,
}

impl Signed {
    /// The signature as it stands in receipts.
    pub fn text(&self) -> String {
        format!("S{:07}", self.counter)
    }

    fn data(&self) -> SignatureData {
        SignatureData {
            counter: self.counter,
            algorithm: "ecdsa-plain-SHA256".to_owned(),
            signature_base64: self.text(),
            public_key_base64: "S0VZ".to_owned(),
        }
    }
}

/// One TSE. Its answers name no moment of any clock: what is signed is counted, not timed.
#[derive(Debug, Default)]
pub struct Tse {
    /// Every signature, in order.
    pub log: Vec<Signed>,
    /// Where the signature of a step stands.
    steps: BTreeMap<(QueueItemId, u32, Step), usize>,
    clients: BTreeSet<String>,
    transactions: u64,
}

const SERIAL: &str = "53455249414c";
const CLIENT: &str = "KASSE-1";

impl Tse {
    /// Signs a step, or finds the signature that it has. Answers whether it is new.
    pub fn sign(
        &mut self,
        identity: TransactionIdentity,
        step: Step,
        number: Option<u64>,
        process: (String, String),
    ) -> (Signed, bool) {
        let place = (identity.item, identity.step, step);
        if let Some(at) = self.steps.get(&place) {
            return (self.log[*at].clone(), false);
        }
        self.steps.insert(place, self.log.len());
        (self.sign_anew(identity, step, number, process), true)
    }

    /// Signs a step, whether or not it was signed before.
    pub fn sign_anew(
        &mut self,
        identity: TransactionIdentity,
        step: Step,
        number: Option<u64>,
        (process_type, process_data_base64): (String, String),
    ) -> Signed {
        let number = number.unwrap_or_else(|| {
            self.transactions += 1;
            self.transactions
        });
        let signed = Signed {
            item: identity.item,
            attempt: identity.step,
            step,
            number,
            counter: self.log.len() as u64 + 1,
            process_type,
            process_data_base64,
        };
        self.log.push(signed.clone());
        signed
    }

    /// What was signed under an identity.
    pub fn trace(&self, identity: TransactionIdentity) -> TransactionTrace {
        let signed = |step| {
            let at = self.steps.get(&(identity.item, identity.step, step))?;
            Some(&self.log[*at])
        };
        TransactionTrace {
            started: signed(Step::Start).map(started),
            updated: signed(Step::Update).map(updated),
            finished: signed(Step::Finish).map(finished),
        }
    }

    /// The newest signatures, newest first.
    pub fn last_steps(&self, limit: usize) -> Vec<SignedStep> {
        self.log.iter().rev().take(limit).map(shown).collect()
    }

    /// Makes a client known.
    pub fn register(&mut self, client: &str) -> Vec<String> {
        self.clients.insert(client.to_owned());
        self.clients.iter().cloned().collect()
    }

    /// Forgets a client.
    pub fn unregister(&mut self, client: &str) -> Vec<String> {
        self.clients.remove(client);
        self.clients.iter().cloned().collect()
    }

    /// What it says of itself.
    pub fn info(&self) -> TseInfo {
        let text = |text: &str| Some(text.to_owned());
        TseInfo {
            max_number_of_clients: 100,
            current_number_of_clients: self.clients.len() as i64,
            current_client_ids: Some(self.clients.iter().cloned().collect()),
            max_number_of_started_transactions: 512,
            current_number_of_started_transactions: 0,
            current_started_transaction_numbers: Some(Vec::new()),
            max_number_of_signatures: 1_000_000,
            current_number_of_signatures: self.log.len() as i64,
            max_log_memory_size: 1_000_000,
            current_log_memory_size: 0,
            current_state: TseState::Initialized,
            firmware_identification: text("1"),
            certification_identification: text("BSI-SIMULATED"),
            signature_algorithm: text("ecdsa-plain-SHA256"),
            log_time_format: text("unixTime"),
            serial_number_octet: text(SERIAL),
            public_key_base64: text("S0VZ"),
            certificates_base64: Some(Vec::new()),
            info: None,
        }
    }
}

fn shown(signed: &Signed) -> SignedStep {
    SignedStep {
        identity: TransactionIdentity {
            item: signed.item,
            step: signed.attempt,
        },
        kind: match signed.step {
            Step::Start => StepKind::Start,
            Step::Update => StepKind::Update,
            Step::Finish => StepKind::Finish,
        },
        transaction_number: signed.number,
        counter: signed.counter,
        time: Ticks(640_600_000_000_000_000),
        signature_base64: signed.text(),
    }
}

/// A start as it is answered.
pub fn started(signed: &Signed) -> StartedTransaction {
    StartedTransaction {
        transaction_number: signed.number,
        time: Ticks(640_600_000_000_000_000),
        serial_number: SERIAL.to_owned(),
        client_id: CLIENT.to_owned(),
        signature: Some(signed.data()),
    }
}

/// An update as it is answered.
pub fn updated(signed: &Signed) -> UpdatedTransaction {
    UpdatedTransaction {
        transaction_number: signed.number,
        time: Ticks(640_600_000_000_000_000),
        serial_number: SERIAL.to_owned(),
        client_id: CLIENT.to_owned(),
        process_type: Some(signed.process_type.clone()),
        process_data_base64: Some(signed.process_data_base64.clone()),
        signature: Some(signed.data()),
    }
}

/// An end as it is answered.
pub fn finished(signed: &Signed) -> FinishedTransaction {
    FinishedTransaction {
        transaction_number: signed.number,
        start_time: Ticks(640_600_000_000_000_000),
        time: Ticks(640_600_000_000_000_000),
        time_format: "unixTime".to_owned(),
        serial_number: SERIAL.to_owned(),
        client_id: CLIENT.to_owned(),
        process_type: signed.process_type.clone(),
        process_data_base64: signed.process_data_base64.clone(),
        signature: signed.data(),
    }
}
