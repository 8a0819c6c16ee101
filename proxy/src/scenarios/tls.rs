use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate as Root, Client, Version};

use crate::listener::certificate::{Certificate, CertificateError};
use crate::testing::pod::Pod;
use crate::testing::stage::{BOX, Stage};

/// Self-signed for localhost and 127.0.0.1, for these tests alone.
const FIRST: (&str, &str) = (
    include_str!("../testing/certificates/first.pem"),
    include_str!("../testing/certificates/first.key.pem"),
);
const SECOND: (&str, &str) = (
    include_str!("../testing/certificates/second.pem"),
    include_str!("../testing/certificates/second.key.pem"),
);

/// One that ends earlier.
const THIRD: (&str, &str) = (
    include_str!("../testing/certificates/third.pem"),
    include_str!("../testing/certificates/third.key.pem"),
);
/// When they end, as openssl tells it.
const FIRST_ENDS_S: i64 = 4_948_928_473;
const THIRD_ENDS_S: i64 = 3_523_367_122;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn with((certificate, key): (&str, &str)) -> Self {
        let files = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        files.change((certificate, key));
        files
    }

    fn change(&self, (certificate, key): (&str, &str)) {
        std::fs::write(self.certificate(), certificate).unwrap();
        std::fs::write(self.key(), key).unwrap();
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }
}

fn client(trusts: &str) -> Client {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .tls_certs_only([Root::from_pem(trusts.as_bytes()).unwrap()])
        .build()
        .unwrap()
}

async fn tls_stage(pods: &[&Pod], files: &Files) -> Stage {
    let (certificate, key) = (files.certificate(), files.key());
    let settings = [
        ("Byodc__Proxy__TlsListen", "127.0.0.1:0"),
        ("Byodc__Proxy__TlsCertificate", certificate.to_str().unwrap()),
        ("Byodc__Proxy__TlsKey", key.to_str().unwrap()),
    ];
    Stage::set(pods, &settings).await
}

#[tokio::test]
async fn a_receipt_over_tls_and_http2_reaches_the_pod_as_any_other() {
    let pod = Pod::named("byodc-0").await;
    let files = Files::with(FIRST);
    let stage = tls_stage(&[&pod], &files).await;
    let url = format!("https://{}/v0/sign?x=1", stage.tls_address.unwrap());
    let pos = client(FIRST.0)
        .post(url)
        .header("cashboxid", BOX.to_string())
        .header("x-byodc-suspect", BOX.to_string())
        .body("receipt ".repeat(10_000));
    let pos = tokio::spawn(pos.send());
    let received = pod.receive().await;
    assert_eq!(received.line, "POST /v0/sign?x=1 HTTP/1.1");
    assert_eq!(received.body, "receipt ".repeat(10_000));
    assert_eq!(received.field("x-byodc-suspect"), "");
    assert_eq!(received.field("host"), stage.tls_address.unwrap().to_string());
    received.answer(1, "signed").await;
    let answered = pos.await.unwrap().unwrap();
    assert_eq!(answered.version(), Version::HTTP_2);
    assert!(
        !answered
            .headers()
            .keys()
            .any(|name| name.as_str().starts_with("x-byodc"))
    );
    assert!(answered.headers().contains_key("x-operation-id"));
    assert_eq!(answered.text().await.unwrap(), "signed");
}

#[tokio::test]
async fn a_client_that_speaks_http2_from_the_start_is_served_without_tls() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/v0/journal", stage.address);
    let pos = client.get(&url).header("cashboxid", BOX.to_string()).send();
    let pos = tokio::spawn(pos);
    let mut received = pod.receive().await;
    let marks = received.marks(1);
    received
        .say(&format!(
            "HTTP/1.1 200 OK\r\n{marks}transfer-encoding: chunked\r\n\r\n3\r\none\r\n"
        ))
        .await;
    let answered = pos.await.unwrap().unwrap();
    received.say("3\r\ntwo\r\n0\r\n\r\n").await;
    assert_eq!(answered.text().await.unwrap(), "onetwo");

    let twice = client.get(&url).header("cashboxid", BOX.to_string());
    let twice = twice.header("cashboxid", BOX.to_string()).send().await.unwrap();
    assert_eq!(twice.status(), 400);
    let long = client.post(&url).header("cashboxid", BOX.to_string());
    let long = long.body("x".repeat(1_048_577)).send().await.unwrap();
    assert_eq!(long.status(), 413);
}

#[tokio::test]
async fn an_answer_that_breaks_off_resets_its_stream() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/v0/journal", stage.address);
    let pos = tokio::spawn(client.get(&url).header("cashboxid", BOX.to_string()).send());
    let mut received = pod.receive().await;
    let marks = received.marks(1);
    received
        .say(&format!(
            "HTTP/1.1 200 OK\r\n{marks}content-length: 100\r\n\r\nhalf"
        ))
        .await;
    drop(received);
    let answered = pos.await.unwrap();
    let whole = match answered {
        Ok(answered) => answered.bytes().await.is_ok(),
        Err(_) => false,
    };
    assert!(!whole, "a part must not look like the whole");
}

#[tokio::test]
async fn a_changed_certificate_is_shown_to_new_clients_and_a_bad_one_is_not_taken() {
    let files = Files::with(FIRST);
    let certificate = Certificate::read(&files.certificate(), &files.key()).unwrap();
    assert!(!certificate.look().unwrap());
    files.change((SECOND.0, FIRST.1));
    assert!(matches!(
        certificate.look(),
        Err(CertificateError::Mismatch { .. })
    ));
    files.change(SECOND);
    assert!(certificate.look().unwrap());

    let stage = tls_stage(&[], &files).await;
    let url = format!("https://{}/health/live", stage.tls_address.unwrap());
    assert!(
        client(FIRST.0).get(&url).send().await.is_err(),
        "it shows the second"
    );
    assert_eq!(client(SECOND.0).get(&url).send().await.unwrap().status(), 200);
    files.change(FIRST);
    let shown = async {
        while client(FIRST.0).get(&url).send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), shown)
        .await
        .expect("the first is shown again");
}

#[tokio::test]
async fn the_metrics_say_when_the_certificate_in_force_ends() {
    let files = Files::with(FIRST);
    let certificate = Certificate::read(&files.certificate(), &files.key()).unwrap();
    assert_eq!(certificate.expires_s(), FIRST_ENDS_S);
    files.change((THIRD.0, FIRST.1));
    assert!(certificate.look().is_err());
    assert_eq!(
        certificate.expires_s(),
        FIRST_ENDS_S,
        "the last good one serves on"
    );
    let chain = format!("{}{}", FIRST.0, THIRD.0);
    files.change((&chain, FIRST.1));
    certificate.look().unwrap();
    assert_eq!(
        certificate.expires_s(),
        THIRD_ENDS_S,
        "of a chain the first to end"
    );

    files.change(FIRST);
    let stage = tls_stage(&[], &files).await;
    let says = |ends_s: i64| format!("byodc_proxy_certificate_expiry_timestamp_seconds {ends_s}");
    stage.until_metric(&says(FIRST_ENDS_S)).await;
    files.change(THIRD);
    stage.until_metric(&says(THIRD_ENDS_S)).await;
    let plain = Stage::with(&[]).await.admin("/metrics").await.body;
    assert!(!plain.contains("byodc_proxy_certificate_expiry"), "{plain}");
}

#[test]
fn wrong_files_are_told_apart() {
    let files = Files::with(FIRST);
    let read = || Certificate::read(&files.certificate(), &files.key()).unwrap_err();
    files.change((FIRST.0, SECOND.1));
    assert!(read().to_string().contains("does not fit"));
    files.change((FIRST.0, "no key"));
    assert!(read().to_string().contains("holds no private key"));
    files.change(("no certificate", FIRST.1));
    assert!(read().to_string().contains("holds no certificate"));
    let missing = Certificate::read(Path::new("/nowhere/tls.crt"), &files.key()).unwrap_err();
    assert!(missing.to_string().contains("cannot read /nowhere/tls.crt"));
}
