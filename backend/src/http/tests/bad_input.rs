//! What no receipt looks like: each is refused with a text that names the rule, takes a row only where the
//! specification says so, and leaves the cashbox as it was.

use serde_json::json;

use super::*;

/// Large enough that the other bounds are reached.
const LARGE_BYTES_MAX: usize = 64 << 20;

async fn pod_of_large_bodies(world: &World) -> Arc<Pod> {
    let mut config = Config::read(&Settings::default(), &mut Faults::default());
    config.body_bytes_max = LARGE_BYTES_MAX;
    world.front("a", config)
}

/// A sale with one member replaced or added, as text: values may be what no JSON library writes.
fn sale_with(name: &str, value: &str) -> String {
    let plain = receipt("R-1");
    let mut members: serde_json::Map<String, Value> = serde_json::from_str(&plain).unwrap();
    members.remove(name);
    let rest = serde_json::to_string(&members).unwrap();
    format!("{{\"{name}\":{value},{}", &rest[1..])
}

fn charge(members: &str) -> String {
    sale_with("cbChargeItems", &format!("[{{{members}}}]"))
}

/// Rows and receipts of the queue, and what the next receipt would be.
async fn counters(pod: &Arc<Pod>) -> (usize, usize) {
    let count = async |kind| {
        let rows = text(post(pod, &format!("/api/journal?type={kind}"), "").await).await;
        serde_json::from_str::<Vec<Value>>(&rows).unwrap().len()
    };
    (count(3).await, count(2).await)
}

struct Case {
    what: &'static str,
    body: String,
    status: u16,
    detail: &'static str,
}

fn refused(what: &'static str, body: impl Into<String>, detail: &'static str) -> Case {
    Case {
        what,
        body: body.into(),
        status: 400,
        detail,
    }
}

/// Stored as an error by the queue: it consumes a row and no number (3.2 step 11).
fn stored(what: &'static str, body: impl Into<String>, detail: &'static str) -> Case {
    Case {
        status: 500,
        ..refused(what, body, detail)
    }
}

fn unreadable() -> Vec<Case> {
    let long = "x".repeat(70_000);
    let items = |count: usize| vec!["{}"; count].join(",");
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    vec![
        refused("nothing", "", "not readable as JSON"),
        refused("half an object", r#"{"cbUser":"A"#, "not readable as JSON"),
        refused("two documents", "{} {}", "not readable as JSON"),
        refused("a list", "[]", "$: an object is expected"),
        refused("a text", "\"x\"", "$: an object is expected"),
        refused("null", "null", "$: an object is expected"),
        refused("a trailing comma", r#"{"cbUser":"A",}"#, "not readable as JSON"),
        refused(
            "a raw control character",
            "{\"cbUser\":\"a\u{1}\"}",
            "not readable as JSON",
        ),
        refused(
            "a lone leading surrogate",
            sale_with("cbUser", r#""\ud800""#),
            "not readable as JSON",
        ),
        refused(
            "a lone trailing surrogate",
            sale_with("cbUser", r#""\udc00x""#),
            "not readable as JSON",
        ),
        refused(
            "surrogates the wrong way round",
            sale_with("cbUser", r#""\udc00\ud800""#),
            "not readable as JSON",
        ),
        refused("lists in lists", deep("[", "]"), "not readable as JSON"),
        refused("objects in objects", deep("{\"a\":", "}"), "not readable as JSON"),
        refused(
            "deep within an unknown member",
            sale_with("x", &deep("[", "]")),
            "not readable as JSON",
        ),
        refused("NaN", charge("\"Amount\":NaN"), "not readable as JSON"),
        refused("a plus", charge("\"Amount\":+1"), "not readable as JSON"),
        refused(
            "NUL in a reference",
            sale_with("cbReceiptReference", r#""a\u0000""#),
            "U+0000 is not allowed",
        ),
        refused(
            "NUL in a terminal",
            sale_with("cbTerminalID", r#""\u0000""#),
            "U+0000 is not allowed",
        ),
        refused(
            "a long reference",
            sale_with("cbReceiptReference", &format!("\"{long}\"")),
            "cbReceiptReference: longer",
        ),
        refused(
            "a long text",
            sale_with("cbUser", &format!("\"{long}\"")),
            "cbUser: longer than 65536",
        ),
        refused(
            "100 000 charges",
            sale_with("cbChargeItems", &format!("[{}]", items(100_000))),
            "more than 10000 items",
        ),
        refused(
            "100 000 payments",
            sale_with("cbPayItems", &format!("[{}]", items(100_000))),
            "more than 10000 items",
        ),
        refused(
            "items that are numbers",
            sale_with("cbPayItems", "[1]"),
            "cbPayItems[0]: an object",
        ),
        refused(
            "an object for a list",
            sale_with("cbPayItems", "{}"),
            "cbPayItems: a list is expected",
        ),
        refused(
            "1e400",
            charge("\"Amount\":1e400"),
            "cbChargeItems[0].Amount: more than 28 digits",
        ),
        refused("-1e400", charge("\"Amount\":-1e400"), "more than 28 digits"),
        refused("1e-400", charge("\"Quantity\":1e-400"), "more than 28 digits"),
        refused(
            "an exponent beyond numbers",
            charge("\"Amount\":1e99999999999999999999"),
            "a number is expected",
        ),
        refused(
            "29 digits",
            charge("\"Amount\":12345678901234567890123456789"),
            "more than 28 digits",
        ),
        refused(
            "a million digits",
            charge(&format!("\"Amount\":{}", "9".repeat(1_000_000))),
            "more than 28 digits",
        ),
        refused("a comma", charge("\"Amount\":\"1,5\""), "a number is expected"),
        refused(
            "a case of 65 bits",
            sale_with("ftReceiptCase", "18446744073709551616"),
            "an integer of 64 bits",
        ),
        refused(
            "a case with a fraction",
            sale_with("ftReceiptCase", "4919338172267102209.0"),
            "an integer of 64 bits",
        ),
        refused(
            "a case 1e400",
            sale_with("ftReceiptCase", "1e400"),
            "an integer of 64 bits",
        ),
        refused(
            "a date of the year 0",
            sale_with("cbReceiptMoment", "\"0000-01-01\""),
            "a date with time",
        ),
        refused(
            "a date of the year 10000",
            sale_with("cbReceiptMoment", "\"10000-01-01\""),
            "a date with time",
        ),
        refused(
            "a date as a number",
            sale_with("cbReceiptMoment", "0"),
            "a date with time is expected",
        ),
        refused(
            "30 February",
            charge("\"Moment\":\"2031-02-30\""),
            "cbChargeItems[0].Moment: a date with time",
        ),
        refused(
            "the year 1999",
            sale_with("cbReceiptMoment", "\"1999-12-31\""),
            "a date before the year 2000",
        ),
        refused(
            "the year 1",
            charge("\"Moment\":\"0001-01-01\""),
            "cbChargeItems[0].Moment: a date before",
        ),
    ]
}

fn readable_and_refused_by_the_queue() -> Vec<Case> {
    let items = [r#"{"Amount":9999999999999999999999999999}"#; 9].join(",");
    vec![
        stored(
            "no cashbox",
            sale_with("ftCashBoxID", "\"\""),
            "Cannot parse CashBoxId",
        ),
        stored(
            "another cashbox",
            sale_with("ftCashBoxID", "\"21111111-2222-4333-8444-555555555555\""),
            "Provided CashBoxId does not match current CashBoxId",
        ),
        stored(
            "an amount beyond the journal",
            charge("\"Amount\":9999999999999999999"),
            "larger than the journal can hold",
        ),
        stored(
            "a sum beyond the journal",
            sale_with("cbChargeItems", &format!("[{items}]")),
            "larger than the journal",
        ),
        stored(
            "a total beyond the journal",
            sale_with("cbReceiptAmount", "-9e20"),
            "larger than the journal can hold",
        ),
    ]
}

async fn told(pod: &Arc<Pod>, case: &Case) {
    let response = post(pod, "/api/sign", &case.body).await;
    let status = response.status().as_u16();
    let body = text(response).await;
    assert_eq!(
        status,
        case.status,
        "{}: {}",
        case.what,
        body.get(..300).unwrap_or(&body)
    );
    let problem: Value = serde_json::from_str(&body).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(case.detail), "{}: {detail}", case.what);
    // What was sent is not sent back, however large it was.
    assert!(body.len() < 1000, "{}: {} bytes", case.what, body.len());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name_and_takes_no_row() {
    let world = World::new().await;
    let pod = pod_of_large_bodies(&world).await;
    assert_eq!(
        post(&pod, "/api/sign", &receipt("R-0")).await.status(),
        StatusCode::OK
    );
    for case in unreadable() {
        told(&pod, &case).await;
        assert_eq!(counters(&pod).await, (1, 1), "{}", case.what);
    }
    assert_eq!(
        post(&pod, "/api/sign", &receipt("R-1")).await.status(),
        StatusCode::OK
    );
    assert_eq!(counters(&pod).await, (2, 2));
}

#[tokio::test]
async fn what_the_queue_refuses_takes_a_row_only_where_the_specification_says_so() {
    let world = World::new().await;
    let pod = pod_of_large_bodies(&world).await;
    let mut rows = 0;
    for case in readable_and_refused_by_the_queue() {
        told(&pod, &case).await;
        // Another cashbox is seen before anything is stored (3.2 step 1).
        rows += usize::from(!case.detail.contains("CashBoxId"));
        assert_eq!(counters(&pod).await, (rows, 0), "{}", case.what);
    }
    let signed = text(post(&pod, "/api/sign", &receipt("R-1")).await).await;
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(
        (&signed["ftQueueRow"], &signed["ftReceiptIdentification"]),
        (&(rows + 1).into(), &"ft0#".into())
    );
}

#[tokio::test]
async fn what_is_odd_and_can_be_read_is_a_receipt() {
    let world = World::new().await;
    let pod = pod_of_large_bodies(&world).await;
    let many = vec![r#"{"Amount":0.01,"Description":"x"}"#; 10_000].join(",");
    for (what, body) in [
        ("a byte order mark", format!("\u{feff}{}", receipt("R-1"))),
        ("NUL in a description", charge("\"Description\":\"a\\u0000b\"")),
        ("a surrogate pair", sale_with("cbUser", r#""\ud83d\ude00""#)),
        (
            "the same member twice, the last one counts",
            sale_with("cbUser", "1e400,\"cbUser\":\"Anna\""),
        ),
        (
            "unknown members with anything",
            sale_with("x", r#"{"y":[1e400,null,{"ftReceiptCase":"z"}]}"#),
        ),
        ("10 000 items", sale_with("cbChargeItems", &format!("[{many}]"))),
        (
            "numbers in texts and texts as numbers",
            sale_with("cbUser", "17.50"),
        ),
        (
            "spaces of ten megabytes",
            format!("{}{}", receipt("R-1"), " ".repeat(10 << 20)),
        ),
        (
            "an unknown member of ten megabytes",
            sale_with("x", &format!("\"{}\"", "x".repeat(10 << 20))),
        ),
    ] {
        let response = post(&pod, "/api/sign", &body).await;
        let status = response.status();
        assert_eq!(status, StatusCode::OK, "{what}: {}", text(response).await);
    }
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused_before_it_is_read() {
    let world = World::new().await;
    let pod = pod(&world).await;
    for path in ["/api/sign", "/v2/sign", "/api/echo"] {
        let refused = post(&pod, path, &" ".repeat(10 << 20)).await;
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert!(text(refused).await.contains("the body may have 2048 bytes"));
    }
}

#[tokio::test]
async fn a_body_that_is_said_to_be_no_json_is_refused() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let id = CASHBOX.to_string();
    for (name, value) in [("content-type", "text/xml"), ("content-encoding", "gzip")] {
        let headers = [("cashboxid", id.as_str()), ("accesstoken", TOKEN), (name, value)];
        for path in ["/api/sign", "/v2/sign", "/v2/journal"] {
            let refused = ask(&pod, Method::POST, path, &headers, &receipt("R-1")).await;
            assert_eq!(
                refused.status(),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{path} {value}"
            );
        }
        let journal = ask(&pod, Method::POST, "/api/journal?type=3", &headers, "").await;
        assert_eq!(text(journal).await, "[]");
    }
}

#[tokio::test]
async fn old_dates_are_accepted_where_the_setting_says_so() {
    let world = World::new().await;
    let mut config = Config::read(&Settings::default(), &mut Faults::default());
    config.old_dates = admissible::OldDates::Accept;
    let pod = world.front("a", config);
    let old = sale_with("cbReceiptMoment", &json!("0001-01-01T00:00:00").to_string());
    assert_eq!(post(&pod, "/api/sign", &old).await.status(), StatusCode::OK);
}
