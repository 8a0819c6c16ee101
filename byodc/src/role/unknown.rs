//! Names of settings that nothing reads: most often a slip of the pen, so the closest known name is told.

use shared::env::{Faults, Setting, Settings};
use strsim::normalized_damerau_levenshtein;

use super::Role;

/// Variables that begin so are meant for us.
const PREFIX: &str = "Byodc__";
/// How alike two names must be for the one to be offered for the other, from 0 to 1.
const ALIKE: f64 = 0.6;

/// Names among environment and file that begin as ours and mean nothing to any role.
pub fn warnings(settings: &Settings) -> Vec<String> {
    let mut names: Vec<&str> = settings.given_below(PREFIX).map(|(rest, _)| rest).collect();
    names.dedup();
    names
        .into_iter()
        .map(|rest| format!("{}{rest}", PREFIX.to_lowercase()))
        .filter(|name| !is_known(name))
        .map(|name| format!("the setting {name} means nothing here{}", offer(&name)))
        .collect()
}

/// A flag is written by hand for this very start, so an unknown name in it is a fault.
pub fn refuse_flags(set: &[(String, String)], faults: &mut Faults) {
    for (name, _) in set {
        if !is_known(name) && !telemetry_target(name) {
            faults.add_text(format!("--set {name}: no such setting{}", offer(name)));
        }
    }
}

/// The level of one target of the log: its name is open.
fn telemetry_target(name: &str) -> bool {
    name.to_lowercase().starts_with("logging__loglevel__")
}

fn known() -> impl Iterator<Item = &'static Setting> {
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
    fn a_slip_of_the_pen_is_told_with_the_closest_name() {
        let given = [
            ("Byodc__ConfigService__Directroy", "x"),
            ("BYODC__CONFIGSERVICE__LISTEN", "y"),
            ("Byodc__Zebra", "z"),
            ("HOME", "z"),
        ];
        let warnings = warnings(&Settings::default().with(Origin::Environment, given));
        assert_eq!(
            warnings,
            [
                "the setting byodc__configservice__directroy means nothing here; did you mean Byodc__ConfigService__Directory?",
                "the setting byodc__zebra means nothing here"
            ]
        );
    }

    #[test]
    fn an_unknown_flag_is_a_fault_and_a_log_target_is_none() {
        let mut faults = Faults::default();
        let set = ["Byodc__ConfigService__Lissten", "Logging__LogLevel__proxy"];
        refuse_flags(&set.map(|name| (name.to_owned(), String::new())), &mut faults);
        assert_eq!(faults.lines().len(), 1);
        assert!(
            faults.lines()[0].ends_with("did you mean Byodc__ConfigService__Listen?"),
            "{faults}"
        );
    }
}
