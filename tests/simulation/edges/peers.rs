//! Other pods, as a pod asks them.

use async_trait::async_trait;
use backend::ownership::peer::{Answer, Peers};
use shared::identity::CashBoxId;
use shared::placement::pod::PodRecord;

use crate::wire::{Lost, Place, Wire};

/// Other pods at the end of a pod's wire.
#[derive(Debug)]
pub struct PeersEdge(pub Wire);

#[async_trait]
impl Peers for PeersEdge {
    async fn ask(&self, pod: &PodRecord, cashbox: CashBoxId) -> Answer {
        let (address, asked) = (pod.address, pod.id.incarnation);
        let question = |post: crate::wire::Post<Answer>| -> crate::wire::Run {
            Box::new(move |simulation, from| {
                simulation.visit(from, address, post, move |pod| async move {
                    match pod.record().id.incarnation == asked {
                        true => Answer::Same {
                            holds: pod.ownership.held(cashbox),
                            recorded_in: pod.ownership.recorded_in(),
                        },
                        false => Answer::OtherIncarnation,
                    }
                })
            })
        };
        match self.0.bring(Place::Peer, "holds", question).await {
            Ok(answer) => answer,
            Err(Lost::Refused) => Answer::Refused,
            Err(Lost::Silent) => Answer::Silent,
        }
    }
}
