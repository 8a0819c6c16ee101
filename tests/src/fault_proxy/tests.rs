use std::process::Command;
use std::time::Instant;

use super::*;
use crate::eventually::eventually;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::Process;

async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (mut read, mut write) = stream.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut read, &mut write).await });
        }
    });
    address
}

async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
    stream.write_all(b"?").await?;
    stream.read_u8().await
}

#[tokio::test]
async fn fair_weather_passes_everything_and_delay_delays() {
    let relay = FaultProxy::to(echo_server().await).await;
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap(), b'?');
    relay.back(Line::Slow(Duration::from_millis(300)));
    let asked = Instant::now();
    assert_eq!(ask(&mut stream).await.unwrap(), b'?');
    assert!(asked.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_cut_ends_running_connections_and_new_ones_until_it_is_healed() {
    let relay = FaultProxy::to(echo_server().await).await;
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap(), b'?');
    relay.cut();
    assert!(stream.read_u8().await.is_err());
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    assert!(ask(&mut stream).await.is_err());
    relay.heal();
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap(), b'?');
}

#[tokio::test]
async fn answers_are_lost_while_requests_arrive() {
    let relay = FaultProxy::to(echo_server().await).await;
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    relay.back(Line::Lost);
    let lost = tokio::time::timeout(Duration::from_millis(200), ask(&mut stream)).await;
    assert!(lost.is_err());
    relay.heal();
    assert!(
        stream.read_u8().await.is_err(),
        "it has lost a byte and cannot go on"
    );
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap(), b'?');
}

#[tokio::test]
async fn what_does_not_listen_is_refused_through_the_relay_until_it_listens() {
    let target = free_address();
    let relay = FaultProxy::to(target).await;
    let refused = async || {
        let asked = TcpStream::connect(relay.address()).await;
        asked
            .err()
            .filter(|fault| fault.kind() == std::io::ErrorKind::ConnectionRefused)
    };
    eventually("the relay refuses", Duration::from_secs(10), refused).await;
    let _target = TcpListener::bind(target).await.unwrap();
    eventually("the relay listens", Duration::from_secs(10), async || {
        TcpStream::connect(relay.address()).await.ok()
    })
    .await;
}

/// Each caller is a shell that connects, waits for the connection to end, and leaves a file.
#[tokio::test]
async fn one_caller_is_cut_while_others_pass() {
    let relay = FaultProxy::to(echo_server().await).await;
    let folder = crate::reaper::temporary_folder("caller");
    let caller = |name: &str| {
        let port = relay.address().port();
        let ended = folder.join(name);
        let script = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port}; read -r <&3; touch {}; sleep 60",
            ended.display()
        );
        let mut command = Command::new("bash");
        (
            Process::start(name, command.args(["-c", &script]), &folder.join("log")),
            ended,
        )
    };
    let ((_cut, cut_ended), (_spared, spared_ended)) = (caller("cut"), caller("spared"));
    eventually("both are known", Duration::from_secs(10), async || {
        (relay.callers.lock().unwrap().len() == 2).then_some(())
    })
    .await;
    relay.from("cut").cut();
    eventually("the one is cut off", Duration::from_secs(10), async || {
        cut_ended.exists().then_some(())
    })
    .await;
    assert!(!spared_ended.exists());
    relay.cut();
    eventually("all are cut off", Duration::from_secs(10), async || {
        spared_ended.exists().then_some(())
    })
    .await;
}
