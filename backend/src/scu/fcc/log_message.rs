//! Reads log messages of a TSE (BSI TR-03151, 5.1 "Log Messages") out of the TAR that an FCC exports.
//!
//! A TSE may sign in its log what nobody was answered. So the log is what settles a call whose answer was lost, and it
//! remembers when a transaction was started after the pod that started it is gone.

use std::io::Read as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use shared::clock::Ticks;
use thiserror::Error;

use super::der::{
    self, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, UTC_TIME,
};
use crate::scu::types::StepKind;

/// 0.4.0.127.0.7.3.7.1.1: what a transaction log certifies. System and audit logs have other numbers.
const TRANSACTION_LOG: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x07, 0x01, 0x01];
/// The largest log message that is read: process data have at most 64 KiB.
const MESSAGE_BYTES_MAX: u64 = 1 << 20;

/// What the TSE has signed of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMessage {
    /// Which step of it.
    pub kind: StepKind,
    /// Whose.
    pub client_id: String,
    /// May be empty.
    pub process_type: String,
    /// May be empty.
    pub process_data: Vec<u8>,
    /// The transaction's number.
    pub number: u64,
    /// The signature's number.
    pub counter: u64,
    /// The TSE's time.
    pub time: Ticks,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Why an export could not be read.
#[derive(Debug, Error)]
pub enum LogError {
    /// The bytes are no TAR.
    #[error("the export is no readable TAR")]
    Tar(#[from] std::io::Error),
    /// A file of it is no log message.
    #[error("the export's file {file} is no readable log message")]
    Message {
        /// Its name in the TAR.
        file: String,
    },
}

/// The transaction logs in a TAR, in its order. Other files in it (certificates, descriptions, system logs) are
/// passed over.
///
/// # Errors
/// When it is no TAR, or a log message cannot be read.
pub fn of_tar(tar: &[u8]) -> Result<Vec<LogMessage>, LogError> {
    let mut messages = Vec::new();
    for entry in tar::Archive::new(tar).entries()? {
        let entry = entry?;
        let file = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !file.to_ascii_lowercase().ends_with(".log") {
            continue;
        }
        let mut bytes = Vec::new();
        entry.take(MESSAGE_BYTES_MAX).read_to_end(&mut bytes)?;
        match read(&bytes) {
            Some(Logged::Transaction(message)) => messages.push(message),
            Some(Logged::Other) => {}
            None => return Err(LogError::Message { file }),
        }
    }
    Ok(messages)
}

/// What a log message is about.
enum Logged {
    Transaction(LogMessage),
    /// The TSE itself.
    Other,
}

/// Version, what is certified, the data, serial number, algorithm, possibly audit data, counter, time, signature.
fn read(bytes: &[u8]) -> Option<Logged> {
    let mut fields = Reader::new(Reader::new(bytes).next_if(SEQUENCE)?);
    fields.next_if(INTEGER)?;
    if fields.next_if(OBJECT_IDENTIFIER)? != TRANSACTION_LOG {
        return Some(Logged::Other);
    }
    let mut certified = Certified::default();
    while fields.next_if(OCTET_STRING).is_none() {
        let element = fields.next()?;
        certified.take(element.tag, element.content)?;
    }
    fields.next_if(SEQUENCE)?;
    fields.next_if(OCTET_STRING);
    let counter = der::unsigned(fields.next_if(INTEGER)?)?;
    let time = fields.next()?;
    Some(Logged::Transaction(LogMessage {
        kind: certified.kind?,
        client_id: certified.client_id?,
        process_type: certified.process_type,
        process_data: certified.process_data,
        number: certified.number?,
        counter,
        time: time_of(time.tag, time.content)?,
        signature: fields.next_if(OCTET_STRING)?.to_vec(),
    }))
}

/// The certified data, whose fields are told apart by their numbers.
#[derive(Default)]
struct Certified {
    kind: Option<StepKind>,
    client_id: Option<String>,
    process_data: Vec<u8>,
    process_type: String,
    number: Option<u64>,
}

impl Certified {
    fn take(&mut self, tag: u8, content: &[u8]) -> Option<()> {
        let text = || String::from_utf8(content.to_vec()).ok();
        match tag {
            0x80 => {
                self.kind = Some(match text()?.as_str() {
                    "StartTransaction" => StepKind::Start,
                    "UpdateTransaction" => StepKind::Update,
                    "FinishTransaction" => StepKind::Finish,
                    _ => return None,
                });
            }
            0x81 => self.client_id = Some(text()?),
            0x82 => self.process_data = content.to_vec(),
            0x83 => self.process_type = text()?,
            0x85 => self.number = Some(der::unsigned(content)?),
            // Additional data of the client and of the TSE.
            0x84 | 0x86 => {}
            _ => return None,
        }
        Some(())
    }
}

/// `YYMMDDhhmm[ss]Z`, `YYYYMMDDhhmmss[.fff]Z`, or seconds since 1970.
fn time_of(tag: u8, content: &[u8]) -> Option<Ticks> {
    let civil = |pattern: &str, text: &str| {
        let at = DateTime::strptime(pattern, text).ok()?;
        Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let text = std::str::from_utf8(content);
    let at = match (tag, text) {
        (INTEGER, _) => Timestamp::from_second(i64::try_from(der::unsigned(content)?).ok()?).ok()?,
        (UTC_TIME, Ok(text)) if text.len() == 11 => civil("%Y%m%d%H%MZ", &format!("20{text}"))?,
        (UTC_TIME, Ok(text)) => civil("%Y%m%d%H%M%SZ", &format!("20{text}"))?,
        (GENERALIZED_TIME, Ok(text)) => civil("%Y%m%d%H%M%S%.fZ", text)?,
        _ => return None,
    };
    Some(Ticks::from_timestamp(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scu::simulator::event::Operation;
    use crate::scu::simulator::log_message::LogMessage as Written;
    use proptest::prelude::*;
    use shared::api::moment;

    fn at(text: &str) -> Ticks {
        moment::parse(text).unwrap().ticks
    }

    fn written(operation: Operation) -> Vec<u8> {
        let message = Written {
            operation,
            client_id: "KASSE-1",
            process_data: b"Beleg^1.19",
            process_type: "Kassenbeleg-V1",
            number: 300,
            serial: &[0xEE; 32],
            counter: 70_000,
            time: at("2031-03-04T10:20:30Z"),
        };
        message.with_signature(&[9; 64])
    }

    fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn what_a_tse_writes_is_read_and_other_files_are_passed_over() {
        let (start, finish) = (written(Operation::Start), written(Operation::Finish));
        let files: [(&str, &[u8]); 3] = [("info.csv", b"x"), ("1.log", &start), ("2.log", &finish)];
        let messages = of_tar(&tar_of(&files)).unwrap();
        let expected = LogMessage {
            kind: StepKind::Finish,
            client_id: "KASSE-1".to_owned(),
            process_type: "Kassenbeleg-V1".to_owned(),
            process_data: b"Beleg^1.19".to_vec(),
            number: 300,
            counter: 70_000,
            time: at("2031-03-04T10:20:30Z"),
            signature: vec![9; 64],
        };
        assert_eq!(messages[1], expected);
        assert_eq!(messages[0].kind, StepKind::Start);
        assert_eq!(messages.len(), 2);
    }

    #[test]
    fn a_log_message_that_is_cut_off_is_named() {
        let message = written(Operation::Start);
        let cut = &message[..message.len() - 1];
        let error = of_tar(&tar_of(&[("cut.log", cut)])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the export's file cut.log is no readable log message"
        );
    }

    #[test]
    fn every_way_to_write_the_time_is_read() {
        let noon = at("2031-03-04T12:00:00Z");
        assert_eq!(time_of(UTC_TIME, b"310304120000Z"), Some(noon));
        assert_eq!(time_of(UTC_TIME, b"3103041200Z"), Some(noon));
        assert_eq!(time_of(GENERALIZED_TIME, b"20310304120000Z"), Some(noon));
        assert_eq!(
            time_of(GENERALIZED_TIME, b"20310304120000.5Z"),
            Some(Ticks(noon.0 + 5_000_000))
        );
        let seconds = noon.to_timestamp().unwrap().as_second().to_be_bytes();
        assert_eq!(time_of(INTEGER, &seconds), Some(noon));
        assert_eq!(time_of(UTC_TIME, b"310304129900Z"), None);
    }

    proptest! {
        #[test]
        fn a_damaged_export_is_refused_and_breaks_nothing(at in 0_usize..2048, byte: u8, length in 0_usize..2048) {
            let mut tar = tar_of(&[("1.log", &written(Operation::Start))]);
            let at = at % tar.len();
            tar[at] = byte;
            tar.truncate(length);
            let _ = of_tar(&tar);
        }
    }
}
