//! The client's side of one request, whichever version of HTTP it speaks.

use crate::config::Config;
use crate::gateway::{Gateway, Workspace};
use crate::message::patience::Patience;
use crate::message::request::RequestHead;
use crate::pod_answer::PodAnswer;
use crate::reply::{OwnAnswer, Refused};
use crate::request_record::RequestRecord;

use super::http1::Http1;
use super::http2::Http2;

/// What becomes of the client's connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It takes the next request.
    NextRequest,
    /// It is closed.
    Close,
}

/// A client whose request's head has been read.
pub enum Client<'a> {
    /// HTTP/1.1 or 1.0, over TLS or not.
    Http1(&'a mut Http1),
    /// One stream of HTTP/2.
    Http2(&'a mut Http2),
}

impl Client<'_> {
    /// The request's head.
    #[must_use]
    pub fn head(&self) -> &RequestHead {
        match self {
            Self::Http1(client) => &client.head,
            Self::Http2(client) => &client.head,
        }
    }

    /// The request's body, once it has been read.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Http1(client) => client.body(),
            Self::Http2(client) => &client.body,
        }
    }

    /// Reads the body whole, so that the request can be sent again.
    ///
    /// # Errors
    /// When it is too long, too slow or broken.
    pub async fn read_body(&mut self, config: &Config, patience: &mut Patience) -> Result<(), Refused> {
        match self {
            Self::Http1(client) => client.read_body(config, patience).await,
            Self::Http2(client) => client.read_body(config, patience).await,
        }
    }

    /// Sends an answer of the proxy's own.
    pub async fn send_own(
        &mut self,
        answer: &OwnAnswer,
        after: After,
        gateway: &Gateway,
        work: &mut Workspace,
    ) -> After {
        work.answer.status = answer.status;
        match self {
            Self::Http1(client) => client.send_own(answer, after, gateway, work).await,
            Self::Http2(client) => client.send_own(answer).await,
        }
    }

    /// Sends a pod's answer, its body as it comes.
    pub async fn send_pods(
        &mut self,
        answer: PodAnswer,
        gateway: &Gateway,
        work: &mut Workspace,
        record: &mut RequestRecord,
    ) -> After {
        match self {
            Self::Http1(client) => client.send_pods(answer, gateway, work, record).await,
            Self::Http2(client) => client.send_pods(answer, gateway, work, record).await,
        }
    }
}
