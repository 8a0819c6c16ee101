//! The TSE's log as far as an FCC shows it: one transaction's, or a client's of some minutes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::clock::Ticks;

use super::call::{As, Call};
use super::log_message::{self, LogMessage};
use super::{Fcc, query, rejected};
use crate::scu::ScuError;
use crate::scu::http_client::Answer;

impl Fcc {
    /// Everything that was signed of a transaction; nothing when the log does not hold it.
    pub(super) async fn log_of(&self, number: u64) -> Result<Vec<LogMessage>, ScuError> {
        let path = format!("export/transactions/{number}");
        let mut messages = self.log_at(path).await?;
        messages.retain(|message| message.number == number);
        Ok(messages)
    }

    /// What was signed for a client from one moment to another.
    pub(super) async fn log_between(
        &self,
        client_id: &str,
        from: Ticks,
        to: Ticks,
    ) -> Result<Vec<LogMessage>, ScuError> {
        let (from, to) = (date(from), date(to));
        let range = query(&[
            ("startDate", from.as_str()),
            ("endDate", to.as_str()),
            ("clientId", client_id),
        ]);
        let mut messages = self.log_at(format!("export/transactions/time?{range}")).await?;
        messages.retain(|message| message.client_id == client_id);
        Ok(messages)
    }

    async fn log_at(&self, path: String) -> Result<Vec<LogMessage>, ScuError> {
        let call = Call::get("reading the TSE's log", As::Restricted, path);
        match self.client.find(&call).await? {
            Some(answer) => messages_of(&answer),
            None => Ok(Vec::new()),
        }
    }
}

fn messages_of(answer: &Answer) -> Result<Vec<LogMessage>, ScuError> {
    let base64: Vec<u8> = answer
        .body
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'"')
        .collect();
    let tar = BASE64.decode(base64);
    let tar = tar.map_err(|_| rejected("The FCC's export is no base64."))?;
    let mut messages = log_message::of_tar(&tar).map_err(|error| rejected(&error.to_string()))?;
    messages.sort_by_key(|message| message.counter);
    Ok(messages)
}

/// A moment as an export's range takes it: whole seconds.
pub(super) fn date(at: Ticks) -> String {
    let at = at.to_timestamp().unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
