//! Secrets planted in every place that has one: none comes out of a pod or a proxy, at the finest level of logging.

use std::process::Stdio;

use harness::binary::byodc;
use harness::cashbox::Cashbox;
use harness::client::{self, Answer, Pos};
use harness::cluster::Cluster;
use harness::receipt;
use serde_json::json;
use tokio::process::Command;

/// Each planted secret begins so and is found by that.
const PLANTED: &str = "planted-";
/// A key has a form, so it is recognised by its digits.
const KEY: &str = "c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11";
const OLD_KEY: &str = "deadbee1deadbee1deadbee1deadbee1deadbee1deadbee1deadbee1deadbee1";
/// Every journal by its number (chapter 7).
const JOURNALS: [i64; 9] = [
    0,
    1,
    2,
    3,
    255,
    17_477,
    0x4445_0000_0000_0000,
    0x4445_0000_0000_0001,
    0x4445_0000_0000_0003,
];
/// Nothing listens there.
const NOWHERE: &str = "127.0.0.1:9";

fn settings() -> Vec<(&'static str, String)> {
    let proxy = format!("address=http://{NOWHERE};username=pod;password=planted-in-proxy");
    vec![
        ("Proxy", proxy),
        ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
        ("Byodc__Configuration__Key", KEY.to_owned()),
        ("Byodc__Configuration__PreviousKey", OLD_KEY.to_owned()),
        ("Byodc__Otlp__Endpoint", format!("http://{NOWHERE}")),
        (
            "Byodc__Otlp__Headers",
            "authorization=planted-collector-key".to_owned(),
        ),
        ("Byodc__Journal__TimeoutMs", "2000".to_owned()),
        ("Logging__LogLevel__Default", "Trace".to_owned()),
    ]
}

/// A cashbox whose configuration holds a secret wherever one may stand; its SCU and its queue are of these packages.
fn cashbox(cluster: &Cluster, scu: &str, queue: &str) -> (Pos, Cashbox) {
    let cashbox = Cashbox {
        token: format!("{PLANTED}token-{}", Cashbox::new().id),
        ..Cashbox::new()
    };
    let mut document = cashbox.document();
    document["ftSignaturCreationDevices"][0]["Package"] = scu.into();
    document["ftSignaturCreationDevices"][0]["Configuration"] = json!({
        "ApiKey": "planted-key", "ApiSecret": "planted-secret", "AdminPin": "planted-pin", "TssId": cashbox.scu,
        "ApiEndpoint": format!("http://{NOWHERE}/api"), "FccId": "fcc", "FccSecret": "planted-fcc",
        "FccUri": format!("http://{NOWHERE}"), "ErsCode": "planted-ers", "ActivationToken": "planted-activation",
        "ProxyServer": "", "ProxyUsername": "pod", "ProxyPassword": "planted-scu-proxy",
    });
    let queues = &mut document["ftQueues"][0];
    queues["Package"] = queue.into();
    let configuration = &mut queues["Configuration"];
    configuration["Some_Encrypted"] = "planted-encrypted".into();
    configuration["scu-timeout-ms"] = 500.into();
    configuration["scu-max-retries"] = 1.into();
    if queue != "Byodc.Queue" {
        configuration["connectionstring"] =
            "raw:Server=127.0.0.1;Port=9;Uid=root;Pwd=planted-database;".into();
    }
    cashbox.publish_document(cluster.config_service.cashboxes(), &document.to_string());
    (cluster.pos(&cashbox), cashbox)
}

/// Asks one cashbox for everything that it may be asked, well and badly.
async fn everything(pos: &Pos, id: &Cashbox) -> Vec<Answer> {
    let mut answers = vec![
        pos.sign(&receipt::initial_operation(id)).await,
        pos.sign(&receipt::sale(id, "R-1")).await,
        pos.echo("x").await,
        pos.with_token("planted-wrong-token").echo("x").await,
    ];
    for (path, body) in [
        ("/api/Sign", "{\"cbUser\": planted-in-a-body"),
        ("/v2/sign", "{\"ftReceiptCase\": \"planted-in-a-case\"}"),
        ("/v2/journal", "{\"From\": \"planted-in-a-range\"}"),
        ("/api/Echo", "{\"message\": [\"planted-in-a-message\"]}"),
    ] {
        answers.push(pos.post(path, None, body.to_owned()).await.unwrap());
    }
    for kind in JOURNALS {
        let path = format!("/api/Journal?type={kind}");
        answers.push(pos.post(&path, None, String::new()).await.unwrap());
    }
    answers.push(pos.echo("").await);
    answers
}

/// What operators and scrapers are told.
async fn administration(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.pods.iter().flat_map(|pod| {
        let base = pod.admin_url();
        [
            "/metrics",
            "/admin/v1/pod",
            "/admin/v1/cashboxes",
            "/peer/v1/identity",
            "/health/ready",
        ]
        .map(|path| format!("{base}{path}"))
    });
    let proxies = cluster.proxies.iter().flat_map(|proxy| {
        let base = proxy.admin_url();
        ["/metrics", "/health/ready", "/admin/v1/pods"].map(|path| format!("{base}{path}"))
    });
    let mut told = Vec::new();
    for url in pods.chain(proxies).collect::<Vec<_>>() {
        let answer = client::http().get(&url).send().await.unwrap();
        told.push(format!("{url}: {}", answer.text().await.unwrap()));
    }
    told
}

async fn configuration_shown() -> String {
    let mut command = Command::new(byodc());
    command
        .args(["config", "show", "backend"])
        .envs(settings())
        .stdin(Stdio::null());
    let output = command.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).unwrap()
}

fn assert_nothing_planted(place: &str, text: &str) {
    for secret in [PLANTED, KEY, OLD_KEY] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{place} gives {secret:?} away");
    }
}

#[tokio::test]
async fn no_planted_secret_comes_out_of_a_pod_or_a_proxy() {
    let mut description = Cluster::of_pods(2);
    for (name, value) in settings() {
        description = description.with(name, &value);
    }
    let cluster = description.start().await;
    let mut signed = 0;
    for (scu, queue) in [
        ("Byodc.SCU.DE.Simulator", "Byodc.Queue"),
        ("fiskaltrust.Middleware.SCU.DE.FiskalyCertified", "Byodc.Queue"),
        ("fiskaltrust.Middleware.SCU.DE.DeutscheFiskal", "Byodc.Queue"),
        ("Byodc.SCU.DE.Simulator", "fiskaltrust.Middleware.Queue.MySQL"),
    ] {
        let (pos, id) = cashbox(&cluster, scu, queue);
        for answer in everything(&pos, &id).await {
            assert_nothing_planted(scu, &format!("{:?}\n{}", answer.headers, answer.body));
            signed += usize::from(answer.status == 200 && answer.body.contains("ftQueueItemID"));
        }
    }
    assert!(signed >= 2, "nothing was signed, so little was shown");
    for told in administration(&cluster).await {
        assert_nothing_planted("administration", &told);
    }
    let shown = configuration_shown().await;
    assert!(shown.contains("Byodc__Configuration__Key"), "{shown}");
    assert_nothing_planted("config show", &shown);
    let logs = cluster.logs();
    assert!(
        logs.iter().any(|(_, text)| text.contains("TRACE")),
        "nothing was logged finely"
    );
    for (name, text) in &logs {
        assert_nothing_planted(name, text);
    }
}
