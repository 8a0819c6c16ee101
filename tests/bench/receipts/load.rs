//! The load: every cashbox signs one receipt after another over a connection of its own. Requests are written and
//! answers read by hand, because a full HTTP client would cost more than the proxy that is measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::cashbox::Cashbox;
use harness::receipt;
use shared::header;
use shared::identity::OperationId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Signs for every cashbox until the time is over; answers how long each receipt took.
pub async fn run(
    proxy: SocketAddr,
    cashboxes: &[Cashbox],
    round: usize,
    duration: Duration,
) -> Vec<Duration> {
    let until = Instant::now() + duration;
    let clients = cashboxes
        .iter()
        .map(|cashbox| sign_until(proxy, cashbox, round, until));
    futures::future::join_all(clients).await.concat()
}

async fn sign_until(proxy: SocketAddr, cashbox: &Cashbox, round: usize, until: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(proxy).await.expect("the proxy listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut latencies = Vec::new();
    let mut answer = Vec::with_capacity(16 * 1024);
    for at in 0_u64.. {
        if Instant::now() >= until {
            break;
        }
        let request = request(cashbox, &format!("R-{round}-{at}"));
        let sent = Instant::now();
        stream
            .write_all(request.as_bytes())
            .await
            .expect("the proxy reads");
        read_answer(&mut stream, &mut answer).await;
        latencies.push(sent.elapsed());
    }
    latencies
}

fn request(cashbox: &Cashbox, reference: &str) -> String {
    let body = receipt::sale(cashbox, reference).to_string();
    format!(
        "POST /api/Sign HTTP/1.1\r\nHost: byodc\r\n{}: {}\r\n{}: {}\r\n{}: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        header::CASHBOX_ID,
        cashbox.id,
        header::ACCESS_TOKEN,
        cashbox.token,
        header::OPERATION_ID,
        OperationId::random(),
        body.len(),
    )
}

/// Reads one answer to its end; it must be a receipt.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    let (mut head, mut length) = (None, 0);
    while head.is_none_or(|head| answer.len() < head + length) {
        let count = stream.read_buf(answer).await.expect("the proxy answers");
        assert!(count > 0, "the proxy closed: {}", String::from_utf8_lossy(answer));
        if head.is_none()
            && let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            head = Some(end + 4);
            length = content_length(&answer[..end]);
        }
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "no receipt: {}",
        String::from_utf8_lossy(answer)
    );
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = line.and_then(|length| length.trim().parse().ok());
    length.unwrap_or_else(|| panic!("an answer without a length: {head}"))
}
