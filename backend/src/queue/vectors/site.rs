//! A pod that keeps nothing: it notes what it is asked for, and answers as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use shared::identity::ScuId;

use super::tse::TestTse;
use crate::journal::JournalError;
use crate::journal::entry::{ActionJournalRow, Change};
use crate::queue::site::{ExportError, ExportOrder, Exported, Site};
use crate::scu::Scu;

#[derive(Debug)]
struct Inside {
    exports: Vec<ExportOrder>,
    exported: Option<Exported>,
    units: BTreeMap<ScuId, Arc<TestTse>>,
    actions: Vec<ActionJournalRow>,
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
                units: BTreeMap::new(),
                actions: Vec::new(),
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

    /// The TSE of another SCU.
    pub fn tse(&self, scu: ScuId) -> Arc<TestTse> {
        self.inside().units.entry(scu).or_default().clone()
    }

    /// This is the TSE of an SCU.
    pub fn knows(&self, scu: ScuId, tse: &Arc<TestTse>) {
        self.inside().units.insert(scu, tse.clone());
    }

    /// Takes rows into the action journal.
    pub fn journal(&self, changes: &[Change]) {
        let actions = changes.iter().filter_map(|change| match change {
            Change::AddActionJournal(row) => Some(row.clone()),
            _ => None,
        });
        self.inside().actions.extend(actions);
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

    fn unit(&self, scu: ScuId) -> Arc<dyn Scu> {
        self.tse(scu)
    }

    async fn newest_action(&self, kinds: &[&str]) -> Result<Option<ActionJournalRow>, JournalError> {
        let inside = self.inside();
        let newest = inside.actions.iter().rfind(|row| kinds.contains(&&*row.kind));
        Ok(newest.cloned())
    }
}
