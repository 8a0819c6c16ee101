//! What an FCC answers to what it is asked.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Inside;
use super::tse::Message;

/// The password of all its users.
pub const ERS_CODE: &str = "ers-code-of-the-test";
/// What makes a client known.
pub const ACTIVATION_TOKEN: &str = "activation-token-of-the-test";

/// Answers one call, such as `POST transaction`.
pub(super) fn to(inside: &mut Inside, call: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let user = user_of(inside, headers);
    let Some(user) = user.filter(|user| may(user, call)) else {
        return refusal(401, "E_UNAUTHORIZED");
    };
    let asked = || serde_json::from_slice::<Value>(body).unwrap();
    let number = call.rsplit('/').next().and_then(|last| last.parse().ok());
    match (call, number) {
        ("POST oauth/token", _) => token(inside, &user, body),
        ("GET clients", _) => {
            let client = |id: &String| json!({ "clientId": id });
            document(&json!(inside.clients.iter().map(client).collect::<Vec<_>>()))
        }
        ("POST registration", _) => register(inside, &asked()),
        ("POST deregistration", _) => {
            let id = asked()["uniqueClientId"].as_str().unwrap().to_owned();
            inside.clients.retain(|client| *client != id);
            document(&json!({}))
        }
        ("GET info", _) => document(&json!({
            "maxNumberClients": inside.clients_max,
            "maxNumberTransactions": 2000,
            "currentNumberOfTransactions": inside.tse.open.len(),
        })),
        ("GET selfcheck", _) => document(&json!({
            "remoteCspVersion": "2.1.0", "fccVersion": "4.0.0", "localClientVersion": "3.0.0",
            "keyInfos": [{
                "state": if inside.tse.is_active { "ACTIVE" } else { "NONACTIVE" },
                "lastSignatureCounter": inside.tse.signatures,
            }],
        })),
        ("GET tssdetails", _) => document(&json!({
            "serialNumberHex": inside.tse.key.serial_hex, "algorithm": "ecdsa-plain-SHA256",
            "timeFormat": "utcTimeWithSeconds", "publicKey": "not used",
            "leafCertificate": BASE64.encode(inside.tse.certificate()),
        })),
        ("POST transaction", _) => {
            let process = process_of(&asked());
            let serial = inside.tse.key.serial_hex.clone();
            signed(Some(inside.tse.start(&user, process)), &serial)
        }
        ("GET transactions", _) => open(inside, &user),
        (_, Some(number)) if call.starts_with("POST transaction/") => {
            let process = process_of(&asked());
            signed(inside.tse.update(&user, number, process), "")
        }
        (_, Some(number)) if call.starts_with("PUT transaction/") => {
            let process = process_of(&asked());
            signed(inside.tse.finish(&user, number, process), "")
        }
        ("GET export/transactions/time", _) => {
            let found = in_range(inside, query);
            match found.len() > inside.export_messages_max {
                true => refusal(413, "E_TOO_LARGE"),
                false => tar(inside, &found),
            }
        }
        ("POST export/transactions/time", _) => {
            assert_eq!(body, b"ACK");
            let counters: Vec<_> = in_range(inside, query)
                .iter()
                .map(|message| message.counter)
                .collect();
            inside
                .tse
                .messages
                .retain(|message| !counters.contains(&message.counter));
            document(&json!({}))
        }
        (_, Some(number)) if call.starts_with("GET export/transactions/") => {
            let all = inside.tse.messages.iter();
            let found: Vec<_> = all.filter(|message| message.number == number).collect();
            tar(inside, &found)
        }
        _ => refusal(404, "E_NO_SUCH_CALL"),
    }
}

/// A refusal with the FCC's word for it.
pub(super) fn refusal(status: u16, word: &str) -> Response {
    let mut response = document(&json!({ "ErrorType": word }));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn document(value: &Value) -> Response {
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(value.to_string()))
        .unwrap()
}

/// `admin`, `admin_restricted`, or a client; a client that only has its password is written `password of …`.
fn user_of(inside: &Inside, headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    if let Some(token) = given.strip_prefix("Bearer ") {
        let known = inside.tokens.iter().find(|(known, _)| known == token)?;
        return Some(known.1.clone());
    }
    let basic = BASE64.decode(given.strip_prefix("Basic ")?).ok()?;
    let (name, password) = String::from_utf8(basic)
        .ok()?
        .split_once(':')
        .map(|(name, password)| (name.to_owned(), password.to_owned()))?;
    let is_admin = name.starts_with("admin");
    (password == ERS_CODE).then(|| {
        if is_admin {
            name
        } else {
            format!("password of {name}")
        }
    })
}

fn may(user: &str, call: &str) -> bool {
    let path = call.split(' ').nth(1).unwrap_or_default();
    match path.split('/').next().unwrap_or_default() {
        "oauth" => user.starts_with("password of "),
        "clients" | "registration" | "deregistration" | "info" => user == "admin",
        "selfcheck" | "tssdetails" | "export" => user == "admin_restricted",
        _ => !user.starts_with("password of ") && !user.starts_with("admin"),
    }
}

fn token(inside: &mut Inside, user: &str, body: &[u8]) -> Response {
    let client = user.trim_start_matches("password of ").to_owned();
    if !inside.clients.contains(&client) || body != b"grant_type=client_credentials" {
        return refusal(401, "E_UNAUTHORIZED");
    }
    inside.tokens_given += 1;
    let token = format!("token-{}", inside.tokens_given);
    inside.tokens.push((token.clone(), client));
    document(&json!({ "access_token": token, "expires_in": inside.token_seconds }))
}

fn register(inside: &mut Inside, asked: &Value) -> Response {
    let id = asked["uniqueClientId"].as_str().unwrap().to_owned();
    assert_eq!(
        (&asked["briefDescription"], &asked["ersIdentifier"]),
        (&json!(id), &json!(id))
    );
    assert_eq!(asked["typeOfSystem"], "PC_POS");
    let is_token = asked["registrationToken"] == ACTIVATION_TOKEN;
    if !is_token || inside.clients.len() >= inside.clients_max {
        return refusal(400, "ERS_INVALID_REGISTRATION_KEY");
    }
    inside.clients.push(id);
    document(&json!({}))
}

/// What a TSE would sign; an FCC takes no empty data and no null.
fn process_of(asked: &Value) -> (String, String) {
    let members = asked.as_object().unwrap();
    assert!(
        members
            .values()
            .all(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    );
    let text = |key: &str| {
        members
            .get(key)
            .map_or("", |value| value.as_str().unwrap())
            .to_owned()
    };
    assert!(!text("processData").is_empty());
    (text("processType"), text("processData"))
}

fn signed(message: Option<&Message>, serial: &str) -> Response {
    match message {
        Some(message) => document(&json!({
            "transactionNumber": message.number, "serialNumber": serial, "signatureCounter": message.counter,
            "signatureValue": message.signature, "logTime": message.time.to_string(),
        })),
        None => refusal(400, "E_TRANSACTION_NOT_FOUND"),
    }
}

fn open(inside: &Inside, client: &str) -> Response {
    let own = inside.tse.open.iter().filter(|(_, owner)| *owner == client);
    let own: Vec<_> = own
        .map(|(number, _)| json!({ "transactionNumber": number }))
        .collect();
    match own.is_empty() {
        true => refusal(404, "E_TRANSACTION_NOT_FOUND"),
        false => document(&json!(own)),
    }
}

fn in_range<'a>(inside: &'a Inside, query: &str) -> Vec<&'a Message> {
    let url = reqwest::Url::parse(&format!("http://fcc/?{query}")).unwrap();
    let member = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let moment = |name| member(name).unwrap().parse::<Timestamp>().unwrap();
    let (from, to, client) = (moment("startDate"), moment("endDate"), member("clientId"));
    let belongs = |message: &&Message| {
        (from..=to).contains(&message.time) && client.as_ref().is_none_or(|client| *client == message.client)
    };
    inside.tse.messages.iter().filter(belongs).collect()
}

fn tar(inside: &Inside, messages: &[&Message]) -> Response {
    match messages.is_empty() {
        true => refusal(404, "E_NO_DATA"),
        false => Response::new(Body::from(BASE64.encode(inside.tse.tar(messages)))),
    }
}
