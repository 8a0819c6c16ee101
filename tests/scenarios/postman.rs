//! The Postman collection passes against a cluster with two proxies.

use std::path::Path;
use std::process::Stdio;

use harness::cluster::Cluster;
use tokio::process::Command;

#[tokio::test]
async fn every_request_of_the_postman_collection_gets_the_answer_it_asserts() {
    let cluster = Cluster::of_pods(2).and_proxies(2).start().await;
    let [cashbox, ending, moving] = [(); 3].map(|()| cluster.new_cashbox());
    // Asked when the test runs: a build that was kept from another checkout would name that one's collection.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let tests = Path::new(&package);
    let newman = tests.join("postman/node_modules/.bin/newman");
    assert!(
        newman.exists(),
        "newman is not installed: bash tests/run.sh installs it"
    );
    let collection = tests.join("../postman");

    let mut run = Command::new(newman);
    run.arg("run")
        .arg(collection.join("byodc.postman_collection.json"));
    run.arg("-e")
        .arg(collection.join("byodc.postman_environment.json"));
    run.args(["--color", "off", "--reporter-cli-no-banner"]);
    for (name, value) in [
        ("baseUrl", cluster.proxies[0].url()),
        ("otherBaseUrl", cluster.proxies[1].url()),
        ("cashboxid", cashbox.id.to_string()),
        ("accesstoken", cashbox.token.clone()),
        ("endCashboxid", ending.id.to_string()),
        ("endAccesstoken", ending.token.clone()),
        ("movedCashboxid", moving.id.to_string()),
        ("movedAccesstoken", moving.token.clone()),
    ] {
        run.arg("--env-var").arg(format!("{name}={value}"));
    }
    let output = run.stdin(Stdio::null()).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("assertions"), "newman asserted nothing:\n{said}");
}
