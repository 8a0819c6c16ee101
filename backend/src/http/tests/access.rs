//! Who is answered on the admin port.

use super::*;
use crate::ownership::peer_keys::PeerKeys;

const PEER_KEY: &str = "the-key-that-all-pods-of-a-test-know";

/// A pod with this setting of the operators' keys, and a peer key.
async fn guarded(world: &World, admin_keys: &str) -> Arc<Pod> {
    let settings = Settings::default().with(
        shared::env::Origin::Environment,
        [("Byodc__Admin__Keys", admin_keys)],
    );
    let mut faults = Faults::default();
    let config = Config::read(&settings, &mut faults);
    assert!(faults.lines().is_empty(), "{faults}");
    let mut pod = world.front("a", config);
    pod.ownership.introduce(Duration::from_secs(5)).await;
    Arc::get_mut(&mut pod).expect("nobody else has it yet").peer_keys = peer_keys();
    pod
}

fn peer_keys() -> PeerKeys {
    PEER_KEY.parse().unwrap()
}

async fn ask(pod: &Arc<Pod>, method: Method, path: &str, key: Option<&str>) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let request = request.body(Body::empty()).unwrap();
    router::admin(pod).oneshot(request).await.unwrap()
}

fn entry(name: &str, role: &str, key: &str) -> String {
    format!("{name}:{role}:{}", shared::access::bearer::KeyDigest::of(key))
}

#[tokio::test]
async fn a_key_opens_what_its_role_allows_and_nothing_without_it() {
    let world = World::new().await;
    let keys = [entry("eyes", "read", "look"), entry("hands", "operate", "change")].join(",");
    let pod = guarded(&world, &keys).await;
    let history = format!("/admin/v1/cashboxes/{CASHBOX}/history");
    let relocate = format!("/admin/v1/cashboxes/{CASHBOX}/move");
    let accept = format!("/admin/v1/cashboxes/{CASHBOX}/accept-journal");
    for (key, look, change) in [
        (None, 401, 401),
        (Some("guess"), 401, 401),
        (Some(PEER_KEY), 401, 401),
        (Some("look"), 200, 403),
        // Past the door: the cashbox is not here, and the body says nothing.
        (Some("change"), 200, 404),
    ] {
        for path in ["/admin/v1/pod", "/admin/v1/cashboxes", &history] {
            let answer = ask(&pod, Method::GET, path, key).await;
            assert_eq!(answer.status(), look, "{path} with {key:?}");
            let scheme = answer.headers().get("www-authenticate");
            assert_eq!(scheme.is_some_and(|scheme| scheme == "Bearer"), look == 401);
        }
        let answer = ask(&pod, Method::POST, &relocate, key).await;
        assert_eq!(answer.status(), change, "move with {key:?}");
        let accepted = ask(&pod, Method::POST, &accept, key).await.status().as_u16();
        assert_eq!(
            accepted,
            if change == 404 { 400 } else { change },
            "accept with {key:?}"
        );
    }
}

#[tokio::test]
async fn figures_and_health_ask_for_no_key() {
    let world = World::new().await;
    let pod = guarded(&world, &entry("eyes", "read", "look")).await;
    for path in ["/metrics", "/health/live", "/health/ready"] {
        assert_eq!(ask(&pod, Method::GET, path, None).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn without_keys_a_change_is_refused_with_the_name_of_the_setting() {
    let world = World::new().await;
    let pod = guarded(&world, "").await;
    let path = format!("/admin/v1/cashboxes/{CASHBOX}/move");
    let answer = ask(&pod, Method::POST, &path, Some("any")).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert!(text(answer).await.contains("Byodc__Admin__Keys"));
    assert_eq!(ask(&pod, Method::GET, "/admin/v1/pod", None).await.status(), 200);
}

#[tokio::test]
async fn a_pod_answers_its_peers_and_no_operator_under_the_peer_key() {
    let world = World::new().await;
    let pod = guarded(&world, &entry("hands", "operate", "change")).await;
    let cashbox = format!("/peer/v1/cashboxes/{CASHBOX}");
    for path in ["/peer/v1/identity", &cashbox] {
        for key in [None, Some("change")] {
            let refused = ask(&pod, Method::GET, path, key).await;
            assert_eq!(refused.status(), 401, "{path} with {key:?}");
            let told = text(refused).await;
            assert!(!told.contains("holds") && !told.contains("epoch"), "{told}");
        }
        let answer = ask(&pod, Method::GET, path, Some(PEER_KEY)).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    let take = format!("{cashbox}/take");
    assert_eq!(ask(&pod, Method::POST, &take, None).await.status(), 401);
}
