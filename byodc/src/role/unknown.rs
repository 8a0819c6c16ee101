//! Names of settings that nothing reads: most often a slip of the pen, so the closest known name is told.

use shared::env::{Faults, Setting, Settings};
use strsim::normalized_damerau_levenshtein;

use super::Role;

/// Variables that begin so are meant for us.
const PREFIX: &str = "Byodc__";
/// How alike two names must be for the one to be offered for the other, from 0 to 1.
const ALIKE: f64 = 0.6;

/// Refuses names that mean nothing to any role: those that begin as ours, wherever they were given, and every one of a
/// flag, which is written by hand for this very start. A name that another role reads is in order: roles may share
/// their environment.
pub fn refuse(settings: &Settings, set: &[(String, String)], faults: &mut Faults) {
    let mut names: Vec<&str> = settings.given_below(PREFIX).map(|(rest, _)| rest).collect();
    names.dedup();
    let ours = names
        .into_iter()
        .map(|rest| format!("{}{rest}", PREFIX.to_lowercase()));
    for name in ours.filter(|name| !is_known(name)) {
        faults.add_text(format!("{name}: no such setting{}", offer(&name)));
    }
    for (name, _) in set {
        if !is_known(name) && !begins_as_ours(name) && !telemetry_target(name) {
            faults.add_text(format!("--set {name}: no such setting{}", offer(name)));
        }
    }
}

fn begins_as_ours(name: &str) -> bool {
    name.to_lowercase().starts_with(&PREFIX.to_lowercase())
}

/// The level of one target of the log: its name is open.
fn telemetry_target(name: &str) -> bool {
    name.to_lowercase().starts_with("logging__loglevel__")
}

/// Every setting that any role reads.
pub(super) fn known() -> impl Iterator<Item = &'static Setting> {
    Role::ALL.into_iter().flat_map(Role::settings)
}

fn is_known(name: &str) -> bool {
    known().any(|setting| setting.name.eq_ignore_ascii_case(name))
}

/// The known name that differs least. What all names share counts for nothing.
fn offer(name: &str) -> String {
    let own_part = |name: &str| name.to_lowercase().replacen(&PREFIX.to_lowercase(), "", 1);
    let wanted = own_part(name);
    known()
        .map(|setting| {
            (
                normalized_damerau_levenshtein(&wanted, &own_part(setting.name)),
                setting.name,
            )
        })
        .filter(|(alike, _)| *alike > ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map_or_else(String::new, |(_, closest)| format!("; did you mean {closest}?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    #[test]
    fn a_slip_of_the_pen_is_a_fault_that_names_the_closest_setting() {
        let given = [
            ("Byodc__ConfigService__Directroy", "x"),
            ("BYODC__CONFIGSERVICE__LISTEN", "y"),
            ("Byodc__Zebra", "z"),
            ("HOME", "z"),
        ];
        let mut faults = Faults::default();
        let settings = Settings::default().with(Origin::Environment, given);
        refuse(&settings, &[], &mut faults);
        assert_eq!(
            faults.lines(),
            [
                "byodc__configservice__directroy: no such setting; did you mean Byodc__ConfigService__Directory?",
                "byodc__zebra: no such setting"
            ]
        );
    }

    #[test]
    fn an_unknown_flag_is_a_fault_told_once_and_a_log_target_is_none() {
        let mut faults = Faults::default();
        let set = [
            "Byodc__ConfigService__Lissten",
            "Redis__Chanel",
            "Logging__LogLevel__proxy",
        ];
        let set = set.map(|name| (name.to_owned(), String::new()));
        let settings = Settings::default().with(Origin::Flag, set.iter().cloned());
        refuse(&settings, &set, &mut faults);
        assert_eq!(faults.lines().len(), 2, "{faults}");
        for closest in ["Byodc__ConfigService__Listen?", "Redis__Channel?"] {
            assert!(faults.to_string().contains(closest), "{faults}");
        }
    }
}
