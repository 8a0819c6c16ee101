//! `health`: asks the process beside this one whether it is well, so that a container's health check needs neither a
//! shell nor curl in the image.
//!
//! The question is one line over a plain socket: the check runs every few seconds in every container, and an HTTP
//! client would read all of the machine's trusted certificates for each of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use shared::env::{Faults, Setting, Settings};

use crate::cli::HealthOf;
use crate::role::{self, Role};

/// How long connecting and each part of the answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// The longest status line that is read.
const STATUS_LINE_MAX: u64 = 256;

/// Asks, and prints what was answered.
///
/// # Errors
/// Nobody who was asked is well; a setting that says whom to ask cannot be read.
pub fn run(given: &HealthOf) -> anyhow::Result<()> {
    let path = if given.ready {
        "/health/ready"
    } else {
        "/health/live"
    };
    let mut refusals = Vec::new();
    for address in addresses(given)? {
        match ask(address, path) {
            Ok(200) => {
                println!("http://{address}{path} answers 200");
                return Ok(());
            }
            Ok(status) => refusals.push(format!("http://{address}{path} answers {status}")),
            Err(error) => refusals.push(format!("http://{address}{path}: {error:#}")),
        }
    }
    bail!("not well: {}", refusals.join("; "))
}

/// Whom to ask. A container runs one role; without its name every role's address is tried, and pod and proxy share one
/// unless they are told otherwise.
fn addresses(given: &HealthOf) -> anyhow::Result<Vec<SocketAddr>> {
    if let Some(address) = given.address {
        return Ok(vec![address]);
    }
    let mut faults = Faults::default();
    let settings = role::settings(&given.given, &mut faults);
    let roles = given.role.map_or_else(|| Role::ALL.to_vec(), |role| vec![role]);
    let mut addresses = Vec::new();
    for role in roles {
        let address = beside(listen(role), &settings, &mut faults);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(faults.into_result(addresses)?)
}

/// Where a role takes requests.
fn listen(role: Role) -> &'static Setting {
    match role {
        Role::Proxy => &proxy::config::LISTEN,
        Role::Backend => &backend::http::LISTEN,
        Role::ConfigService => &crate::config_service::LISTEN,
    }
}

/// The address under which whoever listens there is reached from this machine.
fn beside(setting: &Setting, settings: &Settings, faults: &mut Faults) -> SocketAddr {
    let mut address = settings.address(setting, faults);
    if address.port() == 0 {
        let rule = "port 0 is any free one, which cannot be guessed: name it with --address";
        faults.add(setting, &settings.effective(setting), &rule);
    }
    if address.ip().is_unspecified() {
        // `[::]` takes IPv4 as well, and is 0.0.0.0 on a machine without IPv6, where there is no `::1`.
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}

/// The status of the answer.
fn ask(address: SocketAddr, path: &str) -> anyhow::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX).context("connecting")?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .context("asking")?;
    let mut line = String::new();
    BufReader::new(std::io::Read::take(stream, STATUS_LINE_MAX))
        .read_line(&mut line)
        .context("waiting for the answer")?;
    status(&line)
}

fn status(line: &str) -> anyhow::Result<u16> {
    ensure!(
        line.starts_with("HTTP/1."),
        "what answers there does not speak HTTP/1"
    );
    let word = line.split(' ').nth(1).unwrap_or_default();
    word.parse().context("the answer has no status")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    fn beside_of(listen: &str) -> (SocketAddr, Faults) {
        let setting = &backend::http::LISTEN;
        let settings = Settings::default().with(Origin::Environment, [(setting.name, listen)]);
        let mut faults = Faults::default();
        (beside(setting, &settings, &mut faults), faults)
    }

    #[test]
    fn every_interface_is_reached_by_this_machines_own() {
        for (listen, asked) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:81", "127.0.0.1:81"),
            ("[fd00::7]:81", "[fd00::7]:81"),
            ("10.0.0.7:82", "10.0.0.7:82"),
        ] {
            let (address, faults) = beside_of(listen);
            assert_eq!((address.to_string().as_str(), faults.lines().len()), (asked, 0));
        }
    }

    #[test]
    fn a_port_that_is_any_free_one_is_a_fault_that_names_the_way_out() {
        let (_, faults) = beside_of("0.0.0.0:0");
        assert_eq!(faults.lines().len(), 1);
        assert!(
            faults.lines()[0].contains("Byodc__Http__Listen") && faults.lines()[0].contains("--address"),
            "{faults}"
        );
    }

    #[test]
    fn the_status_is_the_second_word_of_an_http_answer() {
        assert_eq!(status("HTTP/1.1 503 Service Unavailable\r\n").unwrap(), 503);
        for line in ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1\r\n", "HTTP/1.1 ok\r\n"] {
            assert!(status(line).is_err(), "{line:?}");
        }
    }
}
