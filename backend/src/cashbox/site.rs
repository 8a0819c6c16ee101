//! What a receipt gets from this pod, besides the TSE and the time.

use std::sync::Arc;

use async_trait::async_trait;

use super::export::{self, Exporting};
use super::parts::Parts;
use crate::ownership::tenure::Tenure;
use crate::queue::site::{ExportError, ExportOrder, Exported, Site};
use crate::scu::Scu;

/// This pod, as one receipt sees it. What it writes, it writes under the tenure that the receipt is worked on under.
#[derive(Debug)]
pub(super) struct PodSite {
    parts: Arc<Parts>,
    tenure: Tenure,
}

impl PodSite {
    pub(super) fn new(parts: Arc<Parts>, tenure: Tenure) -> Self {
        Self { parts, tenure }
    }
}

#[async_trait]
impl Site for PodSite {
    async fn export(&self, tse: &dyn Scu, order: ExportOrder) -> Result<Exported, ExportError> {
        let exporting = Exporting {
            config: self.parts.config.exports,
            places: &self.parts.packing,
            journal: &*self.parts.journal,
            tenure: &self.tenure,
            tse,
        };
        export::keep(&exporting, order).await
    }
}
