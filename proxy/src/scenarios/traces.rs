//! Where a request belongs in a trace: passed on unchanged, or grown by the proxy's own spans.

use std::sync::Arc;

use shared::trace::record::{InMemory, Parent, Record, Value};
use shared::trace::tracer::{SampleRatio, Tracer};

use crate::testing::pod::Pod;
use crate::testing::stage::{BOX, Client, Stage, receipt};
use crate::testing::store::ScriptedStore;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A receipt with these fields more.
fn receipt_with(fields: &str) -> String {
    receipt(BOX, "{}").replacen("\r\n", &format!("\r\n{fields}"), 1)
}

fn fact<'a>(record: &'a Record, name: &str) -> Option<&'a Value> {
    let found = record.facts.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value)
}

#[tokio::test]
async fn without_export_a_trace_is_passed_on_as_it_came_and_a_broken_one_is_dropped() {
    let pod = Pod::named("byodc-0").await;
    let stage = Stage::with(&[&pod]).await;
    let mut pos = stage.client().await;
    let given = format!("TraceParent: {GIVEN}\r\ntracestate: a=1\r\ntracestate: b=2\r\n");
    pos.send(&receipt_with(&given)).await;
    let received = pod.receive().await;
    assert_eq!(received.field("traceparent"), GIVEN);
    assert_eq!(received.field("tracestate"), "a=1,b=2");
    let received = received.answer(1, "one").await;
    assert_eq!(pos.answer().await.status, 200);

    let twice = format!("traceparent: {GIVEN}\r\ntraceparent: {GIVEN}\r\ntracestate: a=1\r\n");
    pos.send(&receipt_with(&twice)).await;
    let received = received.next().await;
    assert!(!received.fields.contains_key("traceparent") && !received.fields.contains_key("tracestate"));
    received.answer(1, "two").await;
    assert_eq!(pos.answer().await.status, 200);
}

#[tokio::test]
async fn each_try_is_a_span_under_the_requests_and_the_pod_continues_the_one_that_reached_it() {
    let (one, other) = (Pod::named("byodc-0").await, Pod::named("byodc-1").await);
    let store = ScriptedStore::new();
    store.names(vec![one.record.clone(), other.record.clone()]);
    store.owns(BOX, one.owner(3));
    let sink = Arc::new(InMemory::default());
    let tracer = Tracer::to(sink.clone(), SampleRatio::ALL);
    let stage = Stage::traced(store, &[], tracer).await;
    let mut pos = Client::connect(stage.address).await;
    pos.send(&receipt_with(&format!("traceparent: {GIVEN}\r\n")))
        .await;
    let first = one.receive().await;
    let (first_told, _) = (
        first.field("traceparent").to_owned(),
        first.redirect(&other.record, 4).await,
    );
    let second = other.receive().await;
    let second_told = second.field("traceparent").to_owned();
    second.answer(4, "signed").await;
    assert_eq!(pos.answer().await.body, "signed");
    // The stage ends before spans are looked at: the request's own span ends behind its answer.
    stage.shutdown.drain.cancel();
    drop(pos);
    stage.ended.await.unwrap();

    let spans = sink.taken();
    let request = spans.iter().find(|span| span.name == "proxy").unwrap();
    let tries: Vec<_> = spans.iter().filter(|span| span.name == "attempt").collect();
    assert_eq!((spans.len(), tries.len()), (3, 2));
    assert!(spans.iter().all(|span| span.trace.to_string() == TRACE));
    assert!(matches!(request.parent, Parent::Remote(caller) if GIVEN.contains(&caller.to_string())));
    for (attempt, told) in tries.iter().zip([first_told, second_told]) {
        assert_eq!(attempt.parent, Parent::Here(request.span));
        assert_eq!(told, format!("00-{TRACE}-{}-01", attempt.span));
    }
    assert_eq!(fact(tries[0], "resend.reason"), Some(&"redirected".into()));
    assert_eq!(fact(tries[1], "resend.reason"), None);
    assert_eq!(fact(request, "cashbox.id"), Some(&BOX.to_string().into()));
    assert_eq!(fact(request, "redirects"), Some(&1_u32.into()));
    let shown = format!("{spans:?}");
    assert!(!shown.contains("secret"), "the token stands in a span: {shown}");
}

#[tokio::test]
async fn a_request_that_is_sent_again_says_why() {
    let pod = Pod::named("byodc-0").await;
    let store = ScriptedStore::new();
    store.names(vec![pod.record.clone()]);
    let sink = Arc::new(InMemory::default());
    let stage = Stage::traced(store, &[], Tracer::to(sink.clone(), SampleRatio::ALL)).await;
    let pos = stage.receipt("{}");
    pod.hang_up().await;
    // After a connection that was lost, each try has a connection of its own.
    pod.receive().await.refuse("moving").await;
    pod.receive().await.answer(1, "signed").await;
    assert_eq!(pos.await.unwrap().body, "signed");
    stage.shutdown.drain.cancel();
    stage.ended.await.unwrap();
    let reasons: Vec<_> = sink
        .taken()
        .iter()
        .filter(|span| span.name == "attempt")
        .map(|span| (span.failure.clone(), fact(span, "resend.reason").cloned()))
        .collect();
    assert_eq!(
        reasons,
        [
            (Some("lost".into()), Some("lost".into())),
            (None, Some("moving".into())),
            (None, None)
        ]
    );
}
