//! The role `load`: clients that send the next request when they have their answer.
//!
//! Prints one line: requests, failures, microseconds at the median and at the 99th percentile.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::work;

/// Sends for a while over so many connections, spread over the ports.
pub fn run(ports: &str, connections: usize, millis: u64) -> anyhow::Result<()> {
    let ports: Vec<u16> = ports.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let until = Instant::now() + Duration::from_millis(millis);
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..connections {
            let port = ports[number % ports.len()];
            let stream = TcpStream::connect(("127.0.0.1", port))
                .await
                .with_context(|| format!("nobody listens at port {port}"))?;
            clients.spawn(client(stream, number, until));
        }
        let mut took_us = Vec::new();
        let mut failures = 0;
        for ended in clients.join_all().await {
            failures += u64::from(ended.failed);
            took_us.extend(ended.took_us);
        }
        took_us.sort_unstable();
        let at = |share: f64| {
            took_us
                .get((took_us.len() as f64 * share) as usize)
                .copied()
                .unwrap_or(0)
        };
        println!("{} {failures} {} {}", took_us.len(), at(0.5), at(0.99));
        Ok(())
    })
}

struct Ended {
    took_us: Vec<u32>,
    failed: bool,
}

async fn client(mut stream: TcpStream, number: usize, until: Instant) -> Ended {
    let mut ended = Ended {
        took_us: Vec::new(),
        failed: false,
    };
    let mut request = work::request(work::cashbox(0));
    let id_at = request
        .windows(11)
        .position(|part| part == b"cashboxid: ")
        .expect("a receipt names its cashbox")
        + 11;
    let mut come = Vec::with_capacity(4096);
    let mut at = number as u128 * 7919;
    while Instant::now() < until {
        at = (at + 104_729) % work::CASHBOXES;
        request[id_at..id_at + 36].copy_from_slice(work::cashbox(at).to_string().as_bytes());
        let began = Instant::now();
        match exchange(&mut stream, &request, &mut come).await {
            Ok(true) => ended
                .took_us
                .push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)),
            _ => {
                ended.failed = true;
                break;
            }
        }
    }
    ended
}

/// One request and its answer; whether the answer is good.
async fn exchange(stream: &mut TcpStream, request: &[u8], come: &mut Vec<u8>) -> std::io::Result<bool> {
    stream.write_all(request).await?;
    come.clear();
    loop {
        if stream.read_buf(come).await? == 0 {
            return Ok(false);
        }
        if work::message_end(come).is_some_and(|end| end == come.len()) {
            return Ok(come.starts_with(b"HTTP/1.1 200 "));
        }
    }
}
