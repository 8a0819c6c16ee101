//! The role `pods`: four pods that answer at once.

use anyhow::Context;
use shared::identity::pod::PodId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::ours::pod_id;
use crate::work::{self, POD_PORTS};

/// Serves until the process is ended.
pub fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut pods = tokio::task::JoinSet::new();
        for (number, port) in POD_PORTS.iter().enumerate() {
            let listener = TcpListener::bind(("127.0.0.1", *port))
                .await
                .with_context(|| format!("port {port} is taken"))?;
            pods.spawn(serve(listener, pod_id(number)));
        }
        pods.join_all().await;
        Ok(())
    })
}

async fn serve(listener: TcpListener, pod: PodId) {
    let tail = format!(
        "x-byodc-pod: {pod}\r\nx-byodc-epoch: 1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        work::answer_body().len(),
        work::answer_body()
    );
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, tail.clone()));
        }
    }
}

async fn answer(mut stream: TcpStream, tail: String) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut come, mut out) = (Vec::with_capacity(4096), Vec::with_capacity(4096));
    loop {
        let end = loop {
            match work::message_end(&come) {
                Some(end) if end <= come.len() => break end,
                _ => {}
            }
            if stream.read_buf(&mut come).await? == 0 {
                return Ok(());
            }
        };
        out.clear();
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        for (asked, answered) in [
            (&b"cashboxid: "[..], &b"x-byodc-cashbox: "[..]),
            (b"x-operation-id: ", b"x-operation-id: "),
        ] {
            if let Some(value) = work::field(&come[..end], asked) {
                out.extend_from_slice(answered);
                out.extend_from_slice(value);
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(tail.as_bytes());
        stream.write_all(&out).await?;
        come.drain(..end);
    }
}
