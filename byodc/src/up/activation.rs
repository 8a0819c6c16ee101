//! Puts example cashboxes into operation: a queue signs nothing before its initial-operation receipt (fiscal
//! specification 4.5). Receipt and operation id of a cashbox are the same at every start, so it is signed once and
//! found again afterwards.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use futures::{TryStreamExt, stream};
use jiff::Timestamp;
use reqwest::Client;
use serde_json::{Value, json};
use shared::header::{ACCESS_TOKEN, CASHBOX_ID, OPERATION_ID};

use super::examples::Cashbox;
use super::readiness;

/// Initial operation, Germany, implicit flow (fiscal specification 4.1 and 4.2).
const INITIAL_OPERATION: i64 = 0x4445_0001_0000_0003;
/// How many cashboxes are put into operation at the same time.
const AT_ONCE: usize = 8;
/// How long one may take, its start included.
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// Puts the first `count` simulated cashboxes into operation and answers them.
///
/// # Errors
/// A receipt was not signed.
pub async fn run(proxy: SocketAddr, cashboxes: &[Cashbox], count: u32) -> anyhow::Result<Vec<&Cashbox>> {
    let client = readiness::client(ANSWER_MAX)?;
    let chosen: Vec<_> = cashboxes
        .iter()
        .filter(|cashbox| cashbox.simulated)
        .take(count as usize)
        .collect();
    let each = stream::iter(chosen.iter().map(Ok));
    each.try_for_each_concurrent(AT_ONCE, |cashbox| activate(&client, proxy, cashbox))
        .await?;
    Ok(chosen)
}

async fn activate(client: &Client, proxy: SocketAddr, cashbox: &Cashbox) -> anyhow::Result<()> {
    let told = || format!("putting the cashbox {} into operation", cashbox.id);
    let request = client
        .post(format!("http://{proxy}/api/Sign"))
        .header(CASHBOX_ID, cashbox.id.to_string())
        .header(ACCESS_TOKEN, &cashbox.token)
        .header(OPERATION_ID, cashbox.id.to_string())
        .json(&receipt(cashbox));
    let answer = request.send().await.with_context(told)?;
    let status = answer.status();
    let text = answer.text().await.with_context(told)?;
    let signed = serde_json::from_str::<Value>(&text).is_ok_and(|answer| {
        answer["ftSignatures"]
            .as_array()
            .is_some_and(|signatures| !signatures.is_empty())
    });
    if !status.is_success() || !signed {
        bail!("{}: the answer is {status}: {text}", told());
    }
    Ok(())
}

fn receipt(cashbox: &Cashbox) -> Value {
    json!({
        "ftCashBoxID": cashbox.id,
        "cbTerminalID": "T1",
        "cbReceiptReference": "initial-operation",
        "cbReceiptMoment": cashbox.built_at.to_timestamp().unwrap_or(Timestamp::UNIX_EPOCH),
        "cbChargeItems": [],
        "cbPayItems": [],
        "ftReceiptCase": INITIAL_OPERATION,
    })
}
