//! What happened to a TSE, one JSON line each. The lines are the TSE: its state is what they add up to. They also
//! are a witness that no pod can talk over, so they say which process wrote them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use shared::clock::Ticks;

use super::key::TseKey;
use super::log_message::{ALGORITHM_NAME, TIME_FORMAT};
use crate::scu::types::{
    FinishedTransaction, SignatureData, SignedStep, StartedTransaction, StepKind, TransactionIdentity,
    TseState, UpdatedTransaction,
};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The TSE was made; always the first line.
    Created {
        /// Its private key in hex. It guards nothing: the TSE is a simulation.
        private_key: String,
        /// The state it began in.
        state: TseState,
        /// When.
        at: Ticks,
    },
    /// It moved through its life.
    State {
        /// To which state.
        state: TseState,
        /// When.
        at: Ticks,
    },
    /// A client became known.
    ClientRegistered {
        /// Which.
        client_id: String,
        /// When.
        at: Ticks,
    },
    /// A client was forgotten.
    ClientUnregistered {
        /// Which.
        client_id: String,
        /// When.
        at: Ticks,
    },
    /// It signed.
    Signed(Signed),
    /// Its log was exported and erased. The lines stay, as a witness.
    Erased {
        /// The last signature that was erased.
        through_counter: u64,
        /// When.
        at: Ticks,
    },
}

/// What was asked of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// It was started.
    Start,
    /// It was updated.
    Update,
    /// It was finished.
    Finish,
}

impl Operation {
    /// The name in the log message.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "StartTransaction",
            Self::Update => "UpdateTransaction",
            Self::Finish => "FinishTransaction",
        }
    }
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// For which operation.
    pub operation: Operation,
    /// Under which identity: asked again, it is answered from here.
    pub identity: TransactionIdentity,
    /// Who asked.
    pub client_id: String,
    /// The transaction's number.
    pub number: u64,
    /// The signature's number.
    pub counter: u64,
    /// When the transaction was started, in the TSE's time.
    pub start_time: Ticks,
    /// When this was signed, in the TSE's time: whole seconds, never going back.
    pub time: Ticks,
    /// Empty for a start.
    pub process_type: String,
    /// Empty for a start.
    pub process_data_base64: String,
    /// r and s, base64.
    pub signature_base64: String,
    /// When this was signed, in the time of the machine.
    pub at: Ticks,
    /// Which process signed.
    pub pid: u32,
}

impl Signed {
    /// The signature's bytes, for an export.
    #[must_use]
    pub fn signature_bytes(&self) -> Vec<u8> {
        BASE64.decode(&self.signature_base64).unwrap_or_default()
    }

    /// The process data's bytes, for an export.
    #[must_use]
    pub fn process_data(&self) -> Vec<u8> {
        BASE64.decode(&self.process_data_base64).unwrap_or_default()
    }

    /// What it is in the list of the last signatures.
    #[must_use]
    pub fn step(self) -> SignedStep {
        SignedStep {
            identity: self.identity,
            kind: match self.operation {
                Operation::Start => StepKind::Start,
                Operation::Update => StepKind::Update,
                Operation::Finish => StepKind::Finish,
            },
            transaction_number: self.number,
            counter: self.counter,
            time: self.time,
            signature_base64: self.signature_base64,
        }
    }

    /// The answer to a start.
    #[must_use]
    pub fn started(self, key: &TseKey) -> StartedTransaction {
        StartedTransaction {
            transaction_number: self.number,
            time: self.time,
            serial_number: key.serial_hex.clone(),
            signature: Some(self.signature(key)),
            client_id: self.client_id,
        }
    }

    /// The answer to an update.
    #[must_use]
    pub fn updated(self, key: &TseKey) -> UpdatedTransaction {
        UpdatedTransaction {
            transaction_number: self.number,
            time: self.time,
            serial_number: key.serial_hex.clone(),
            signature: Some(self.signature(key)),
            client_id: self.client_id,
            process_type: Some(self.process_type),
            process_data_base64: Some(self.process_data_base64),
        }
    }

    /// The answer to a finish.
    #[must_use]
    pub fn finished(self, key: &TseKey) -> FinishedTransaction {
        FinishedTransaction {
            transaction_number: self.number,
            start_time: self.start_time,
            time: self.time,
            time_format: TIME_FORMAT.to_owned(),
            serial_number: key.serial_hex.clone(),
            signature: self.signature(key),
            client_id: self.client_id,
            process_type: self.process_type,
            process_data_base64: self.process_data_base64,
        }
    }

    fn signature(&self, key: &TseKey) -> SignatureData {
        SignatureData {
            counter: self.counter,
            algorithm: ALGORITHM_NAME.to_owned(),
            signature_base64: self.signature_base64.clone(),
            public_key_base64: key.public_key_base64.clone(),
        }
    }
}
