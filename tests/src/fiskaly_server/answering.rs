//! From a request to what the TSS says: token, administrator, path, faults.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures::stream;
use http::header::AUTHORIZATION;
use reqwest::Url;
use serde_json::{Value, json};
use uuid::Uuid;

use super::faults::Effect;
use super::transactions;
use super::tss::{Refused, Said, Token, client_body};
use super::{ADMIN_PIN, API_KEY, API_SECRET, Seen, TOKEN, World};

/// What a request is answered with: a document or a file.
enum Spoken {
    Document(Said),
    File(Vec<u8>),
}

/// A request, taken apart.
struct Asked {
    method: String,
    /// Below `/api/v2/`, part by part.
    path: Vec<String>,
    query: Vec<(String, String)>,
    token: Option<String>,
    body: Value,
}

impl Asked {
    fn query(&self, name: &str) -> Option<String> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    }
}

pub(super) async fn answer(State(world): State<Arc<Mutex<World>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1024 * 1024).await.unwrap();
    let url = Url::parse("http://here")
        .unwrap()
        .join(&head.uri.to_string())
        .unwrap();
    let path = url.path().trim_start_matches("/api/v2/");
    let asked = Asked {
        method: head.method.to_string(),
        path: path.trim_end_matches('/').split('/').map(str::to_owned).collect(),
        query: url.query_pairs().into_owned().collect(),
        token: head
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned)),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let shown = url
        .query()
        .map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let (spoken, effect) = {
        let mut world = world.lock().unwrap();
        let effect = world.faults.on(&asked.method, &shown);
        world.seen.push(Seen {
            method: asked.method.clone(),
            path: shown,
            body: asked.body.clone(),
        });
        let is_done = !matches!(effect, Some(Effect::Answer { .. } | Effect::Swallow));
        (is_done.then(|| world.say(&asked)), effect)
    };
    match effect {
        None => written(spoken.expect("nothing kept it from being done")),
        Some(Effect::Answer {
            status,
            code,
            retry_after,
        }) => refusal(status, code, "as the test wants it", retry_after),
        Some(Effect::DoThenFail(status)) => refusal(status, "E_TEST", "as the test wants it", None),
        Some(Effect::LoseAnswer) => broken(),
        Some(Effect::Silence | Effect::Swallow) => std::future::pending().await,
    }
}

impl World {
    fn say(&mut self, asked: &Asked) -> Spoken {
        match self.spoken(asked) {
            Ok(spoken) => spoken,
            Err(refused) => Spoken::Document(Err(refused)),
        }
    }

    fn spoken(&mut self, asked: &Asked) -> Result<Spoken, Refused> {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        if (asked.method.as_str(), path.as_slice()) == ("POST", ["auth"].as_slice()) {
            return self
                .give_token(&asked.body)
                .map(|token| Spoken::Document(Ok(token)));
        }
        let at = self.admitted(asked)?;
        let [tss, rest @ ..] = path.strip_prefix(&["tss"]).unwrap_or_default() else {
            return Err(Refused(404, "E_NOT_FOUND", "no such path"));
        };
        if *tss != self.tss.id.to_string() {
            return Err(Refused(404, "E_TSS_NOT_FOUND", "no such TSS"));
        }
        self.below_the_tss(asked, rest, at)
    }

    fn below_the_tss(&mut self, asked: &Asked, rest: &[&str], token: usize) -> Result<Spoken, Refused> {
        let query = |name: &str| asked.query(name);
        let is_admin = self.tokens[token].is_admin;
        let admin = || {
            is_admin
                .then_some(())
                .ok_or(Refused(401, "E_UNAUTHORIZED", "not as administrator"))
        };
        let tss = &mut self.tss;
        if tss.state == "DELETED" && !(asked.method == "GET" && rest.is_empty()) {
            return Err(Refused(423, "E_TSS_DELETED", "the TSS is deleted"));
        }
        let said = match (asked.method.as_str(), rest) {
            ("GET", []) => tss.body(),
            ("PATCH", []) => {
                admin()?;
                tss.move_to(&asked.body)?
            }
            ("PATCH", ["metadata"]) => tss.combine_metadata(&asked.body)?,
            ("POST", ["admin", "auth"]) => {
                let is_right = asked.body["admin_pin"] == ADMIN_PIN;
                self.tokens[token].is_admin = is_right;
                let wrong = Refused(401, "E_ADMIN_LOGIN_FAILED", "wrong PIN");
                is_right.then(|| json!({})).ok_or(wrong)?
            }
            ("POST", ["admin", "logout"]) => {
                self.tokens[token].is_admin = false;
                json!({})
            }
            ("GET", ["client"]) => {
                let all = tss.clients.iter().map(client_body).collect();
                transactions::page(all, &query)
            }
            ("PUT", ["client", id]) => {
                admin()?;
                tss.put_client(guid(id)?, &asked.body)?
            }
            ("PATCH", ["client", id]) => {
                admin()?;
                tss.patch_client(guid(id)?, &asked.body)?
            }
            ("GET", ["client", id, "tx"]) => {
                tss.transactions
                    .list(tss.id, &tss.clients, Some(guid(id)?), &query)
            }
            ("GET", ["tx"]) => tss.transactions.list(tss.id, &tss.clients, None, &query),
            ("GET", ["tx", which]) => {
                let revision = query("tx_revision").map(|text| text.parse().unwrap());
                tss.transactions.get(tss.id, &tss.clients, which, revision)?
            }
            ("PUT", ["tx", which]) => {
                tss.must_be_initialized()?;
                let client = asked.body["client_id"]
                    .as_str()
                    .and_then(|id| tss.client(id.parse().ok()?))
                    .cloned();
                let client = client.ok_or(Refused(400, "E_CLIENT_NOT_FOUND", "no such client"))?;
                let revision = query("tx_revision").and_then(|text| text.parse().ok());
                let revision = revision.filter(|revision| *revision > 0);
                let revision = revision.ok_or(Refused(400, "E_FAILED_SCHEMA_VALIDATION", "no revision"))?;
                tss.transactions
                    .put(tss.id, which, revision, &client, &asked.body)?
            }
            ("PUT", ["export", id]) => tss.put_export(guid(id)?, &query)?,
            ("GET", ["export", id]) => tss.look_at_export(guid(id)?)?,
            ("PATCH", ["export", _, "metadata"]) => asked.body.clone(),
            ("GET", ["export", id, "file"]) => return tss.export_file(guid(id)?).map(Spoken::File),
            _ => return Err(Refused(404, "E_NOT_FOUND", "no such path")),
        };
        Ok(Spoken::Document(Ok(said)))
    }

    fn give_token(&mut self, body: &Value) -> Said {
        if body["api_key"] != API_KEY || body["api_secret"] != API_SECRET {
            return Err(Refused(401, "E_UNAUTHORIZED", "wrong credentials"));
        }
        let text = format!("{TOKEN}{}", Uuid::new_v4());
        self.tokens.push(Token {
            text: text.clone(),
            until: Instant::now() + Duration::from_secs(self.token_lives_s),
            is_admin: false,
        });
        Ok(json!({ "access_token": text, "access_token_expires_in": self.token_lives_s }))
    }

    /// Where the request's token stands; only good ones are let in.
    fn admitted(&self, asked: &Asked) -> Result<usize, Refused> {
        let is_it = |token: &Token| Some(&token.text) == asked.token.as_ref() && Instant::now() < token.until;
        let found = self.tokens.iter().position(is_it);
        found.ok_or(Refused(401, "E_UNAUTHORIZED", "no good token"))
    }
}

fn guid(text: &str) -> Result<Uuid, Refused> {
    let id: Uuid = text
        .parse()
        .map_err(|_| Refused(400, "E_FAILED_SCHEMA_VALIDATION", "no GUID"))?;
    match id.get_version_num() {
        4 => Ok(id),
        _ => Err(Refused(400, "E_FAILED_SCHEMA_VALIDATION", "no UUIDv4")),
    }
}

fn written(spoken: Spoken) -> Response {
    match spoken {
        Spoken::Document(Ok(document)) => Response::builder()
            .header("content-type", "application/json")
            // Whoever looks at an export again is told when; here at once.
            .header("retry-after", "0")
            .body(Body::from(document.to_string()))
            .unwrap(),
        Spoken::Document(Err(Refused(status, code, message))) => refusal(status, code, message, None),
        Spoken::File(bytes) => Response::new(Body::from(bytes)),
    }
}

fn refusal(status: u16, code: &str, message: &str, retry_after: Option<u64>) -> Response {
    let body = json!({ "status_code": status, "error": "refused", "code": code, "message": message });
    let mut response = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    response.body(Body::from(body.to_string())).unwrap()
}

/// An answer that breaks off.
fn broken() -> Response {
    let bytes = [
        Ok(bytes::Bytes::from_static(b"{\"sta")),
        Err(std::io::Error::other("cut")),
    ];
    Response::new(Body::from_stream(stream::iter(bytes)))
}
