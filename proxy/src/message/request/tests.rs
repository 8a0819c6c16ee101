//! The checks of a head, through the text of HTTP/1.

use proptest::prelude::*;

use super::http1::parse;
use super::{Framing, Malformed, RequestHead};

fn read(head: &str) -> Result<RequestHead, Malformed> {
    let mut request = RequestHead::default();
    parse(head.as_bytes(), 16_384, &mut request)
        .map(|length| assert_eq!(length, Some(head.len()), "{head:?}"))?;
    Ok(request)
}

#[test]
fn a_head_is_written_anew_without_what_is_internal_or_about_the_connection() {
    let request = read(
        "POST /V0/sign?x=1 HTTP/1.1\r\nHost: pos\r\ncashboxid: 6F9619FF-8B86-D011-B42D-00C04FC964FF\r\n\
         Keep-Alive: 5\r\nX-BYODC-Owner-Pod: evil\r\nConnection: x-gone\r\nX-Gone: 1\r\nContent-Length: 3\r\n\
         x-kept: yes\r\n\r\n",
    )
    .unwrap();
    assert_eq!(
        std::str::from_utf8(request.rendered()).unwrap(),
        "POST /V0/sign?x=1 HTTP/1.1\r\nHost: pos\r\ncashboxid: 6F9619FF-8B86-D011-B42D-00C04FC964FF\r\n\
         x-kept: yes\r\n"
    );
    assert_eq!((request.method(), request.path()), ("POST", "/V0/sign"));
    assert_eq!(request.framing, Framing::Length(3));
    assert!(request.keeps_alive());
}

#[test]
fn a_trace_is_read_and_not_passed_on_as_it_came() {
    const TRACE: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    let fields = |fields: &str| read(&format!("GET /x HTTP/1.1\r\nhost: pos\r\n{fields}\r\n")).unwrap();
    let request = fields(&format!("{TRACE}Tracestate: a=1\r\n"));
    assert_eq!(request.rendered(), b"GET /x HTTP/1.1\r\nhost: pos\r\n");
    assert_eq!(request.trace.context().unwrap().state.as_deref(), Some("a=1"));
    for dropped in [
        format!("{TRACE}{TRACE}"),
        format!("{TRACE}Connection: traceparent\r\n"),
        "traceparent: 1\r\n".to_owned(),
    ] {
        assert_eq!(fields(&dropped).trace.context(), None, "{dropped}");
    }
}

#[test]
fn an_absolute_target_becomes_a_path() {
    let request = read("GET http://pos:80/api/version HTTP/1.1\r\nhost: pos\r\n\r\n").unwrap();
    assert_eq!(request.path(), "/api/version");
    for target in ["*", "pos:80", "ftp://pos/x", "http://pos"] {
        let head = format!("GET {target} HTTP/1.1\r\nhost: pos\r\n\r\n");
        assert_eq!(read(&head).err(), Some(Malformed::Target), "{target}");
    }
}

#[test]
fn every_ambiguity_about_framing_is_refused() {
    use Malformed as M;
    for (fields, expected) in [
        (
            "content-length: 3\r\ntransfer-encoding: chunked",
            M::LengthAndCoding,
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 3",
            M::LengthAndCoding,
        ),
        ("content-length: 3\r\ncontent-length: 3", M::Length),
        ("content-length: 3, 3", M::Length),
        ("content-length: +3", M::Length),
        ("content-length:", M::Length),
        ("transfer-encoding: gzip, chunked", M::Coding),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            M::Coding,
        ),
        ("transfer-encoding: identity", M::Coding),
        ("upgrade: websocket", M::Upgrade),
        ("connection: upgrade", M::Upgrade),
        ("connection: close, cashboxid", M::ConnectionNamesOurs),
        ("connection: x-byodc-cashbox", M::ConnectionNamesOurs),
        ("host: other", M::Host),
        ("expect: wonders", M::Expectation),
        ("folded: a\r\n b", M::Syntax),
        ("space : a", M::Syntax),
        ("bare: a\nb: c", M::Syntax),
    ] {
        let head = format!("POST / HTTP/1.1\r\nhost: pos\r\n{fields}\r\n\r\n");
        assert_eq!(read(&head).err(), Some(expected), "{fields}");
    }
    let old = "POST / HTTP/1.0\r\nhost: pos\r\n";
    assert_eq!(read(&format!("{old}\r\n")).err(), Some(M::LengthMissing));
    let chunked = format!("{old}transfer-encoding: chunked\r\n\r\n");
    assert_eq!(read(&chunked).err(), Some(M::Coding));
    assert_eq!(read("GET / HTTP/1.1\r\n\r\n").err(), Some(M::Host));
}

#[test]
fn a_head_that_is_too_long_is_refused_before_it_ends() {
    let long = format!("GET / HTTP/1.1\r\nhost: pos\r\nx: {}", "y".repeat(2000));
    let mut request = RequestHead::default();
    assert_eq!(
        parse(long.as_bytes(), 1024, &mut request),
        Err(Malformed::HeadTooLong)
    );
    let many = format!("GET / HTTP/1.1\r\nhost: pos\r\n{}\r\n", "x: y\r\n".repeat(64));
    assert_eq!(read(&many).err(), Some(Malformed::HeadTooLong));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(come in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&come, 200, &mut RequestHead::default());
    }

    #[test]
    fn what_is_written_for_the_pod_never_holds_more_fields_than_came_and_none_internal(
        names in prop::collection::vec("[A-Za-z-]{1,12}|x-byodc-[a-z]{1,5}|connection|te", 0..12),
        values in prop::collection::vec("[ -~]{0,20}", 12),
    ) {
        let fields: String =
            names.iter().zip(&values).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let wire = format!("GET /x HTTP/1.1\r\nhost: pos\r\n{fields}\r\n");
        let mut request = RequestHead::default();
        if let Ok(Some(length)) = parse(wire.as_bytes(), 16_384, &mut request) {
            prop_assert_eq!(length, wire.len());
            let written = std::str::from_utf8(request.rendered()).unwrap();
            prop_assert!(written.lines().count() <= names.len() + 2);
            prop_assert!(!written.to_ascii_lowercase().contains("\nx-byodc-"));
        }
    }
}
