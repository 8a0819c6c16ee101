//! What a newcomer can try with one example cashbox. The same list is printed for pasting and run by `--try-once`, so
//! what is printed works.

use std::process::Stdio;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::header::{ACCESS_TOKEN, CASHBOX_ID, OPERATION_ID};
use shared::identity::OperationId;
use tokio::process::Command;

use super::data_dir::{DataDir, write_whole};
use super::examples::Cashbox;
use super::owner;
use super::supervisor::Supervisor;

/// POS receipt, Germany, implicit flow (fiscal specification 4.1 and 4.2).
const POS_RECEIPT: i64 = 0x4445_0001_0000_0001;
/// An item at the normal rate of VAT.
const NORMAL_VAT: i64 = 0x4445_0000_0000_0001;
/// A payment in cash.
const CASH: i64 = 0x4445_0000_0000_0001;

/// One command and what its answer proves.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it shows, as a comment above it.
    pub says: &'static str,
    /// For a shell.
    pub command: String,
    proves: Proof,
}

/// What an answer must show.
#[derive(Debug, Clone)]
enum Proof {
    /// A receipt that was not signed before.
    SignedAnew,
    /// The receipt of the answer before.
    SameReceipt,
    /// The empty echo.
    Reset,
    /// The name of the pod that owns the cashbox.
    OwnedBy(String),
    /// Nothing: the command says nothing.
    Silence,
}

/// Writes what the commands send into files and makes the commands.
///
/// # Errors
/// A file cannot be written; the proxy does not tell who owns the cashbox.
pub async fn prepare(
    data: &DataDir,
    supervisor: &Supervisor,
    cashbox: &Cashbox,
) -> anyhow::Result<Vec<Step>> {
    write_files(data, cashbox).with_context(|| format!("writing files in {}", data.try_out().display()))?;
    let owner = owner::of(supervisor, cashbox.id).await?;
    let proxy = supervisor.cluster.proxy;
    let file = |name: &str| format!("'@{}'", data.try_out().join(name).display());
    let (headers, receipt, reset) = (file("headers"), file("receipt.json"), file("reset.json"));
    let post =
        |body: &str, path: &str| format!("curl -sS -H {headers} -d {body} http://{}{path}", proxy.main);
    let sign = post(&receipt, "/api/Sign");
    let sign_as_operation = format!("{sign} -H '{OPERATION_ID}: {}'", OperationId::random());
    let step = |says, command: &str, proves| Step {
        says,
        command: command.to_owned(),
        proves,
    };
    Ok(vec![
        step("sign a receipt", &sign_as_operation, Proof::SignedAnew),
        step(
            "the same operation again: the same receipt, not signed twice",
            &sign_as_operation,
            Proof::SameReceipt,
        ),
        step(
            "reset the cashbox: it reads its configuration anew",
            &post(&reset, "/api/Echo"),
            Proof::Reset,
        ),
        step(
            "see which pod owns the cashbox",
            &format!("curl -sS http://{}/admin/v1/route/{}", proxy.admin, cashbox.id),
            Proof::OwnedBy(owner.name),
        ),
        step("kill that pod", &format!("kill -9 {}", owner.pid), Proof::Silence),
        step(
            "and sign: another pod takes over and continues the chain",
            &sign,
            Proof::SignedAnew,
        ),
    ])
}

fn write_files(data: &DataDir, cashbox: &Cashbox) -> std::io::Result<()> {
    let (id, token) = (cashbox.id, &cashbox.token);
    let headers = format!("{CASHBOX_ID}: {id}\n{ACCESS_TOKEN}: {token}\nContent-Type: application/json\n");
    let write = |name: &str, text: String| write_whole(&data.try_out().join(name), text.as_bytes());
    write("headers", headers)?;
    write("receipt.json", format!("{:#}\n", receipt(cashbox)))?;
    write("reset.json", format!("{}\n", json!({ "message": "" })))
}

fn receipt(cashbox: &Cashbox) -> Value {
    json!({
        "ftCashBoxID": cashbox.id,
        "cbTerminalID": "T1",
        "cbReceiptReference": "try-1",
        "cbReceiptMoment": Timestamp::now(),
        "cbChargeItems": [{
            "Quantity": 2.0, "Description": "Kaffee", "Amount": 5.98, "VATRate": 19.0, "ftChargeItemCase": NORMAL_VAT
        }],
        "cbPayItems": [{ "Quantity": 1.0, "Description": "Bar", "Amount": 5.98, "ftPayItemCase": CASH }],
        "ftReceiptCase": POS_RECEIPT,
    })
}

/// Runs the steps one after the other, shows each with its answer, and checks what it proves.
///
/// # Errors
/// A command cannot be run, fails, or its answer does not prove what was promised.
pub async fn run(steps: &[Step]) -> anyhow::Result<()> {
    let mut last_receipt = None;
    for step in steps {
        println!("\n# {}\n{}", step.says, step.command);
        let answer = answer(&step.command).await?;
        print!("{}", shortened(&answer));
        last_receipt =
            check(&step.proves, &answer, last_receipt).with_context(|| format!("trying to {}", step.says))?;
    }
    println!("\nEverything did as promised.");
    Ok(())
}

async fn answer(command: &str) -> anyhow::Result<String> {
    let run = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .output()
        .await
        .context("running sh")?;
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    ensure!(
        run.status.success(),
        "{command}: {}: {}",
        run.status,
        String::from_utf8_lossy(&run.stderr)
    );
    Ok(text)
}

/// Checks an answer; gives the receipt that the next one may have to repeat.
fn check(proof: &Proof, answer: &str, last_receipt: Option<Value>) -> anyhow::Result<Option<Value>> {
    match proof {
        Proof::Silence => return Ok(last_receipt),
        Proof::OwnedBy(pod) => ensure!(owner::names(answer, pod), "{pod} is not named in: {answer}"),
        Proof::Reset => {
            let echo: Value = serde_json::from_str(answer).with_context(|| answer.to_owned())?;
            ensure!(
                echo == json!({ "message": "" }),
                "the answer is no empty echo: {answer}"
            );
        }
        Proof::SignedAnew | Proof::SameReceipt => {
            let receipt: Value = serde_json::from_str(answer).with_context(|| answer.to_owned())?;
            let signatures = receipt["ftSignatures"].as_array().map_or(0, Vec::len);
            ensure!(signatures > 0, "the answer has no signatures: {answer}");
            let is_same = last_receipt.as_ref() == Some(&receipt);
            match (proof, is_same) {
                (Proof::SameReceipt, false) => bail!("the answer is another receipt: {answer}"),
                (Proof::SignedAnew, true) => bail!("the answer is the receipt before: {answer}"),
                _ => return Ok(Some(receipt)),
            }
        }
    }
    Ok(last_receipt)
}

/// The beginning of an answer: enough to see what it is.
fn shortened(answer: &str) -> String {
    const SHOWN_MAX: usize = 400;
    let answer = answer.trim_end();
    match answer.char_indices().nth(SHOWN_MAX) {
        None if answer.is_empty() => String::new(),
        None => format!("{answer}\n"),
        Some((end, _)) => format!("{}… ({} bytes)\n", &answer[..end], answer.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"ftQueueRow":1,"ftSignatures":[{}]}"#;
    const TWO: &str = r#"{"ftQueueRow":2,"ftSignatures":[{}]}"#;

    #[test]
    fn the_same_receipt_is_told_from_another_one() {
        let one = check(&Proof::SignedAnew, ONE, None).unwrap();
        assert!(check(&Proof::SameReceipt, ONE, one.clone()).is_ok());
        assert!(check(&Proof::SameReceipt, TWO, one.clone()).is_err());
        assert!(check(&Proof::SignedAnew, ONE, one).is_err());
    }

    #[test]
    fn a_receipt_without_signatures_and_an_error_prove_nothing() {
        for answer in [
            r#"{"ftSignatures":[]}"#,
            r#"{"title":"no","status":500}"#,
            "",
            "<html>",
        ] {
            assert!(check(&Proof::SignedAnew, answer, None).is_err(), "{answer}");
        }
    }
}
