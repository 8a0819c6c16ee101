//! The successor's side: make ready while the owner serves, then start at once.
//!
//! Only what the owner sealed with the pods' shared key is started from: it names the accepted token's digest and the
//! configuration in force, whose document lies in the database. Without either, the cashbox is merely expected, and
//! the first request starts it the usual way.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;
use shared::sabotage;

use crate::cashbox::error::CashboxError;
use crate::cashbox::handle::CashboxHandle;
use crate::cashbox::prepared::Prepared;
use crate::cashbox::registry::Registry;
use crate::cashbox::start::{Beginning, Origin};
use crate::cashbox::token::TokenDigest;
use crate::config_service::ticket::Ticket;
use crate::ownership::handover::{Offer, Readiness, Taking};

/// How often the cashbox is looked for: each time, another start of it ended in between.
const LOOKS_MAX: usize = 4;
/// How long an instance of an earlier tenure may take to notice that it was superseded.
const STALE_ENDS_WITHIN: Duration = Duration::from_secs(2);

impl Registry {
    /// Makes ready for a cashbox that another pod serves and means to hand over.
    pub async fn prepare(&self, cashbox: CashBoxId, offer: &Offer) -> Readiness {
        if let Some(refusal) = self.unwilling() {
            return Readiness::Refused(refusal.word().to_owned());
        }
        sabotage::point("handover-prepare", cashbox).await;
        let Some(ticket) = self.ticket(cashbox, offer) else {
            return Readiness::Expecting;
        };
        match self.make_ready(cashbox, &ticket).await {
            Some(Ok(prepared)) => match self.parts().prepared.keep(cashbox, prepared) {
                true => Readiness::Prepared,
                false => Readiness::Expecting,
            },
            None => Readiness::Expecting,
            Some(Err(error)) => Readiness::Refused(error.to_string()),
        }
    }

    /// Starts a cashbox that its owner serves no more, and answers when it runs.
    pub async fn take(&self, cashbox: CashBoxId, offer: &Offer) -> Taking {
        sabotage::point("handover-take", cashbox).await;
        let Some(ticket) = self.ticket(cashbox, offer) else {
            return Taking::Unprepared;
        };
        let prepared = match self
            .parts()
            .prepared
            .of(cashbox)
            .filter(|ready| fits(ready, &ticket))
        {
            Some(prepared) => Some(Ok(prepared)),
            // The owner has taken another configuration meanwhile, or took its time.
            None => self.make_ready(cashbox, &ticket).await,
        };
        let taking = match prepared {
            Some(Ok(prepared)) => self.start_taken(cashbox, &ticket, &prepared).await,
            Some(Err(error)) => self.refuse(cashbox, &error).await,
            None => Taking::Unprepared,
        };
        self.parts().prepared.forget(cashbox);
        taking
    }

    async fn start_taken(&self, cashbox: CashBoxId, ticket: &Ticket, prepared: &Prepared) -> Taking {
        let mut refused = Refusal::Moving.into();
        for _ in 0..LOOKS_MAX {
            let mut is_ours = false;
            let slot = self.slot_or_begin(cashbox, || {
                is_ours = true;
                beginning(cashbox, ticket, prepared)
            });
            let landed = match slot {
                Ok(slot) => slot.landed().await,
                Err(error) => return self.refuse(cashbox, &error).await,
            };
            match landed {
                Ok(handle) if handle.epoch() > ticket.epoch => return Taking::Taken(handle.epoch()),
                Ok(stale) => ended(&stale).await,
                Err(error) if is_ours => return Taking::Refused(error.to_string()),
                // A request was here before the owner had let go.
                Err(error) => refused = error,
            }
        }
        Taking::Refused(refused.to_string())
    }

    /// Why this pod takes no cashbox, if it takes none.
    fn unwilling(&self) -> Option<Refusal> {
        let parts = self.parts();
        if parts.ownership.pod().is_draining() {
            return Some(Refusal::Draining);
        }
        (self.len() >= parts.config.hosted_max).then_some(Refusal::PodFull)
    }

    fn ticket(&self, cashbox: CashBoxId, offer: &Offer) -> Option<Ticket> {
        let sealed = BASE64.decode(offer.sealed.as_ref()?).ok()?;
        let ticket = self.parts().configurations.open_ticket(cashbox, &sealed)?;
        // What stands outside the seal is for logs; a disagreement is no owner's.
        (ticket.from == offer.from.incarnation && ticket.epoch == offer.epoch).then_some(ticket)
    }

    /// `None` when the configuration in force cannot be read here.
    async fn make_ready(
        &self,
        cashbox: CashBoxId,
        ticket: &Ticket,
    ) -> Option<Result<Prepared, CashboxError>> {
        let parts = self.parts();
        let recalling = parts
            .configurations
            .recall_exactly(cashbox, &ticket.accepted, ticket.configuration);
        let configuration = recalling.await?;
        Some(parts.usable(&configuration).map(|units| Prepared {
            configuration,
            units,
            accepted: TokenDigest::from_bytes(ticket.accepted),
        }))
    }

    /// The record may name this pod already: it is given back.
    async fn refuse(&self, cashbox: CashBoxId, error: &CashboxError) -> Taking {
        self.parts().ownership.release_reservation(cashbox).await;
        Taking::Refused(error.to_string())
    }
}

fn beginning(cashbox: CashBoxId, ticket: &Ticket, prepared: &Prepared) -> Beginning {
    Beginning {
        cashbox,
        accepted: prepared.accepted,
        origin: Origin::Handover {
            from: ticket.from,
            epoch: ticket.epoch,
            prepared: prepared.clone(),
        },
    }
}

fn fits(ready: &Prepared, ticket: &Ticket) -> bool {
    ready.configuration.fingerprint == ticket.configuration
        && ready.accepted == TokenDigest::from_bytes(ticket.accepted)
}

/// An instance of an earlier tenure that has not noticed yet.
async fn ended(stale: &CashboxHandle) {
    stale.confirm();
    // One that does not end in time is met again by the next look, and refused in the end.
    let _ = tokio::time::timeout(STALE_ENDS_WITHIN, stale.ended()).await;
}
