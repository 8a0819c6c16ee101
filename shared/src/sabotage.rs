//! Breaking things on purpose, for the tests that prove what survives. Compiled in with the cargo feature `sabotage`
//! alone; without it every point is empty, no mutant lives, and asking for one is a fault of the settings.
//!
//! ```text
//! BYODC_SABOTAGE=rules.json ─▶ point("after-tse", cashbox) ─ a rule matches ─▶ a line in rules.json.fired ─▶ acts
//! BYODC_MUTANT=epoch-check-removed ─▶ mutant(Mutant::EpochCheckRemoved) is true
//! BYODC_CLOCK_SKEW_MS=-3600000 ─▶ the wall clock of this process is an hour behind; monotonic time is untouched
//! ```
//!
//! The rules are one JSON object, read again whenever the file is replaced; while there is no file there is no rule:
//!
//! ```json
//! { "rules": [{ "id": "f03", "point": "after-commit", "action": "exit", "times": 1, "cashbox": "…", "pod": "pod-0" }] }
//! ```
//!
//! `action` is `exit` (the process ends at once, as by `kill -9`), `panic`, `hang` (never returns) or `delay` with
//! `delay_ms`. `cashbox` and `pod` limit a rule and may be left out; `times` is 1 if left out, and is counted in the
//! `.fired` file, so that it holds for all processes that share it and across their restarts.
//!
//! This is the one place with process-wide state: a point stands where no constructor could hand anything through.

/// The rules: what is read from the file, and which one applies.
#[cfg(feature = "sabotage")]
mod rules;
/// What this process was told, and how a rule fires.
#[cfg(feature = "sabotage")]
mod armed;

use std::fmt;

use crate::env::{Faults, Settings};
use crate::identity::CashBoxId;

/// Whether points and mutants are part of this build.
pub const COMPILED_IN: bool = cfg!(feature = "sabotage");

/// Names the file with the rules.
pub const RULES_FILE: &str = "BYODC_SABOTAGE";
/// Names the mutants that live, separated by commas.
pub const MUTANTS: &str = "BYODC_MUTANT";
/// How many milliseconds the wall clock of this process is ahead; a negative number sets it back.
pub const CLOCK_SKEW: &str = "BYODC_CLOCK_SKEW_MS";
/// Everything that tells a process to go wrong.
const ORDERS: [&str; 3] = [RULES_FILE, MUTANTS, CLOCK_SKEW];
/// The furthest that a clock is set wrong: a year.
const CLOCK_SKEW_MAX_MS: u64 = 366 * 24 * 3_600_000;

/// A rule of the protocol that can be left out, to show that the checker notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutant {
    /// Intents, entries and confirmations are accepted under any epoch.
    EpochCheckRemoved,
    /// Intents are accepted under any epoch, entries are not.
    IntentUnfenced,
    /// An operation id that was used before is not recognised.
    OperationIdForgotten,
    /// The proxy gives each try an operation id of its own.
    BlindResend,
    /// A receipt is answered before it is durable.
    AcknowledgedBeforeCommit,
    /// A cashbox is given away before its running receipt has ended.
    ReleasedBeforeDrain,
}

impl Mutant {
    /// Every mutant.
    pub const ALL: [Self; 6] = [
        Self::EpochCheckRemoved,
        Self::IntentUnfenced,
        Self::OperationIdForgotten,
        Self::BlindResend,
        Self::AcknowledgedBeforeCommit,
        Self::ReleasedBeforeDrain,
    ];

    /// Its name, as [`MUTANTS`] takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EpochCheckRemoved => "epoch-check-removed",
            Self::IntentUnfenced => "intent-unfenced",
            Self::OperationIdForgotten => "operation-id-forgotten",
            Self::BlindResend => "blind-resend",
            Self::AcknowledgedBeforeCommit => "acknowledged-before-commit",
            Self::ReleasedBeforeDrain => "released-before-drain",
        }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place where a rule may act on a cashbox. Returns at once unless one does.
///
/// # Panics
/// When a rule says so; when the rules cannot be read, because a fault that silently does not happen proves nothing.
pub async fn point(name: &'static str, cashbox: CashBoxId) {
    #[cfg(feature = "sabotage")]
    armed::pass(name, cashbox).await;
    #[cfg(not(feature = "sabotage"))]
    let _ = (name, cashbox);
}

/// Whether a mutant lives in this process.
#[must_use]
pub fn mutant(which: Mutant) -> bool {
    #[cfg(feature = "sabotage")]
    return armed::lives(which);
    #[cfg(not(feature = "sabotage"))]
    {
        let _ = which;
        false
    }
}

/// How many milliseconds the wall clock of this process is ahead of the machine's; 0 unless it was told otherwise.
#[must_use]
pub fn clock_skew_ms() -> i64 {
    #[cfg(feature = "sabotage")]
    return armed::clock_skew_ms();
    #[cfg(not(feature = "sabotage"))]
    0
}

/// What a process was told to do wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// The file with the rules.
    pub rules_file: Option<String>,
    /// The mutants that live.
    pub mutants: Vec<Mutant>,
    /// How many milliseconds the wall clock is ahead of the machine's.
    pub clock_skew_ms: i64,
    /// The pod's stable name, by which rules are limited.
    pub pod: String,
}

impl Orders {
    /// Reads what the process is told. Being told anything is a fault where it could not be obeyed.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let given = |name: &str| settings.given(name).map(|given| given.value);
        if !COMPILED_IN {
            for name in ORDERS {
                if given(name).is_some() {
                    faults.add_text(format!(
                        "{name} is set, but this build cannot be sabotaged: it was made without the cargo feature \
                         `sabotage`"
                    ));
                }
            }
            return Self::default();
        }
        Self {
            rules_file: given(RULES_FILE),
            mutants: mutants(&given(MUTANTS).unwrap_or_default(), faults),
            clock_skew_ms: given(CLOCK_SKEW).map_or(0, |skew| clock_skew(&skew, faults)),
            pod: given("Byodc__Pod__Name")
                .or_else(|| given("HOSTNAME"))
                .unwrap_or_default(),
        }
    }

    /// Puts the orders into force for the rest of the process's life. The first call counts.
    pub fn begin(self) {
        #[cfg(feature = "sabotage")]
        armed::begin(self);
    }
}

fn mutants(names: &str, faults: &mut Faults) -> Vec<Mutant> {
    let mut living = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match Mutant::ALL.into_iter().find(|mutant| mutant.name() == name) {
            Some(mutant) => living.push(mutant),
            None => faults.add_text(format!("{MUTANTS} names {name:?}, which is no mutant")),
        }
    }
    living
}

fn clock_skew(skew: &str, faults: &mut Faults) -> i64 {
    let read = skew.trim().parse::<i64>().ok();
    let skew_ms = read.filter(|skew_ms| skew_ms.unsigned_abs() <= CLOCK_SKEW_MAX_MS);
    skew_ms.unwrap_or_else(|| {
        faults.add_text(format!(
            "{CLOCK_SKEW} is {skew:?}, which is no number of milliseconds within a year"
        ));
        0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Origin;

    fn read(name: &str, value: &str) -> (Orders, Faults) {
        let mut faults = Faults::default();
        let settings = Settings::default().with(Origin::Environment, [(name, value)]);
        (Orders::read(&settings, &mut faults), faults)
    }

    #[test]
    fn orders_that_nothing_could_obey_are_a_fault() {
        for (name, order) in [
            (RULES_FILE, "r.json"),
            (MUTANTS, "blind-resend"),
            (CLOCK_SKEW, "5"),
        ] {
            let (_, faults) = read(name, order);
            assert_eq!(faults.lines().is_empty(), COMPILED_IN, "{faults}");
        }
    }

    #[cfg(feature = "sabotage")]
    #[test]
    fn a_clock_is_set_forwards_or_backwards_by_less_than_a_year() {
        let (orders, faults) = read(CLOCK_SKEW, "-3600000");
        assert!(faults.lines().is_empty(), "{faults}");
        assert_eq!(orders.clock_skew_ms, -3_600_000);
        for wrong in ["an hour", "1.5", "-9223372036854775808"] {
            let (orders, faults) = read(CLOCK_SKEW, wrong);
            assert_eq!((orders.clock_skew_ms, faults.lines().len()), (0, 1), "{wrong}");
        }
    }

    #[cfg(feature = "sabotage")]
    #[test]
    fn a_mutant_that_does_not_exist_is_a_fault() {
        let (orders, faults) = read(MUTANTS, "blind-resend, blind-faith");
        assert_eq!(orders.mutants, [Mutant::BlindResend]);
        assert!(faults.lines()[0].contains("\"blind-faith\""), "{faults}");
    }
}
