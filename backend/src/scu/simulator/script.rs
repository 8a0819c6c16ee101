//! What goes wrong with a simulated TSE, and when: rules from a file beside its log, or from a test.
//!
//! ```json
//! {"rules": [{"operation": "start", "effect": "delay", "delay_ms": 2000, "times": 1}]}
//! ```
//!
//! The first rule that fits an operation and has not been used up is played. Rules of a test go before those of the
//! file. The file is looked at before each operation and read again when it changed; `times` then counts from the
//! start, in each process for itself. A file that cannot be read makes every operation fail with its fault: a test
//! that believes it broke something must not pass because it did not.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::scu::ScuError;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which operations it is about.
    pub operation: OperationKind,
    /// What happens.
    pub effect: Effect,
    /// Milliseconds by which the effect is delayed.
    #[serde(default)]
    pub delay_ms: u64,
    /// How often it is played; absent = always.
    #[serde(default)]
    pub times: Option<u32>,
}

/// Which operations a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// Starting a transaction.
    Start,
    /// Updating one.
    Update,
    /// Finishing one.
    Finish,
    /// Asking what was signed under an identity.
    Trace,
    /// Asking for the last signatures of a client.
    LastSteps,
    /// Asking for the TSE's data.
    Info,
    /// Changing its state, its clients or its time.
    Manage,
    /// Any part of an export.
    Export,
    /// Collecting the log before an export has anything to give: only its delay counts, and nobody waits for an answer
    /// meanwhile.
    Collect,
    /// All of them.
    Any,
}

/// What happens to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It is done after the delay.
    Delay,
    /// It is done at once and answered after the delay.
    DelayAnswer,
    /// It is refused; nothing is done.
    Reject,
    /// The TSE is not reached; nothing is done.
    Unreachable,
    /// It is done, and the answer is lost.
    SignAndLoseAnswer,
}

/// What happens to one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cue {
    /// What happens.
    pub effect: Effect,
    /// After which time.
    pub delay: Duration,
}

/// The rules of one TSE.
#[derive(Debug)]
pub struct Script {
    file: Option<PathBuf>,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    of_test: Vec<Rule>,
    of_file: Vec<Rule>,
    fault: Option<String>,
    /// The file as it was read last: time of its last change, and length.
    version: Option<(SystemTime, u64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    rules: Vec<Rule>,
}

impl Script {
    /// Rules out of a file, which need not exist.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Self {
            file,
            rules: Mutex::default(),
        }
    }

    /// Adds a rule behind those of the test before.
    pub fn push(&self, rule: Rule) {
        self.rules().of_test.push(rule);
    }

    /// Drops the rules of the test.
    pub fn clear(&self) {
        self.rules().of_test.clear();
    }

    /// What happens to an operation of this kind now; uses a rule up by one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cue(&self, operation: OperationKind) -> Result<Option<Cue>, ScuError> {
        let mut rules = self.rules();
        self.read_file(&mut rules);
        if let Some(fault) = &rules.fault {
            return Err(ScuError::Unreachable {
                message: fault.clone(),
            });
        }
        let Rules { of_test, of_file, .. } = &mut *rules;
        Ok(of_test
            .iter_mut()
            .chain(of_file)
            .find_map(|rule| rule.play(operation)))
    }

    fn read_file(&self, rules: &mut Rules) {
        let Some(path) = &self.file else { return };
        let version = std::fs::metadata(path)
            .and_then(|data| Ok((data.modified()?, data.len())))
            .ok();
        if version == rules.version {
            return;
        }
        rules.version = version;
        (rules.of_file, rules.fault) = (Vec::new(), None);
        if version.is_none() {
            return;
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let document =
            text.and_then(|text| serde_json::from_str::<Document>(&text).map_err(|error| error.to_string()));
        match document {
            Ok(document) => rules.of_file = document.rules,
            Err(error) => {
                rules.fault = Some(format!(
                    "The TSE is not available. Its script {}: {error}",
                    path.display()
                ));
            }
        }
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn play(&mut self, operation: OperationKind) -> Option<Cue> {
        let fits = self.operation == operation || self.operation == OperationKind::Any;
        if !fits || self.times == Some(0) {
            return None;
        }
        self.times = self.times.map(|times| times - 1);
        Some(Cue {
            effect: self.effect,
            delay: Duration::from_millis(self.delay_ms),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn effect(script: &Script, operation: OperationKind) -> Option<Effect> {
        script.cue(operation).unwrap().map(|cue| cue.effect)
    }

    #[test]
    fn a_rule_is_played_as_often_as_it_says_and_only_where_it_fits() {
        let script = Script::new(None);
        script.push(Rule {
            operation: OperationKind::Finish,
            effect: Effect::Reject,
            delay_ms: 0,
            times: Some(1),
        });
        assert_eq!(effect(&script, OperationKind::Start), None);
        assert_eq!(effect(&script, OperationKind::Finish), Some(Effect::Reject));
        assert_eq!(effect(&script, OperationKind::Finish), None);
    }

    #[test]
    fn a_file_is_read_when_it_appears_and_forgotten_when_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tse.script.json");
        let script = Script::new(Some(path.clone()));
        assert_eq!(effect(&script, OperationKind::Info), None);
        let text = r#"{"rules":[{"operation":"any","effect":"sign-and-lose-answer"}]}"#;
        fs::write(&path, text).unwrap();
        assert_eq!(
            effect(&script, OperationKind::Info),
            Some(Effect::SignAndLoseAnswer)
        );
        fs::remove_file(&path).unwrap();
        assert_eq!(effect(&script, OperationKind::Info), None);
    }

    #[test]
    fn a_file_with_a_fault_fails_every_operation_and_names_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tse.script.json");
        fs::write(&path, r#"{"rules":[{"operation":"start","effect":"explode"}]}"#).unwrap();
        let script = Script::new(Some(path));
        let error = script.cue(OperationKind::Info).unwrap_err().to_string();
        assert!(
            error.contains("tse.script.json") && error.contains("explode"),
            "{error}"
        );
    }
}
