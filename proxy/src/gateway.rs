//! A request's phases in order, each one call long.

use std::sync::Arc;

use shared::identity::CashBoxId;
use shared::trace::tracer::Tracer;
use tokio_util::sync::CancellationToken;

use crate::cashbox_id::{self, Health, Whose};
use crate::config::Config;
use crate::exchange::{Exchange, Request};
use crate::listener::client::{After, Client};
use crate::message::answer::AnswerHead;
use crate::message::patience::Patience;
use crate::message::request::Malformed;
use crate::metrics::Metrics;
use crate::pod_answer::PodAnswer;
use crate::pool::Pool;
use crate::readiness::Readiness;
use crate::reply::{OwnAnswer, Refused};
use crate::request_record::RequestRecord;
use crate::route::Routes;
use crate::waiting_room::WaitingRoom;

/// What all threads share.
#[derive(Debug)]
pub struct Shared {
    /// What the proxy was told.
    pub config: Config,
    /// Who owns what.
    pub routes: Arc<Routes>,
    /// Where requests wait.
    pub waiting_room: Arc<WaitingRoom>,
    /// What is counted.
    pub metrics: Metrics,
    /// Where spans begin.
    pub tracer: Tracer,
    /// Cancelled when the proxy is asked to stop: connections end after their next answer.
    pub drain: CancellationToken,
    /// Cancelled when it stops listening: connections that are idle end at once.
    pub closing: CancellationToken,
}

/// One serving thread's way from a request to its answer.
#[derive(Debug)]
pub struct Gateway {
    /// What all threads share.
    pub shared: Arc<Shared>,
    /// This thread's connections to pods.
    pub pool: Pool,
}

/// Memory that a client's connection keeps from one request to the next.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Its timer.
    pub patience: Patience,
    /// What goes out next, to the pod or to the client.
    pub outbound: Vec<u8>,
    /// The head of the pod's answer.
    pub answer: AnswerHead,
}

enum Answer {
    Pods(PodAnswer),
    Own(OwnAnswer),
}

impl Gateway {
    /// Serves one request whose head has been read.
    pub async fn serve(&self, client: &mut Client<'_>, work: &mut Workspace) -> After {
        let mut record = RequestRecord::begin(&self.shared, client.head());
        let answered = self.answer(client, work, &mut record).await;
        let after = match answered {
            Ok(Answer::Pods(answer)) => client.send_pods(answer, self, work, &mut record).await,
            Ok(Answer::Own(answer)) => client.send_own(&answer, After::NextRequest, self, work).await,
            Err(refused) => self.refuse(refused, client, work, &mut record).await,
        };
        record.end(client.head(), work.answer.status, &self.shared.metrics);
        after
    }

    async fn answer(
        &self,
        client: &mut Client<'_>,
        work: &mut Workspace,
        record: &mut RequestRecord,
    ) -> Result<Answer, Refused> {
        let whose = cashbox_id::whose(client.head().path(), &client.head().identity);
        if let Whose::Cashbox(cashbox) = whose {
            record.concerns(cashbox, client.head().identity.operation());
        }
        client.read_body(&self.shared.config, &mut work.patience).await?;
        match whose {
            Whose::Cashbox(cashbox) => self.exchange(Some(cashbox), client, work, record).await,
            Whose::Nobodys => self.exchange(None, client, work, record).await,
            Whose::Proxys(health) => Ok(Answer::Own(self.health(health))),
            Whose::Missing => Err(Refused::CashboxMissing),
        }
    }

    async fn exchange(
        &self,
        cashbox: Option<CashBoxId>,
        client: &Client<'_>,
        work: &mut Workspace,
        record: &mut RequestRecord,
    ) -> Result<Answer, Refused> {
        let request = Request {
            head: client.head(),
            body: client.body(),
            cashbox,
            operation: record.operation(),
        };
        let answer = Exchange::new(self, request, work, record).run().await?;
        Ok(Answer::Pods(answer))
    }

    fn health(&self, asked: Health) -> OwnAnswer {
        match asked {
            Health::Live => OwnAnswer::word(200, "live"),
            Health::Ready => {
                let readiness = Readiness::of(&self.shared);
                OwnAnswer::word(readiness.status(), &readiness.text())
            }
        }
    }

    /// Refuses a request whose head cannot be understood.
    pub async fn refuse_malformed(
        &self,
        malformed: Malformed,
        client: &mut Client<'_>,
        work: &mut Workspace,
    ) -> After {
        let mut record = RequestRecord::begin(&self.shared, client.head());
        let after = self
            .refuse(Refused::Malformed(malformed), client, work, &mut record)
            .await;
        record.end(client.head(), work.answer.status, &self.shared.metrics);
        after
    }

    async fn refuse(
        &self,
        refused: Refused,
        client: &mut Client<'_>,
        work: &mut Workspace,
        record: &mut RequestRecord,
    ) -> After {
        let after = match refused.ends_connection() {
            true => After::Close,
            false => After::NextRequest,
        };
        let answer = OwnAnswer::refusing(refused, record.concerned_operation());
        record.refused(refused);
        client.send_own(&answer, after, self, work).await
    }
}
