//! How fiskaly is asked to make the parts of an export, and how they are fetched.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::Progress;
use super::collected::{Collected, Collecting};
use crate::scu::ScuError;
use crate::scu::fiskaly::call::{Call, Failure, read};
use crate::scu::fiskaly::tss::Tss;
use crate::scu::fiskaly::wire::ExportBody;

/// How long fiskaly may take for everything (6.1).
const LONGEST: Duration = Duration::from_secs(18_000);
/// The pause between two looks where fiskaly names none.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause that fiskaly is granted.
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// What fiskaly makes in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its id: asked for again, it is the same export.
    pub id: Uuid,
    /// Which part of the log.
    pub query: String,
    /// The transactions in it, for whoever looks at it later.
    pub transactions: Option<(u64, u64)>,
}

impl Part {
    /// The transactions from one (the very first, if it is not said) to another, cut where they are too many.
    #[must_use]
    pub fn of_transactions(from: Option<u64>, to: u64, longest: u64, client: Option<Uuid>) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut begins = from.unwrap_or(1).max(1);
        while begins <= to {
            let ends = to.min(begins.saturating_add(longest - 1));
            let mut query = format!("end_transaction_number={ends}");
            // The first export of a TSS names no beginning, and so holds its initialisation too.
            if from.is_some() || begins > 1 {
                query += &format!("&start_transaction_number={begins}");
            }
            parts.push(Self::of(query, client, Some((begins, ends))));
            if ends == to {
                break;
            }
            begins = ends + 1;
        }
        parts
    }

    /// What was signed between two moments, in seconds since 1970.
    #[must_use]
    pub fn of_time(from: i64, to: i64, client: Option<Uuid>) -> Self {
        Self::of(format!("start_date={from}&end_date={to}"), client, None)
    }

    fn of(mut query: String, client: Option<Uuid>, transactions: Option<(u64, u64)>) -> Self {
        if let Some(client) = client {
            query += &format!("&client_id={client}");
        }
        Self {
            id: Uuid::new_v4(),
            query,
            transactions,
        }
    }
}

/// Has all parts made, one after the other, fetches them, and says how far it is.
pub async fn all(tss: Arc<Tss>, parts: Vec<Part>, told: watch::Sender<Progress>) {
    let call = Call::new(&tss, Instant::now() + LONGEST);
    let collected = tokio::time::timeout(LONGEST, collect(call, &parts)).await;
    let collected = collected.unwrap_or_else(|_| {
        Err(Failure::ours(format!(
            "the export was not ready within {LONGEST:?}"
        )))
    });
    let progress = match collected {
        Ok(collected) => Progress::Ready(Arc::new(collected)),
        Err(failure) => {
            let error = ScuError::from(failure);
            tracing::warn!(tss.id = %tss.id, %error, "an export failed");
            Progress::Failed(error.to_string())
        }
    };
    // Whoever would have asked for it is gone if this is not taken.
    let _ = told.send(progress);
}

async fn collect(call: Call<'_>, parts: &[Part]) -> Result<Collected, Failure> {
    let mut collecting = Collecting::begin().await?;
    for part in parts {
        make(&call, part).await?;
        fetch(&call, part, &mut collecting).await?;
    }
    Ok(collecting.end().await?)
}

/// Has one part made.
async fn make(call: &Call<'_>, part: &Part) -> Result<(), Failure> {
    let path = format!("export/{}", part.id);
    call.put(&format!("{path}?{}", part.query), &json!({})).await?;
    note_range(call, part).await;
    loop {
        let looked = call.get(&path).await?;
        let pause = looked.retry_after.unwrap_or(PAUSE).min(PAUSE_MAX);
        let export: ExportBody = read(&looked)?;
        match export.state.as_str() {
            "COMPLETED" => return Ok(()),
            ended @ ("ERROR" | "CANCELLED" | "EXPIRED" | "DELETED") => {
                let why = export
                    .exception
                    .map_or_else(String::new, |why| format!(": {why}"));
                return Err(Failure::ours(format!("fiskaly ended the export as {ended}{why}")));
            }
            _ => tokio::time::sleep(pause).await,
        }
    }
}

/// Says in the export's metadata which transactions it holds. Nobody depends on it.
async fn note_range(call: &Call<'_>, part: &Part) {
    let Some((from, to)) = part.transactions else {
        return;
    };
    let range =
        json!({ "start_transaction_number": from.to_string(), "end_transaction_number": to.to_string() });
    if let Err(failure) = call.patch(&format!("export/{}/metadata", part.id), &range).await {
        tracing::debug!(tss.id = %call.tss.id, ?failure, "an export keeps no note of its range");
    }
}

/// Fetches one part that is ready; from its beginning again when it breaks off.
async fn fetch(call: &Call<'_>, part: &Part, collecting: &mut Collecting) -> Result<(), Failure> {
    let begin = collecting.length();
    let mut retries = call.tss.settings.export.download_retries;
    loop {
        let error = match download(call, part, collecting).await {
            Ok(()) => return Ok(collecting.end_part(begin).await?),
            Err(error) => error,
        };
        if retries == 0 {
            return Err(error);
        }
        retries -= 1;
        tracing::debug!(tss.id = %call.tss.id, ?error, "the download of an export broke off; it begins anew");
        collecting.back_to(begin).await?;
        tokio::time::sleep(call.tss.settings.retries.pause).await;
    }
}

async fn download(call: &Call<'_>, part: &Part, collecting: &mut Collecting) -> Result<(), Failure> {
    let token = call.token().await?;
    let request = call.request(Method::GET, &format!("export/{}/file", part.id), None, &token);
    let mut file = match call.tss.http.download(request).await? {
        Ok(file) => file,
        Err(answer) => {
            if answer.status == reqwest::StatusCode::UNAUTHORIZED {
                call.tss.tokens.refused(&token).await;
            }
            let status = answer.status.as_u16();
            return Err(Failure::ours(format!(
                "fiskaly does not give the export: status {status}"
            )));
        }
    };
    while let Some(bytes) = call.tss.http.more(&mut file).await? {
        collecting.add(&bytes).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(from: Option<u64>, to: u64, longest: u64) -> Vec<(String, (u64, u64))> {
        let parts = Part::of_transactions(from, to, longest, None);
        parts
            .into_iter()
            .map(|part| (part.query, part.transactions.unwrap()))
            .collect()
    }

    #[test]
    fn a_range_is_cut_where_it_is_too_long_and_nothing_is_left_out() {
        let query = |ends: u64, begins: Option<u64>| {
            let begins = begins.map_or_else(String::new, |begins| {
                format!("&start_transaction_number={begins}")
            });
            format!("end_transaction_number={ends}{begins}")
        };
        assert_eq!(ranges(None, 3, 10), [(query(3, None), (1, 3))]);
        assert_eq!(
            ranges(None, 5, 2),
            [
                (query(2, None), (1, 2)),
                (query(4, Some(3)), (3, 4)),
                (query(5, Some(5)), (5, 5))
            ]
        );
        assert_eq!(ranges(Some(4), 5, 2), [(query(5, Some(4)), (4, 5))]);
        assert_eq!(ranges(Some(6), 5, 2), []);
        assert_eq!(ranges(Some(1), u64::MAX, u64::MAX).len(), 1);
    }
}
