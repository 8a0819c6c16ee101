//! The TSE behind the FCC: numbers, counters, and a log with real signatures in the layout of BSI TR-03151.

use std::collections::BTreeMap;

use backend::scu::simulator::event::{Operation, Signed};
use backend::scu::simulator::export;
use backend::scu::simulator::key::{self, TseKey};
use backend::scu::simulator::log_message::LogMessage;
use backend::scu::types::TransactionIdentity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use shared::clock::Ticks;
use shared::identity::QueueItemId;

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `start`, `update` or `finish`.
    pub operation: &'static str,
    /// Whose.
    pub client: String,
    /// Which transaction.
    pub number: u64,
    /// The signature's number.
    pub counter: u64,
    /// When.
    pub time: Timestamp,
    /// The type and the data of the process; data in base64.
    pub process: (String, String),
    /// Base64.
    pub signature: String,
}

/// The TSE.
#[derive(Debug)]
pub(super) struct Tse {
    pub(super) key: TseKey,
    pub(super) is_active: bool,
    pub(super) seconds_ahead: i64,
    pub(super) messages: Vec<Message>,
    /// Open transactions and whose they are.
    pub(super) open: BTreeMap<u64, String>,
    transactions: u64,
    pub(super) signatures: u64,
}

impl Tse {
    pub(super) fn new() -> Self {
        Self {
            key: TseKey::new(key::fresh()),
            is_active: true,
            seconds_ahead: 0,
            messages: Vec::new(),
            open: BTreeMap::new(),
            transactions: 0,
            signatures: 0,
        }
    }

    pub(super) fn start(&mut self, client: &str, process: (String, String)) -> &Message {
        self.transactions += 1;
        self.open.insert(self.transactions, client.to_owned());
        self.sign("start", client, self.transactions, process)
    }

    pub(super) fn update(
        &mut self,
        client: &str,
        number: u64,
        process: (String, String),
    ) -> Option<&Message> {
        self.is_open(client, number)
            .then(|| self.sign("update", client, number, process))
    }

    pub(super) fn finish(
        &mut self,
        client: &str,
        number: u64,
        process: (String, String),
    ) -> Option<&Message> {
        self.is_open(client, number).then(|| {
            self.open.remove(&number);
            self.sign("finish", client, number, process)
        })
    }

    fn is_open(&self, client: &str, number: u64) -> bool {
        self.open.get(&number).is_some_and(|owner| owner == client)
    }

    fn sign(
        &mut self,
        operation: &'static str,
        client: &str,
        number: u64,
        process: (String, String),
    ) -> &Message {
        self.signatures += 1;
        let now = Timestamp::now() + SignedDuration::from_secs(self.seconds_ahead);
        let time = Timestamp::from_second(now.as_second()).unwrap();
        let data = BASE64.decode(&process.1).unwrap();
        let signed = LogMessage {
            operation: operation_of(operation),
            client_id: client,
            process_data: &data,
            process_type: &process.0,
            number,
            serial: &self.key.serial,
            counter: self.signatures,
            time: Ticks::from_timestamp(time),
        };
        let signature = BASE64.encode(self.key.sign(&signed.signed_part()));
        self.messages.push(Message {
            operation,
            client: client.to_owned(),
            number,
            counter: self.signatures,
            time,
            process,
            signature,
        });
        self.messages.last().unwrap()
    }

    /// The TAR of these messages.
    pub(super) fn tar(&self, messages: &[&Message]) -> Vec<u8> {
        let signed: Vec<_> = messages.iter().map(|message| signed(message)).collect();
        export::tar(&signed, &self.key)
    }

    /// A certificate (X.509) that holds the key, and nothing else of interest.
    pub(super) fn certificate(&self) -> Vec<u8> {
        let point = BASE64.decode(&self.key.public_key_base64).unwrap();
        let key_bits = element(0x03, &[&[0], point.as_slice()].concat());
        let key = element(0x30, &[element(0x30, &[]), key_bits].concat());
        let empty = element(0x30, &[]);
        let (version, serial) = (element(0xA0, &element(0x02, &[2])), element(0x02, &[1]));
        let names = [empty.clone(), empty.clone(), empty.clone(), empty.clone()].concat();
        let signed = element(0x30, &[version, serial, names, key].concat());
        element(0x30, &[signed, empty, element(0x03, &[0])].concat())
    }
}

fn operation_of(operation: &str) -> Operation {
    match operation {
        "start" => Operation::Start,
        "update" => Operation::Update,
        _ => Operation::Finish,
    }
}

fn signed(message: &Message) -> Signed {
    let time = Ticks::from_timestamp(message.time);
    Signed {
        operation: operation_of(message.operation),
        identity: TransactionIdentity {
            item: QueueItemId::from_u128(0),
            step: 0,
        },
        client_id: message.client.clone(),
        number: message.number,
        counter: message.counter,
        start_time: time,
        time,
        process_type: message.process.0.clone(),
        process_data_base64: message.process.1.clone(),
        signature_base64: message.signature.clone(),
        at: time,
        pid: 0,
    }
}

/// A DER element of fewer than 256 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let head = match length {
        0..=0x7F => vec![tag, length],
        _ => vec![tag, 0x81, length],
    };
    [head.as_slice(), content].concat()
}
