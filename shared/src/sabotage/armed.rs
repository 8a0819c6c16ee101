//! What this process was told, and how a rule fires.
//!
//! A firing is on disk before it acts: a process that ends itself leaves the proof that it did.

use std::fs::{File, Metadata};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::rules::{Action, Rule, Rules};
use super::{Mutant, Orders};
use crate::identity::CashBoxId;

static ARMED: OnceLock<Armed> = OnceLock::new();

/// The orders of this process.
struct Armed {
    orders: Orders,
    read: Mutex<Option<(Version, Arc<Rules>)>>,
}

/// What changes when a file is written or replaced: inode, time of the change, length.
type Version = (u64, i64, i64, u64);

fn version(of: &Metadata) -> Version {
    (of.ino(), of.mtime(), of.mtime_nsec(), of.len())
}

pub(super) fn begin(orders: Orders) {
    if !orders.mutants.is_empty() || orders.rules_file.is_some() || orders.clock_skew_ms != 0 {
        tracing::warn!(
            ?orders,
            "this process is told to go wrong: never use it for real receipts"
        );
    }
    let read = Mutex::new(None);
    // Who began first counts: there is one set of orders for the life of a process.
    let _ = ARMED.set(Armed { orders, read });
}

pub(super) fn lives(mutant: Mutant) -> bool {
    ARMED
        .get()
        .is_some_and(|armed| armed.orders.mutants.contains(&mutant))
}

pub(super) fn clock_skew_ms() -> i64 {
    ARMED.get().map_or(0, |armed| armed.orders.clock_skew_ms)
}

pub(super) async fn pass(point: &'static str, cashbox: CashBoxId) {
    let Some(armed) = ARMED.get() else { return };
    let Some(file) = armed.orders.rules_file.as_deref().map(Path::new) else {
        return;
    };
    let rules = armed.rules(file);
    for rule in rules.at(point, cashbox, &armed.orders.pod) {
        if armed.fires(file, rule, point, cashbox) {
            act(rule, point).await;
        }
    }
}

async fn act(rule: &Rule, point: &'static str) {
    tracing::warn!(point, rule = rule.id, action = rule.action.word(), "sabotage");
    match rule.action {
        // Without unwinding, without flushing, without a word to anybody.
        Action::Exit => std::process::abort(),
        Action::Panic => panic!("sabotage at {point} by rule {:?}", rule.id),
        Action::Hang => std::future::pending().await,
        Action::Delay => tokio::time::sleep(Duration::from_millis(rule.delay_ms)).await,
    }
}

impl Armed {
    /// The rules as they are now.
    fn rules(&self, file: &Path) -> Arc<Rules> {
        let Ok(now) = std::fs::metadata(file).as_ref().map(version) else {
            return Arc::default();
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, rules)) = read.as_ref()
            && *known == now
        {
            return rules.clone();
        }
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
        let rules = text.and_then(|text| Rules::parse(&text));
        let rules =
            Arc::new(rules.unwrap_or_else(|error| panic!("the rules of {}: {error}", file.display())));
        *read = Some((now, rules.clone()));
        rules
    }

    /// Writes a firing down, unless the rule has fired often enough.
    fn fires(&self, file: &Path, rule: &Rule, point: &str, cashbox: CashBoxId) -> bool {
        let line = serde_json::json!({
            "rule": rule.id,
            "point": point,
            "action": rule.action.word(),
            "cashbox": cashbox,
            "pod": self.orders.pod,
            "pid": std::process::id(),
            "at": jiff::Timestamp::now(),
        });
        let written = note_firing(&fired_file(file), &rule.id, rule.times, &line.to_string());
        written.unwrap_or_else(|error| panic!("noting a firing of {:?}: {error}", rule.id))
    }
}

fn fired_file(rules: &Path) -> PathBuf {
    let mut name = rules.as_os_str().to_owned();
    name.push(".fired");
    name.into()
}

/// Appends a firing if there were fewer than `times` of this rule; under a lock, because processes share the file.
fn note_firing(file: &Path, rule: &str, times: usize, line: &str) -> std::io::Result<bool> {
    let mut fired = File::options().create(true).append(true).read(true).open(file)?;
    fired.lock()?;
    let mut so_far = String::new();
    fired.read_to_string(&mut so_far)?;
    let of_this_rule = |line: &&str| {
        serde_json::from_str::<serde_json::Value>(line).is_ok_and(|firing| firing["rule"] == rule)
    };
    if so_far.lines().filter(of_this_rule).count() >= times {
        return Ok(false);
    }
    fired.write_all(format!("{line}\n").as_bytes())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fires_as_often_as_it_says_whoever_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.json.fired");
        let fire =
            |rule: &str, times| note_firing(&file, rule, times, &format!(r#"{{"rule":"{rule}"}}"#)).unwrap();
        assert_eq!(
            [fire("a", 2), fire("b", 1), fire("a", 2), fire("a", 2)],
            [true, true, true, false]
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 3);
    }

    #[test]
    fn replaced_rules_are_read_again_and_no_file_is_no_rule() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.json");
        let armed = Armed {
            orders: Orders::default(),
            read: Mutex::new(None),
        };
        let rules_at_p = || armed.rules(&file).at("p", CashBoxId::from_u128(1), "").count();
        assert_eq!(rules_at_p(), 0);
        let rule = |id| format!(r#"{{ "id": "{id}", "point": "p", "action": "hang" }}"#);
        for rules in [rule("a"), format!("{},{}", rule("a"), rule("b"))] {
            std::fs::write(&file, format!(r#"{{ "rules": [{rules}] }}"#)).unwrap();
            assert_eq!(rules_at_p(), rules.matches("hang").count());
        }
    }
}
