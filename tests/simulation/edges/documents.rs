//! The configuration service.

use async_trait::async_trait;
use backend::config_service::documents::Documents;
use backend::config_service::error::FetchError;
use secrecy::SecretString;
use shared::identity::CashBoxId;

use crate::wire::{Place, Wire};

/// The configuration service as a pod asks it.
#[derive(Debug)]
pub struct DocumentsEdge(pub Wire);

#[async_trait]
impl Documents for DocumentsEdge {
    async fn get(&self, cashbox: CashBoxId, _: &SecretString) -> Result<String, FetchError> {
        let document = move |simulation: &mut crate::simulation::Simulation| {
            let cashboxes = &simulation.world.cashboxes;
            let found = cashboxes.iter().find(|known| known.id == cashbox);
            found.map(crate::cashbox::Cashbox::document)
        };
        match self.0.ask(Place::Configurations, "document", document).await {
            Ok(document) => document.ok_or(FetchError::Refused),
            Err(lost) => Err(FetchError::Unreachable {
                reason: format!("{lost:?}"),
            }),
        }
    }
}
