//! `ctl chain verify`: walks along a queue's chain as it is stored, and says whether it is unbroken.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use backend::journal::connection_string::Database;
use backend::journal::verify::{self, Verdict};
use shared::identity::QueueId;

use crate::cli::ChainVerify;

/// Verifies a chain and prints what it came to: status 0 if it is unbroken, 1 if it is not or if nothing is stored of the
/// queue, which a mistyped id would otherwise pass off as sound.
///
/// # Errors
/// When the address is none, or the database cannot be read.
pub fn verify(given: &ChainVerify) -> anyhow::Result<ExitCode> {
    let queue: QueueId = given.queue;
    let (database, place) = verify::address(&given.journal, queue).context("--journal names no database")?;
    if let Database::Sqlite { file } = &database
        && !file.is_file()
    {
        bail!("there is no file {}", file.display());
    }
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let verdict = runtime
        .block_on(verify::verify(&database, &place, queue))
        .with_context(|| format!("verifying {queue}"))?;
    print!("{}", report(queue, &verdict));
    Ok(if verdict.is_sound() && verdict.requests > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn report(queue: QueueId, verdict: &Verdict) -> String {
    let mut text = format!(
        "queue {queue}: {} receipts, {} requests ({} answered with an error, {} without an answer)\n",
        verdict.receipts, verdict.requests, verdict.errors, verdict.unanswered
    );
    if let Some(end) = &verdict.end {
        text += &format!("it ends with receipt {}, hash {end}\n", verdict.last_number);
    }
    for finding in &verdict.findings {
        text += &format!("- {finding}\n");
    }
    let shown = verdict.findings.len() as u64;
    if verdict.findings_total > shown {
        text += &format!("- and {} more\n", verdict.findings_total - shown);
    }
    text += match (verdict.is_sound(), verdict.requests) {
        (true, 0) => "nothing is stored of this queue\n",
        (true, _) => "the chain is unbroken\n",
        (false, _) => "the chain is BROKEN\n",
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_findings_and_how_many_more_there_are() {
        let broken = Verdict {
            receipts: 7,
            findings: vec!["receipt number 3 is missing".to_owned()],
            findings_total: 2,
            ..Verdict::default()
        };
        let text = report(QueueId::from_u128(1), &broken);
        for part in [
            "7 receipts",
            "- receipt number 3 is missing",
            "- and 1 more",
            "BROKEN",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_sound_chain_is_called_unbroken_and_an_empty_one_empty() {
        let sound = Verdict {
            requests: 1,
            ..Verdict::default()
        };
        assert!(report(QueueId::from_u128(1), &sound).ends_with("the chain is unbroken\n"));
        assert!(report(QueueId::from_u128(1), &Verdict::default()).contains("nothing is stored"));
    }
}
