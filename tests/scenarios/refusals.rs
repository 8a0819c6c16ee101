//! Whoever may not, or asks what cannot be, gets a clear refusal; nothing is stored and nothing is given away.

use harness::client::{self, Answer};
use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::simulator::SimulatedTse;
use harness::{cashbox::Cashbox, receipt};
use shared::header;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

with_redis_and_with_sql!(
    a_wrong_token_signs_nothing_resets_nothing_and_reads_nothing,
    an_unknown_cashbox_and_a_wrong_token_are_not_told_apart,
    a_wrong_token_does_not_load_a_cold_cashbox,
    a_broken_body_is_refused_and_takes_no_row,
    a_receipt_of_another_cashbox_is_refused_and_takes_no_row,
    odd_heads_are_refused_before_any_pod_sees_them,
    paths_and_methods_that_do_not_exist_say_so,
);

async fn a_wrong_token_signs_nothing_resets_nothing_and_reads_nothing(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let before = (assert_sound(&pos).await, pos.journal(1).await);
    let stranger = pos.with_token("token-of-a-stranger");
    for answer in [
        stranger.sign(&receipt::sale(&cashbox, "R-1")).await,
        stranger.echo("").await,
        stranger.echo("anybody there?").await,
        stranger
            .post("/api/Journal?type=3", None, String::new())
            .await
            .unwrap(),
    ] {
        assert_refused(&answer, 401);
    }
    assert_eq!((assert_sound(&pos).await, pos.journal(1).await), before);
}

async fn an_unknown_cashbox_and_a_wrong_token_are_not_told_apart(cluster: &Cluster) {
    let known = cluster.new_cashbox();
    let wrong_token = cluster
        .pos(&known)
        .with_token("token-of-a-stranger")
        .echo("x")
        .await;
    let unknown = cluster.pos(&Cashbox::new()).echo("x").await;
    assert_refused(&wrong_token, 401);
    assert_eq!(
        (unknown.status, unknown.body),
        (wrong_token.status, wrong_token.body)
    );
}

async fn a_wrong_token_does_not_load_a_cold_cashbox(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let stranger = cluster.pos(&cashbox).with_token("token-of-a-stranger");
    assert_refused(&stranger.sign(&receipt::sale(&cashbox, "R-1")).await, 401);
    // The first claim of a queue is epoch 1: nobody has claimed it before its own POS comes.
    let pos = cluster.pos(&cashbox);
    let first = pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    assert_eq!(first["ftQueueRow"], 1);
    assert_eq!(cluster.owner(&cashbox).await.epoch, 1);
}

async fn a_broken_body_is_refused_and_takes_no_row(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let before = assert_sound(&pos).await;
    let sale = receipt::sale(&cashbox, "R-1").to_string();
    let number_as_text = sale.replace("\"ftReceiptCase\":", "\"ftReceiptCase\":\"none\",\"x\":");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        &sale[..sale.len() / 2],
        &number_as_text,
        &deep,
    ] {
        let answer = pos.post("/api/Sign", None, body.to_owned()).await.unwrap();
        assert_refused(&answer, 400);
    }
    let large = format!("{{\"cbUser\":\"{}\"}}", "x".repeat(2 << 20));
    assert_refused(&pos.post("/api/Sign", None, large).await.unwrap(), 413);
    assert_eq!(assert_sound(&pos).await, before);
}

async fn a_receipt_of_another_cashbox_is_refused_and_takes_no_row(cluster: &Cluster) {
    let (cashbox, other) = (cluster.new_cashbox(), Cashbox::new());
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let before = assert_sound(&pos).await;
    let answer = pos.sign(&receipt::sale(&other, "R-1")).await;
    assert!((400..=599).contains(&answer.status), "{answer:?}");
    assert_eq!(assert_sound(&pos).await, before);
    assert_eq!(SimulatedTse::of(cluster, &cashbox).signatures().len(), 2);
}

/// F50: each head on a connection of its own, written byte for byte.
async fn odd_heads_are_refused_before_any_pod_sees_them(cluster: &Cluster) {
    let (one, two) = (cluster.new_cashbox(), cluster.new_cashbox());
    let token = &one.token;
    let id = format!("cashboxid: {}", one.id);
    let other = format!("cashboxid: {}", two.id);
    for headers in [
        "Content-Length: 2".to_owned(),
        "cashboxid: not-a-guid\r\nContent-Length: 2".to_owned(),
        format!("{id}\r\n{id}\r\nContent-Length: 2"),
        format!("{id}\r\n{other}\r\nContent-Length: 2"),
        format!("{id}\r\nCASHBOXID: {}\r\nContent-Length: 2", two.id),
        format!("{id}\r\nx-cashbox-id: {}\r\nContent-Length: 2", two.id),
        format!("{id}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked"),
        format!("{id}\r\nContent-Length: 2\r\nContent-Length: 3"),
        format!("{id}\r\nContent-Length: -2"),
        format!("{id}\r\nTransfer-Encoding: gzip, chunked"),
        format!("{id}\r\nContent-Length: 2\r\nx-operation-id: not-a-guid"),
        format!("{id}\r\nContent-Length: 2\r\n folded: line"),
        format!("{id}\r\nContent-Length: 2\r\nbad name: x"),
    ] {
        let head =
            format!("POST /api/Echo HTTP/1.1\r\nHost: x\r\naccesstoken: {token}\r\n{headers}\r\n\r\n{{}}");
        let answer = raw(cluster, &head).await;
        let status: u16 = answer
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .unwrap_or_default();
        assert!(status == 400 || status == 501, "{headers:?}: {answer:?}");
    }
    // Nobody was led astray: neither cashbox has been claimed.
    for cashbox in [&one, &two] {
        assert_eq!(cluster.pos(cashbox).echo("x").await.status, 200);
        assert_eq!(cluster.owner(cashbox).await.epoch, 1);
    }
}

async fn paths_and_methods_that_do_not_exist_say_so(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    assert_refused(
        &pos.post("/api/Nothing", None, "{}".to_owned()).await.unwrap(),
        404,
    );
    let get = client::http().get(format!("{}/api/Sign", cluster.proxies[0].url()));
    let get = get
        .header(header::CASHBOX_ID, cashbox.id.to_string())
        .header(header::ACCESS_TOKEN, &cashbox.token);
    assert_refused(&Answer::read(get.send().await.unwrap()).await.unwrap(), 405);
}

/// Last in the file and in a cluster of its own: what every role wrote at the finest level holds no secret.
#[tokio::test]
async fn neither_logs_nor_journal_hold_tokens_or_what_was_sold() {
    let cluster = Cluster::of_pods(2)
        .with("Logging__LogLevel__Default", "Trace")
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    pos.reset().await;
    pos.with_token("token-of-a-stranger").echo("x").await;
    pos.post(
        "/api/Sign",
        None,
        receipt::sale(&cashbox, "R-2").to_string()[..200].to_owned(),
    )
    .await
    .unwrap();
    let logs = cluster.logs();
    assert!(
        logs.iter()
            .any(|(_, text)| text.contains(&cashbox.id.to_string())),
        "the logs say nothing at all"
    );
    for (name, text) in &logs {
        for secret in ["token-of-", "Kaffee", "Anna"] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{name} gives {secret:?} away");
        }
    }
    for file in std::fs::read_dir(cluster.folder()).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with("journal.db") {
            let bytes = std::fs::read(file.path()).unwrap();
            let found = bytes.windows(9).any(|window| window == b"token-of-");
            assert!(!found, "{} holds a token", file.path().display());
        }
    }
}

fn assert_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{answer:?}");
    assert!(
        problem["title"].is_string() && problem["detail"].is_string(),
        "{answer:?}"
    );
    assert!(!answer.body.contains("token-of-"), "{answer:?}");
}

/// Sends bytes to the first proxy as they are, and reads what comes back first.
async fn raw(cluster: &Cluster, request: &str) -> String {
    let mut stream = TcpStream::connect(cluster.proxies[0].address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![0; 4096];
    let count = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}
