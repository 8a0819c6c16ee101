//! Every error of the proxy as an answer to the POS: status, public text, whether to ask again.
//!
//! What the POS sees is written here and nowhere else, never built from a source error. The form is RFC 9457.

use shared::identity::OperationId;
use tracing::Level;

use crate::message::field;
use crate::message::request::Malformed;
use crate::waiting_room::Full;

/// Why the proxy answers a request itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The request cannot be understood. Its connection is closed.
    Malformed(Malformed),
    /// The body is longer than allowed.
    BodyTooLong,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The path concerns a cashbox, but none is named.
    CashboxMissing,
    /// More requests wait for cashboxes than are allowed.
    WaitingRoomFull(Full),
    /// No pod takes cashboxes.
    NoPodReady,
    /// No pod could be reached, and nothing was sent.
    NoPodReached,
    /// The pod that serves the cashbox lives, as others say, but cannot be reached from here; nothing was signed.
    OwnerUnreachable,
    /// The deadline passed before any pod may have received the request: nothing was signed.
    TooLate,
    /// The deadline passed while a pod may be working on it.
    OutcomeUnknown,
    /// A pod received a request that may not be sent again, and its answer was lost.
    AnswerLost,
    /// A pod's answer cannot be understood.
    AnswerBroken,
    /// A pod answered for another cashbox or operation.
    CrossedWire,
}

/// What a refusal looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// The status.
    pub status: u16,
    /// The reason phrase, and the title of the problem.
    pub title: &'static str,
    /// One sentence for whoever reads the POS's log.
    pub detail: &'static str,
    /// After how many seconds asking again makes sense.
    pub retry_after_s: Option<u32>,
    /// How loudly it is logged here.
    pub level: Level,
}

impl Refused {
    /// What it looks like from outside.
    #[must_use]
    pub fn face(self) -> Face {
        let face = |status, title, detail, level| Face {
            status,
            title,
            detail,
            retry_after_s: None,
            level,
        };
        match self {
            Self::Malformed(malformed) => malformed_face(malformed),
            Self::BodyTooLong => face(
                413,
                "Content Too Large",
                "The request's body is longer than this installation allows.",
                Level::INFO,
            ),
            Self::BodyTooSlow => face(
                408,
                "Request Timeout",
                "The request did not arrive in time.",
                Level::INFO,
            ),
            Self::CashboxMissing => face(
                400,
                "Bad Request",
                "The header cashboxid (or x-cashbox-id) with the cashbox's GUID is missing.",
                Level::INFO,
            ),
            Self::WaitingRoomFull(Full::ForCashbox) => face(
                503,
                "Service Unavailable",
                "The cashbox is changing hands and too many of its requests wait already.",
                Level::WARN,
            )
            .again(1),
            Self::WaitingRoomFull(Full::InAll) => face(
                503,
                "Service Unavailable",
                "Too many requests wait for cashboxes that are changing hands.",
                Level::WARN,
            )
            .again(1),
            Self::NoPodReady => face(
                503,
                "Service Unavailable",
                "No pod takes requests at the moment.",
                Level::WARN,
            )
            .again(2),
            Self::NoPodReached => face(
                503,
                "Service Unavailable",
                "No pod could be reached; the request was not sent.",
                Level::WARN,
            )
            .again(2),
            Self::OwnerUnreachable => face(
                503,
                "Service Unavailable",
                "The pod that serves this cashbox cannot be reached from here; nothing was signed. Another proxy may \
                 reach it.",
                Level::WARN,
            )
            .again(5),
            Self::TooLate => face(
                503,
                "Service Unavailable",
                "No pod could take the request in time; nothing was signed.",
                Level::WARN,
            )
            .again(2),
            Self::OutcomeUnknown => face(
                504,
                "Gateway Timeout",
                "The outcome is not known yet: ask again with the same x-operation-id.",
                Level::WARN,
            ),
            Self::AnswerLost => face(
                502,
                "Bad Gateway",
                "The connection to the pod broke before its answer.",
                Level::WARN,
            ),
            Self::AnswerBroken => face(
                502,
                "Bad Gateway",
                "The pod's answer could not be understood.",
                Level::ERROR,
            ),
            Self::CrossedWire => face(
                502,
                "Bad Gateway",
                "The answer was for another request and was withheld: ask again with the same x-operation-id.",
                Level::ERROR,
            ),
        }
    }

    /// What it is called in logs and traces.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::BodyTooLong => "body-too-long",
            Self::BodyTooSlow => "body-too-slow",
            Self::CashboxMissing => "cashbox-missing",
            Self::WaitingRoomFull(_) => "waiting-room-full",
            Self::NoPodReady => "no-pod-ready",
            Self::NoPodReached => "no-pod-reached",
            Self::OwnerUnreachable => "owner-unreachable",
            Self::TooLate => "too-late",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::AnswerLost => "answer-lost",
            Self::AnswerBroken => "answer-broken",
            Self::CrossedWire => "crossed-wire",
        }
    }

    /// Whether the client's connection cannot be used any further: it is not known where its next request begins,
    /// or it must not be trusted.
    #[must_use]
    pub fn ends_connection(self) -> bool {
        match self {
            Self::Malformed(_) | Self::BodyTooLong | Self::BodyTooSlow | Self::CrossedWire => true,
            Self::CashboxMissing
            | Self::WaitingRoomFull(_)
            | Self::NoPodReady
            | Self::NoPodReached
            | Self::OwnerUnreachable
            | Self::TooLate
            | Self::OutcomeUnknown
            | Self::AnswerLost
            | Self::AnswerBroken => false,
        }
    }
}

impl Face {
    fn again(mut self, after_s: u32) -> Self {
        self.retry_after_s = Some(after_s);
        self
    }
}

fn malformed_face(malformed: Malformed) -> Face {
    use crate::cashbox_id::IdentityFault as I;
    let bad = |detail| (400, "Bad Request", detail);
    let (status, title, detail) = match malformed {
        Malformed::Syntax => bad("The request's head is not HTTP."),
        Malformed::HeadTooLong => (
            431,
            "Request Header Fields Too Large",
            "The request's head is too long, or has too many fields.",
        ),
        Malformed::Target => bad("The request's target is not a path."),
        Malformed::Host => bad("The header Host must be given exactly once."),
        Malformed::Length => bad("Content-Length must be given at most once, as one plain number."),
        Malformed::Coding => bad("The only transfer coding understood is chunked, in HTTP/1.1."),
        Malformed::LengthAndCoding => bad("Content-Length and Transfer-Encoding must not be given together."),
        Malformed::LengthMissing => bad("The request does not say how long its body is."),
        Malformed::Chunks => bad("The chunked body is broken."),
        Malformed::Upgrade => bad("Changing the protocol of a connection is not supported."),
        Malformed::ConnectionNamesOurs => bad("The header Connection names a header that it may not name."),
        Malformed::Expectation => (
            417,
            "Expectation Failed",
            "The only expectation understood is 100-continue.",
        ),
        Malformed::Identity(I::Repeated(_)) => {
            bad("A header that identifies the cashbox or the operation is given more than once.")
        }
        Malformed::Identity(I::NotAGuid("x-operation-id")) => bad("The header x-operation-id is not a GUID."),
        Malformed::Identity(I::NotAGuid(_)) => bad("The header cashboxid (or x-cashbox-id) is not a GUID."),
        Malformed::Identity(I::Differ(..)) => {
            bad("The two spellings of the cashbox or of its token are both given and differ.")
        }
    };
    Face {
        status,
        title,
        detail,
        retry_after_s: None,
        level: Level::INFO,
    }
}

/// An answer of the proxy's own: its field lines, without framing, and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAnswer {
    /// The status.
    pub status: u16,
    /// The field lines.
    pub fields: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
}

impl OwnAnswer {
    /// The answer that a refusal becomes. An operation that is known is named, so that the POS can ask again.
    #[must_use]
    pub fn refusing(refused: Refused, operation: Option<OperationId>) -> Self {
        let face = refused.face();
        let problem = serde_json::json!({
            "title": face.title,
            "status": face.status,
            "detail": face.detail,
        });
        let mut fields = b"content-type: application/problem+json\r\n".to_vec();
        if let Some(operation) = operation {
            let operation = operation.to_string();
            field::push_field(
                &mut fields,
                shared::header::OPERATION_ID.as_bytes(),
                operation.as_bytes(),
            );
        }
        if let Some(after_s) = face.retry_after_s {
            field::push_shown(&mut fields, "retry-after", after_s);
        }
        Self {
            status: face.status,
            fields,
            body: problem.to_string().into_bytes(),
        }
    }

    /// A few words as plain text.
    #[must_use]
    pub fn word(status: u16, word: &str) -> Self {
        Self {
            status,
            fields: b"content-type: text/plain\r\n".to_vec(),
            body: word.as_bytes().to_vec(),
        }
    }
}

/// The reason phrase of a status, empty where none is registered.
#[must_use]
pub fn phrase(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_the_operation_and_when_to_ask_again_but_nothing_internal() {
        let operation = OperationId::from_u128(5);
        let answer = OwnAnswer::refusing(Refused::WaitingRoomFull(Full::InAll), Some(operation));
        let fields = String::from_utf8(answer.fields).unwrap();
        assert!(
            fields.contains(&format!("x-operation-id: {operation}\r\n")),
            "{fields}"
        );
        assert!(fields.contains("retry-after: 1\r\n") && !fields.contains("x-byodc"));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["status"], 503);
    }
}
