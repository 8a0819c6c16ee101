//! The fault driver's record: which faults were planned, when each really began and ended. A run whose faults did not
//! happen proves nothing, so a planned fault that never began is judged like a broken invariant.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::sabotage::Sabotage;

/// Every fault of a run.
#[derive(Debug, Clone, Default)]
pub struct FaultLog(Arc<Mutex<Vec<Fault>>>);

/// One fault.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What it is, with its row of the matrix: `F01 pod killed`.
    pub kind: String,
    /// The sabotage rule that causes it, if one does.
    rule: Option<(Sabotage, String)>,
    /// When it began, for each time it did.
    pub begun: Vec<Instant>,
    /// When it ended. A killed process stays killed: its fault needs no end.
    pub ended: Vec<Instant>,
}

impl Fault {
    /// How often it happened.
    #[must_use]
    pub fn firings(&self) -> usize {
        match &self.rule {
            Some((sabotage, rule)) => sabotage.firings(rule),
            None => self.begun.len(),
        }
    }
}

/// Tells the record of one fault.
#[derive(Debug, Clone)]
pub struct Planned {
    log: FaultLog,
    at: usize,
}

impl FaultLog {
    /// Plans a fault that the test itself causes.
    pub fn plan(&self, kind: &str) -> Planned {
        self.add(kind, None)
    }

    /// Plans a fault that a rule causes; it is asked whether it fired when the run is judged.
    pub fn plan_rule(&self, kind: &str, sabotage: &Sabotage, rule: &str) -> Planned {
        self.add(kind, Some((sabotage.clone(), rule.to_owned())))
    }

    fn add(&self, kind: &str, rule: Option<(Sabotage, String)>) -> Planned {
        let mut faults = self.0.lock().unwrap();
        faults.push(Fault {
            kind: kind.to_owned(),
            rule,
            begun: Vec::new(),
            ended: Vec::new(),
        });
        Planned {
            log: self.clone(),
            at: faults.len() - 1,
        }
    }

    /// Everything so far.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.0.lock().unwrap().clone()
    }

    /// How often each kind happened.
    #[must_use]
    pub fn firings(&self) -> BTreeMap<String, usize> {
        let mut firings = BTreeMap::new();
        for fault in self.faults() {
            *firings.entry(fault.kind.clone()).or_default() += fault.firings();
        }
        firings
    }
}

impl Planned {
    /// It begins now.
    pub fn begun(&self) {
        self.log.0.lock().unwrap()[self.at].begun.push(Instant::now());
    }

    /// It ends now.
    pub fn ended(&self) {
        self.log.0.lock().unwrap()[self.at].ended.push(Instant::now());
    }
}
