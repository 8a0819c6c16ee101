//! Values that still hold a reference as Kubernetes writes it. In a container's `env`, `$(NAME)` is replaced where
//! NAME stands before it in the list, and left as it is where not; nothing else says so.

use shared::env::{Faults, Origin, Settings, Shown};

use super::unknown;

/// Refuses every value of a setting that holds such a reference.
pub fn refuse(settings: &Settings, faults: &mut Faults) {
    let mut told: Vec<&str> = Vec::new();
    for setting in unknown::known() {
        let effective = settings.effective(setting);
        let Some(name) = reference(&effective.value) else {
            continue;
        };
        if effective.origin == Origin::Default || told.contains(&setting.name) {
            continue;
        }
        told.push(setting.name);
        let what = match setting.shown {
            Shown::Plainly => format!("$({name})"),
            // It may stand in the middle of a password.
            Shown::AsDots => "a reference of the form $(NAME)".to_owned(),
        };
        let rule = format!("{what} was not replaced: no such variable is set before it");
        faults.add(setting, &effective, &rule);
    }
}

/// The first name that is referred to. `$$(NAME)` is the way to write `$(NAME)` itself.
fn reference(value: &str) -> Option<&str> {
    value.match_indices("$(").find_map(|(at, _)| {
        let (name, _) = value[at + 2..].split_once(')')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let is_meant = !name.is_empty() && name.chars().all(plain) && !value[..at].ends_with('$');
        is_meant.then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_that_was_not_replaced_is_a_fault_that_shows_no_secret() {
        let given = [
            ("Byodc__Pod__Address", "$(POD_IP):80"),
            ("Redis__ConnectionString", "redis:6379,password=$(HUNTER2)"),
            ("Redis__Channel", "shop"),
        ];
        let mut faults = Faults::default();
        refuse(&Settings::default().with(Origin::Environment, given), &mut faults);
        assert_eq!(faults.lines().len(), 2, "{faults}");
        let told = faults.to_string();
        assert!(
            told.contains("Byodc__Pod__Address") && told.contains("$(POD_IP) was not replaced"),
            "{told}"
        );
        assert!(
            told.contains("Redis__ConnectionString") && !told.contains("HUNTER2"),
            "{told}"
        );
    }

    #[test]
    fn only_a_name_in_parentheses_is_a_reference() {
        for value in ["plain", "$(", "$()", "$$(NAME)", "a$(b c)", "${NAME}"] {
            assert_eq!(reference(value), None, "{value}");
        }
        assert_eq!(reference("$( and $(REDIS.HOST):6379"), Some("REDIS.HOST"));
    }
}
