//! A simulated TSE: what goes wrong with it, and what it has signed.
//!
//! The simulator keeps one append-only log per TSE, which no pod can rewrite: it witnesses every signature.

use std::collections::HashSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::cashbox::Cashbox;
use crate::cluster::Cluster;
use crate::history::journals::Journals;

/// One signature of a TSE.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signature {
    /// `start`, `update` or `finish`.
    pub operation: String,
    /// The queue item that caused it.
    pub item: String,
    /// Which of the item's transactions.
    pub step: u64,
    /// The transaction's number.
    pub transaction: u64,
    /// Which process asked for it.
    pub pid: u64,
    /// The signature itself, base64.
    pub base64: String,
}

/// The TSE of a cashbox.
#[derive(Debug, Clone)]
pub struct SimulatedTse {
    log: PathBuf,
    script: PathBuf,
}

impl SimulatedTse {
    /// The TSE of a cashbox of this cluster.
    #[must_use]
    pub fn of(cluster: &Cluster, cashbox: &Cashbox) -> Self {
        let folder = cluster.folder().join("tse");
        Self {
            log: folder.join(format!("{}.tselog", cashbox.scu)),
            script: folder.join(format!("{}.script.json", cashbox.scu)),
        }
    }

    /// Makes things go wrong from now on, by the rules that the simulator's script takes.
    pub fn play(&self, rules: &Value) {
        // Renamed into place, so that nobody reads half of it.
        let written = self.script.with_extension("new");
        std::fs::write(&written, serde_json::json!({ "rules": rules }).to_string()).unwrap();
        std::fs::rename(written, &self.script).unwrap();
    }

    /// Nothing goes wrong any more.
    pub fn behave(&self) {
        std::fs::remove_file(&self.script).unwrap();
    }

    /// Everything it has signed, in order; nothing if it was never asked.
    #[must_use]
    pub fn signatures(&self) -> Vec<Signature> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let events = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events
            .filter_map(|event| event.get("signed").map(signature))
            .collect()
    }

    /// Fails the test unless signatures and signed items belong together one to one (I5): every signature stands
    /// for a signed item of the journal, and none was given twice.
    pub fn assert_accounted_for(&self, journals: &Journals) {
        let mut seen = HashSet::new();
        for signature in self.signatures() {
            let item = journals.items.iter().find(|item| item.id == signature.item);
            assert!(
                item.is_some_and(|item| item.is_signed()),
                "an orphan: {signature:?}"
            );
            let identity = (
                signature.operation.clone(),
                signature.item.clone(),
                signature.step,
            );
            assert!(seen.insert(identity), "signed twice: {signature:?}");
        }
    }
}

fn signature(signed: &Value) -> Signature {
    let text = |value: &Value| value.as_str().expect("the simulator writes it").to_owned();
    let number = |value: &Value| value.as_u64().expect("the simulator writes it");
    Signature {
        operation: text(&signed["operation"]),
        item: text(&signed["identity"]["item"]),
        step: number(&signed["identity"]["step"]),
        transaction: number(&signed["number"]),
        pid: number(&signed["pid"]),
        base64: text(&signed["signature_base64"]),
    }
}
