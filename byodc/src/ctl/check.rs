//! `ctl check`: uses an installation as a POS would, step by step, and says of each step how it went.
//!
//! ```text
//! live → ready → version ┬ no cashbox given: done
//!                        └ echo → zero receipt ┬ signed: done
//!                                              └ not in operation → initial operation (if asked for) → zero receipt
//! ```
//!
//! The first step that fails ends the check and decides its status. Whatever is signed stays in the cashbox's chain; a
//! receipt that is tried again goes under the same operation id, so it is signed once.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

/// The installation, asked one question after the other.
mod door;
/// Why a step did not go well.
mod trouble;
/// The receipts that are signed.
mod receipt;

use crate::cli::Check;
use door::{Caller, Door};
use receipt::{Kind, Order};
use trouble::Trouble;

/// The variable with the access token.
const TOKEN: &str = "BYODC_ACCESS_TOKEN";
/// The status for a command line that lacks something.
const USAGE: u8 = 2;
/// What is echoed: never an empty message, which would reset the cashbox.
const MESSAGE: &str = "byodc ctl check";

/// Checks an installation and prints one line for each step.
///
/// # Errors
/// A file cannot be read; the HTTP client cannot be made.
pub fn check(given: &Check) -> anyhow::Result<ExitCode> {
    let base = match front_door(&given.proxy) {
        Ok(base) => base,
        Err(rule) => return Ok(misused(&format!("--proxy: {rule}"))),
    };
    let token = token(given.token_file.as_deref())?;
    let caller = match (given.cashbox, token) {
        (None, _) => None,
        (Some(cashbox), Some(token)) => Some(Caller { cashbox, token }),
        (Some(_), None) => {
            return Ok(misused(&format!(
                "--cashbox needs its access token: --token-file FILE, or the variable {TOKEN}"
            )));
        }
    };
    let door = Door::open(base, given)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    Ok(match runtime.block_on(steps(&door, caller, given.start_queue)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => ExitCode::from(trouble.status()),
    })
}

fn misused(rule: &str) -> ExitCode {
    eprintln!("byodc: {rule}");
    ExitCode::from(USAGE)
}

async fn steps(door: &Door, caller: Option<Caller>, start_queue: bool) -> Result<(), Trouble> {
    door.step("live", async || door.word("health/live").await).await?;
    door.step("ready", async || door.word("health/ready").await)
        .await?;
    door.step("version", async || door.version().await).await?;
    let Some(caller) = caller else {
        door::skip("receipt", "no --cashbox was given, so nothing was signed");
        return Ok(());
    };
    door.step("echo", async || door.echo(&caller, MESSAGE).await)
        .await?;
    receipts(door, &caller, start_queue).await
}

async fn receipts(door: &Door, caller: &Caller, start_queue: bool) -> Result<(), Trouble> {
    let zero = Order::of(Kind::Zero, caller.cashbox);
    let signed = door.patiently(async || zero.sign(door, caller).await).await;
    if !(start_queue && matches!(signed, Err(Trouble::NotInOperation))) {
        return door::tell("receipt", signed);
    }
    let start = Order::of(Kind::InitialOperation, caller.cashbox);
    door.step("start", async || start.sign(door, caller).await)
        .await?;
    // A new order: the first one is on record as a receipt of a queue that was not in operation.
    let zero = Order::of(Kind::Zero, caller.cashbox);
    door.step("receipt", async || zero.sign(door, caller).await).await
}

/// The address of an installation, or the rule that it breaks: without credentials, because it is printed.
fn front_door(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("{error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("expected http://host or https://host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected an address without user and password".to_owned());
    }
    Ok(url)
}

/// The access token: from a file, or from the environment.
fn token(file: Option<&Path>) -> anyhow::Result<Option<SecretString>> {
    let text = match file {
        None => std::env::var(TOKEN).ok(),
        Some(file) => {
            let read = std::fs::read_to_string(file);
            Some(read.with_context(|| format!("reading --token-file {}", file.display()))?)
        }
    };
    let token = text.map(|text| SecretString::from(text.trim()));
    Ok(token.filter(|token| !token.expose_secret().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_only_if_it_can_be_asked_and_printed() {
        assert!(front_door("http://byodc-proxy").is_ok());
        assert!(front_door("https://byodc.example.com/branch").is_ok());
        for wrong in [
            "byodc-proxy",
            "ftp://host",
            "unix:/run/byodc",
            "https://user:pin@host",
        ] {
            assert!(front_door(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_read_without_the_line_end_of_its_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "secret\n").unwrap();
        let read = token(Some(file.path())).unwrap().unwrap();
        assert_eq!(read.expose_secret(), "secret");
        std::fs::write(file.path(), " \n").unwrap();
        assert!(token(Some(file.path())).unwrap().is_none());
    }
}
