//! A cluster without IPv4: proxy, pods and Redis on `::1`.

use std::net::{IpAddr, Ipv6Addr, TcpListener};

use harness::cluster::{Cluster, Ownership};
use harness::receipt;

const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

#[tokio::test]
async fn a_cashbox_signs_and_moves_where_there_are_ipv6_addresses_alone() {
    if let Err(error) = TcpListener::bind((V6, 0)) {
        println!("not tested: this machine has no ::1 ({error})");
        return;
    }
    let cluster = Cluster::of_pods(2).owned_in(Ownership::Redis).listening_on(V6);
    let mut cluster = cluster.start().await;
    let cashboxes = cluster.activated(2).await;
    for (pos, cashbox) in &cashboxes {
        pos.sign(&receipt::sale(cashbox, "R-1")).await.receipt();
    }
    let (pos, cashbox) = &cashboxes[0];
    let before = cluster.owner(cashbox).await;
    cluster.pod(&before.pod).stop().await;
    pos.sign(&receipt::sale(cashbox, "R-2")).await.receipt();

    let after = cluster.owner(cashbox).await;
    assert_ne!(after.pod, before.pod);
    assert_eq!(after.epoch, before.epoch + 1, "moved once");
    let history = cluster.ownership_history(&after.pod, cashbox).await;
    let by_drain = history
        .iter()
        .any(|row| row["kind"] == "claim" && row["reason"] == "handover");
    assert!(by_drain, "{history:?}");
    for (name, log) in cluster.logs() {
        let serves = name.starts_with("pod") || name.starts_with("proxy");
        assert!(!serves || log.contains("[::1]:"), "{name} is elsewhere");
    }
}
