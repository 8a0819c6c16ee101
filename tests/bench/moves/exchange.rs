//! One HTTP exchange, by hand: a full client would cost more than the proxy that is measured.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use harness::cashbox::Cashbox;
use serde_json::Value;
use shared::header;
use shared::identity::OperationId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the other side goes on after it.
    keeps_open: bool,
}

impl Answer {
    /// The receipt's number in its chain; none when this is no receipt. Its identification names how many receipts
    /// were there before (`fiscal-spec.md` 3.7).
    pub fn receipt_number(&self) -> Option<u64> {
        let receipt: Value = serde_json::from_slice(&self.body).ok()?;
        let identification = receipt["ftReceiptIdentification"].as_str()?;
        let hex = identification.strip_prefix("ft")?.split('#').next()?;
        Some(u64::from_str_radix(hex, 16).ok()? + 1)
    }
}

/// What is sent to sign a receipt.
pub fn request(cashbox: &Cashbox, operation: OperationId, receipt: &Value) -> Vec<u8> {
    let body = receipt.to_string();
    let head = format!(
        "POST /api/Sign HTTP/1.1\r\nHost: byodc\r\n{}: {}\r\n{}: {}\r\n{}: {operation}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        header::CASHBOX_ID,
        cashbox.id,
        header::ACCESS_TOKEN,
        cashbox.token,
        header::OPERATION_ID,
        body.len(),
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Connections that wait for their next request.
#[derive(Debug, Default)]
pub struct Pool {
    idle: Mutex<HashMap<SocketAddr, Vec<TcpStream>>>,
}

impl Pool {
    /// Connects, or takes a connection that the other side has not closed.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn connection(&self, to: SocketAddr) -> io::Result<TcpStream> {
        while let Some(stream) = self.take(to) {
            if is_open(&stream) {
                return Ok(stream);
            }
        }
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// When there was none.
    pub async fn exchange(
        &self,
        mut stream: TcpStream,
        to: SocketAddr,
        request: &[u8],
    ) -> io::Result<Answer> {
        stream.write_all(request).await?;
        let answer = read(&mut stream).await?;
        if answer.keeps_open {
            self.lock().entry(to).or_default().push(stream);
        }
        Ok(answer)
    }

    fn take(&self, to: SocketAddr) -> Option<TcpStream> {
        self.lock().get_mut(&to)?.pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Vec<TcpStream>>> {
        self.idle.lock().expect("nothing panics while it holds this lock")
    }
}

/// An idle connection with something to read has been closed: nothing was asked on it.
fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0]);
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

async fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut came = Vec::with_capacity(4096);
    let head = loop {
        if let Some(end) = came.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut came).await?;
    };
    let text = String::from_utf8_lossy(&came[..head]).to_ascii_lowercase();
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines.next().map(str::trim)
    };
    let unreadable = || io::Error::new(io::ErrorKind::InvalidData, text.clone());
    let status = text.get(9..12).and_then(|status| status.parse().ok());
    let length = field("content-length:").and_then(|length| length.parse::<usize>().ok());
    let (status, length) = status.zip(length).ok_or_else(unreadable)?;
    let keeps_open = field("connection:") != Some("close");
    while came.len() < head + length {
        more(stream, &mut came).await?;
    }
    Ok(Answer {
        status,
        body: came.split_off(head),
        keeps_open,
    })
}

async fn more(stream: &mut TcpStream, came: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(came).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
