//! What the roles are set to, and whether that is right.

use clap::ValueEnum;
use shared::env::{Faults, Setting, Settings, Shown};

use crate::cli::{ConfigCommand, ConfigOf};
use crate::role::{self, Role};

/// Runs one of the `config` commands.
///
/// # Errors
/// The faults of the settings.
pub fn run(command: &ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Show(of) => show(of),
        ConfigCommand::Check(of) => check(of),
        ConfigCommand::Table => {
            print!("{}", table());
            Ok(())
        }
    }
}

fn roles(of: &ConfigOf) -> Vec<Role> {
    of.role.map_or_else(|| Role::ALL.to_vec(), |role| vec![role])
}

fn show(of: &ConfigOf) -> anyhow::Result<()> {
    let mut faults = Faults::default();
    let settings = role::settings(&of.given, &mut faults);
    for role in roles(of) {
        println!("{}", role.word());
        for setting in role.settings() {
            println!("  {}", line(&settings, setting));
        }
    }
    Ok(faults.into_result(())?)
}

/// `name = value (origin)`. An empty secret is shown as empty: that it is missing is no secret.
fn line(settings: &Settings, setting: &Setting) -> String {
    let effective = settings.effective(setting);
    let value = match setting.shown {
        Shown::AsDots if !effective.value.is_empty() => "••••••",
        _ => effective.value.as_str(),
    };
    format!("{} = {value} ({})", setting.name, effective.origin)
}

fn check(of: &ConfigOf) -> anyhow::Result<()> {
    let mut faults = Faults::default();
    let settings = role::settings(&of.given, &mut faults);
    for role in roles(of) {
        let mut of_role = Faults::default();
        role.check(&settings, &mut of_role);
        for fault in of_role.lines() {
            // Roles share settings; what is wrong with one is told once.
            if !faults.lines().contains(fault) {
                faults.add_text(fault);
            }
        }
    }
    faults.into_result(())?;
    println!("the settings are in order");
    Ok(())
}

/// Every setting of every role as a Markdown table, as the README shows it.
pub fn table() -> String {
    let mut rows: Vec<(&'static Setting, Vec<&'static str>)> = Vec::new();
    for role in Role::value_variants() {
        for setting in role.settings() {
            match rows.iter_mut().find(|(known, _)| known.name == setting.name) {
                Some((_, roles)) => roles.push(role.word()),
                None => rows.push((setting, vec![role.word()])),
            }
        }
    }
    let mut table = "| setting | default | read by | meaning |\n|---|---|---|---|\n".to_owned();
    for (setting, roles) in rows {
        let default = match setting.default {
            "" => String::new(),
            text => format!("`{}`", cell(text)),
        };
        let (name, meaning) = (setting.name, cell(setting.meaning));
        table += &format!("| `{name}` | {default} | {} | {meaning} |\n", roles.join(", "));
    }
    table
}

/// A text as Markdown shows it: neither a column's end nor a tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use shared::env::Origin;

    const PASSWORD: Setting = Setting::secret("Password", "", "a secret");

    #[test]
    fn a_secret_is_shown_as_dots_and_a_missing_one_as_missing() {
        let given = Settings::default().with(Origin::Environment, [("Password", "hunter2")]);
        assert_eq!(line(&given, &PASSWORD), "Password = •••••• (environment)");
        assert_eq!(line(&Settings::default(), &PASSWORD), "Password =  (default)");
    }

    #[test]
    fn the_readme_shows_every_setting_as_it_is() {
        // Asked when the test runs: a build that was kept from another checkout would name that one's README.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        let readme = std::fs::read_to_string(Path::new(&package).join("../README.md")).unwrap();
        let (_, after) = readme.split_once("<!-- settings -->\n").unwrap();
        let (shown, _) = after.split_once("<!-- /settings -->").unwrap();
        assert!(
            shown == table(),
            "README.md is behind: put what `byodc config table` prints between its settings markers"
        );
    }
}
