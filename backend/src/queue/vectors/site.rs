//! A pod that keeps nothing: it notes what it is asked for, and answers as it is told.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use crate::queue::site::{ExportError, ExportOrder, Exported, Site};
use crate::scu::Scu;

#[derive(Debug)]
struct Inside {
    exports: Vec<ExportOrder>,
    exported: Option<Exported>,
}

/// The pod of a desk.
#[derive(Debug)]
pub struct TestSite {
    inside: Mutex<Inside>,
}

impl Default for TestSite {
    /// Every export is kept and erased.
    fn default() -> Self {
        Self {
            inside: Mutex::new(Inside {
                exports: Vec::new(),
                exported: Some(Exported::Erased),
            }),
        }
    }
}

impl TestSite {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// What becomes of exports from now on; none: they fail.
    pub fn exports_end_as(&self, exported: Option<Exported>) {
        self.inside().exported = exported;
    }

    /// The exports asked for since the last time they were taken.
    pub fn take_exports(&self) -> Vec<ExportOrder> {
        std::mem::take(&mut self.inside().exports)
    }
}

#[async_trait]
impl Site for TestSite {
    async fn export(&self, _tse: &dyn Scu, order: ExportOrder) -> Result<Exported, ExportError> {
        let mut inside = self.inside();
        inside.exports.push(order);
        inside.exported.ok_or(ExportError::TooLarge { bytes_max: 1 })
    }
}
