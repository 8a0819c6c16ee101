//! Why a request is refused, and what the outside learns of it.
//!
//! Status, public text, log level and the word for the proxy stand together in one exhaustive match. What a client
//! reads is written here and never built from a source error.

use std::borrow::Cow;

use axum::http::StatusCode;
use shared::access::admin_keys::Refused;
use shared::api::reading::ReadError;
use shared::api::refusal::Refusal;
use tracing::Level;

use super::extract::HeaderFault;
use crate::cashbox::error::CashboxError;

/// Why a request was not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A header breaks a rule.
    Header(HeaderFault),
    /// The body is not what the path takes.
    Body {
        /// Which rule, and where; never what was sent.
        detail: String,
    },
    /// A member of the body does not hold what it should.
    Member {
        /// Where it is.
        path: String,
        /// Which rule it breaks; never what was sent.
        problem: String,
    },
    /// The body is said to be something else than JSON in UTF-8.
    UnsupportedContent {
        /// What it may be.
        detail: &'static str,
    },
    /// The body is larger than may be.
    BodyTooLarge {
        /// How large it may be.
        bytes_max: usize,
    },
    /// The body did not arrive whole.
    BodyCutOff,
    /// A parameter of the query breaks a rule.
    Query {
        /// Which parameter and which rule.
        detail: String,
    },
    /// The journal was asked for what it does not give.
    Journal {
        /// What, in the words of the specification.
        detail: String,
    },
    /// There is nothing under this path.
    NoSuchPath,
    /// There is something, but not with this method.
    NoSuchMethod,
    /// An earlier receipt was asked for, and there is none.
    NoSuchReceipt,
    /// Whoever asks on the admin port may not.
    NotAdmitted(Refused),
    /// The cashbox says so.
    Cashbox(CashboxError),
    /// A bug: the handler panicked.
    Panicked,
}

impl From<CashboxError> for Failure {
    fn from(error: CashboxError) -> Self {
        Self::Cashbox(error)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::NotAdmitted(refused)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Member { path, problem } => Self::Member { path, problem },
            malformed @ ReadError::Malformed(_) => Self::Body {
                detail: malformed.to_string(),
            },
        }
    }
}

impl From<HeaderFault> for Failure {
    fn from(fault: HeaderFault) -> Self {
        Self::Header(fault)
    }
}

/// What the outside learns of a failure.
#[derive(Debug)]
pub(super) struct Public<'a> {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: Cow<'a, str>,
    /// Of the line at the request's end.
    pub(super) level: Level,
}

fn public<'a>(
    status: StatusCode,
    title: &'static str,
    detail: impl Into<Cow<'a, str>>,
    level: Level,
) -> Public<'a> {
    Public {
        status,
        title,
        detail: detail.into(),
        level,
    }
}

impl Failure {
    /// What the answer says.
    pub(super) fn public(&self) -> Public<'_> {
        use StatusCode as S;
        match self {
            Self::Header(fault) => public(S::BAD_REQUEST, "Bad header", fault.to_string(), Level::INFO),
            Self::Body { detail } => public(S::BAD_REQUEST, "Bad body", detail, Level::INFO),
            Self::Member { path, problem } => public(
                S::BAD_REQUEST,
                "Bad body",
                format!("{path}: {problem}"),
                Level::INFO,
            ),
            Self::UnsupportedContent { detail } => public(
                S::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported content",
                *detail,
                Level::INFO,
            ),
            Self::BodyTooLarge { bytes_max } => public(
                S::PAYLOAD_TOO_LARGE,
                "Body too large",
                format!("the body may have {bytes_max} bytes"),
                Level::INFO,
            ),
            Self::BodyCutOff => public(
                S::BAD_REQUEST,
                "Bad body",
                "the body did not arrive whole",
                Level::INFO,
            ),
            Self::Query { detail } => public(S::BAD_REQUEST, "Bad query", detail, Level::INFO),
            Self::Journal { detail } => public(
                S::INTERNAL_SERVER_ERROR,
                "Journal not available",
                detail,
                Level::INFO,
            ),
            Self::NoSuchPath => public(
                S::NOT_FOUND,
                "Not found",
                "there is nothing under this path",
                Level::INFO,
            ),
            Self::NoSuchMethod => public(
                S::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "this path takes another method",
                Level::INFO,
            ),
            Self::NoSuchReceipt => public(
                S::NOT_FOUND,
                "No such receipt",
                "the receipt that was asked for is not there",
                Level::INFO,
            ),
            Self::NotAdmitted(refused) => {
                public(refused.status(), "Not admitted", refused.to_string(), Level::INFO)
            }
            Self::Cashbox(error) => of_cashbox(error),
            Self::Panicked => public(
                S::INTERNAL_SERVER_ERROR,
                "Internal error",
                "the request ended in a bug of the pod; its log says more",
                Level::ERROR,
            ),
        }
    }

    /// The word for the proxy, if there is one.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Cashbox(error) => error.refusal(),
            _ => None,
        }
    }
}

fn of_cashbox(error: &CashboxError) -> Public<'_> {
    use StatusCode as S;
    match error {
        CashboxError::Unauthorized => public(
            S::UNAUTHORIZED,
            "Unauthorized",
            "unknown cashbox or wrong access token",
            Level::INFO,
        ),
        CashboxError::HeldByOther(_) => public(
            S::MISDIRECTED_REQUEST,
            "Held by another pod",
            "another pod serves this cashbox",
            Level::DEBUG,
        ),
        CashboxError::Refused(refusal) => of_refusal(*refusal),
        CashboxError::NotStale => public(
            S::CONFLICT,
            "Nothing to accept",
            "this pod has not found the journal of this cashbox stale",
            Level::INFO,
        ),
        CashboxError::OtherContent => public(
            S::CONFLICT,
            "Operation id used",
            "this operation id was used with another content before",
            Level::INFO,
        ),
        CashboxError::Rejected { message } => public(
            S::INTERNAL_SERVER_ERROR,
            "Receipt not processed",
            message,
            Level::INFO,
        ),
        CashboxError::Configuration { detail } => public(
            S::INTERNAL_SERVER_ERROR,
            "Configuration not usable",
            detail,
            Level::WARN,
        ),
        CashboxError::Broken => public(
            S::INTERNAL_SERVER_ERROR,
            "Cashbox not usable",
            "the cashbox cannot be served until an operator looks at the pod's log",
            Level::ERROR,
        ),
    }
}

fn of_refusal(refusal: Refusal) -> Public<'static> {
    let (detail, level) = match refusal {
        Refusal::HeldByOther => ("another pod serves this cashbox", Level::DEBUG),
        Refusal::OwnerSilent => (
            "the pod that serves this cashbox does not answer yet",
            Level::INFO,
        ),
        Refusal::Moving => (
            "the cashbox is changing hands; ask again in a moment",
            Level::INFO,
        ),
        Refusal::Draining => ("this pod is shutting down", Level::DEBUG),
        Refusal::MailboxFull => ("too many requests wait for this cashbox", Level::WARN),
        Refusal::PodFull => ("this pod hosts as many cashboxes as it may", Level::WARN),
        Refusal::JournalUnavailable => ("the journal database does not answer", Level::WARN),
        Refusal::OwnershipUnavailable => ("it cannot be found out who serves this cashbox", Level::WARN),
        Refusal::ConfigurationUnavailable => ("the configuration service does not answer", Level::WARN),
        Refusal::RestartPaused => (
            "the cashbox broke down several times; its next start waits a moment",
            Level::WARN,
        ),
        Refusal::RateLimited => ("too many unknown cashboxes were asked for", Level::INFO),
        Refusal::ExportsFull => ("this pod streams as many journals as it may", Level::INFO),
        Refusal::StaleJournal => (
            "the journal of this cashbox is older than what was signed already; nothing is signed until an operator \
             has put the right database back or accepted this one",
            Level::ERROR,
        ),
    };
    public(StatusCode::SERVICE_UNAVAILABLE, "Not served now", detail, level)
}
