//! Against an API server of a few lines: TLS as in a cluster, one answer for each request.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::mpsc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use shared::env::Origin;
use tempfile::TempDir;

use super::*;

/// Self-signed for 127.0.0.1, for these tests alone.
const CERTIFICATE: &str = include_str!("certificates/cluster.pem");
const KEY: &str = include_str!("certificates/cluster.key.pem");

/// Answers each request with the next status, and hands out what it was asked.
fn api_server(statuses: &'static [u16]) -> (SocketAddr, mpsc::Receiver<String>) {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (socket, _) = listener.accept().unwrap();
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            let request = read_request(&mut stream);
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
            stream.write_all(answer.as_bytes()).unwrap();
            stream.flush().unwrap();
            sender.send(request).unwrap();
        }
    });
    (address, requests)
}

/// Head and body; the body is one JSON object.
fn read_request(stream: &mut impl std::io::Read) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"}}}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}

/// A service account, and the place of a pod that has it.
fn place(api: SocketAddr) -> (Place, TempDir) {
    let folder = TempDir::new().unwrap();
    for (file, content) in [
        ("ca.crt", CERTIFICATE),
        ("namespace", "tills"),
        ("token", "t0ken\n"),
    ] {
        std::fs::write(folder.path().join(file), content).unwrap();
    }
    let place = Place {
        host: api.ip().to_string(),
        port: api.port().to_string(),
        pod: "byodc-7f9c-x2x1q".to_owned(),
        account: folder.path().to_owned(),
    };
    (place, folder)
}

fn told() -> Told {
    Told::new(Metrics::register(&Figures::default()))
}

#[tokio::test]
async fn the_cost_is_written_on_the_pods_own_object_with_the_accounts_token() {
    let (address, requests) = api_server(&[200]);
    let (place, _folder) = place(address);
    tell(&place, 17).await.unwrap();
    let request = requests.recv().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("PATCH /api/v1/namespaces/tills/pods/byodc-7f9c-x2x1q HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("authorization: Bearer t0ken\r\n"), "{head}");
    assert!(
        head.contains("content-type: application/merge-patch+json"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let annotation = &body["metadata"]["annotations"]["controller.kubernetes.io/pod-deletion-cost"];
    assert_eq!(annotation, "17");
}

#[tokio::test]
async fn a_refusal_is_counted_and_the_cost_told_again() {
    let (address, requests) = api_server(&[403, 200]);
    let (place, _folder) = place(address);
    let mut told = told();
    told.outcome(5, tell(&place, 5).await);
    assert_eq!((told.metrics.failures.get(), told.failing), (1, true));
    assert!(told.is_worth_telling(5));
    told.outcome(5, tell(&place, 5).await);
    assert_eq!((told.metrics.told.get(), told.failing), (5, false));
    assert!(!told.is_worth_telling(5));
    assert_eq!(requests.iter().take(2).count(), 2);
}

#[tokio::test]
async fn a_server_that_another_authority_vouches_for_is_not_told_the_token() {
    let (address, requests) = api_server(&[200]);
    let (place, folder) = place(address);
    let other = include_str!("certificates/other.pem");
    std::fs::write(folder.path().join("ca.crt"), other).unwrap();
    assert!(matches!(tell(&place, 1).await, Err(TellError::Unreachable(_))));
    assert!(requests.recv().is_err(), "it was asked");
}

#[tokio::test]
async fn an_account_that_is_missing_is_named() {
    let (place, folder) = place("127.0.0.1:1".parse().unwrap());
    std::fs::remove_file(folder.path().join("token")).unwrap();
    let missing = tell(&place, 1).await;
    assert!(matches!(missing, Err(TellError::Account { file: "token", .. })));
}

#[test]
fn only_a_cost_that_changes_the_order_of_pods_is_told() {
    let mut told = told();
    assert!(told.is_worth_telling(0));
    told.outcome(1000, Ok(()));
    for (cost, worth) in [
        (1000, false),
        (1100, false),
        (1101, true),
        (899, true),
        (900, false),
        (0, true),
    ] {
        assert_eq!(told.is_worth_telling(cost), worth, "{cost}");
    }
    told.outcome(0, Ok(()));
    assert!(told.is_worth_telling(1) && !told.is_worth_telling(0));
}

#[test]
fn it_is_off_unless_asked_for_and_a_fault_outside_of_kubernetes() {
    let read = |values: &[(&str, &str)]| {
        let mut faults = Faults::default();
        let settings = Settings::default().with(Origin::Environment, values.iter().copied());
        (Config::read(&settings, &mut faults), faults.lines().len())
    };
    assert_eq!(read(&[]), (Config::default(), 0));
    assert_eq!(read(&[(EVERY_SECONDS.name, "30")]), (Config::default(), 1));
    let (config, faults) = read(&[
        (EVERY_SECONDS.name, "30"),
        ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
        ("HOSTNAME", "byodc-0"),
    ]);
    let (every, place) = config.kubernetes.unwrap();
    assert_eq!((every, faults), (Duration::from_secs(30), 0));
    assert_eq!(
        place.account,
        PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount")
    );
}
