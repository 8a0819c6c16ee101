//! A file of settings: TOML, YAML or JSON, by its extension. Nested tables are joined with two underscores, so
//! `Byodc.Lease.Seconds` in a file is `Byodc__Lease__Seconds` in the environment.

use std::path::Path;

use config::{File, Source, Value, ValueKind};

/// Reads a file into names and values.
///
/// # Errors
/// What is wrong with the file, naming it.
pub fn read(path: &Path) -> Result<Vec<(String, String)>, String> {
    let told = |what: &dyn std::fmt::Display| format!("settings file {}: {what}", path.display());
    let tables = File::from(path).collect().map_err(|error| told(&error))?;
    let mut values = Vec::new();
    for (name, value) in tables {
        flatten(name, value, &mut values).map_err(|rule| told(&rule))?;
    }
    Ok(values)
}

fn flatten(name: String, value: Value, into: &mut Vec<(String, String)>) -> Result<(), String> {
    match value.kind {
        ValueKind::Table(table) => table
            .into_iter()
            .try_for_each(|(below, value)| flatten(format!("{name}__{below}"), value, into)),
        ValueKind::Array(_) => Err(format!("{name}: a setting is one value, not a list")),
        // "not set here", as an empty YAML value reads.
        ValueKind::Nil => Ok(()),
        _ => {
            let text = value.into_string().map_err(|error| format!("{name}: {error}"))?;
            into.push((name, text));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(extension: &str, text: &str) -> Result<Vec<(String, String)>, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(format!("settings.{extension}"));
        std::fs::write(&path, text).unwrap();
        let mut values = read(&path)?;
        values.sort();
        Ok(values)
    }

    #[test]
    fn the_three_formats_say_the_same() {
        let expected = vec![
            ("Byodc__Lease__Seconds".to_owned(), "10".to_owned()),
            ("Redis__Channel".to_owned(), "shop".to_owned()),
        ];
        let toml = "Byodc.Lease.Seconds = 10\n[Redis]\nChannel = \"shop\"\n";
        let yaml = "Byodc:\n  Lease:\n    Seconds: 10\nRedis__Channel: shop\n";
        let json = r#"{"Byodc":{"Lease":{"Seconds":10}},"Redis":{"Channel":"shop"}}"#;
        assert_eq!(read_as("toml", toml).unwrap(), expected);
        assert_eq!(read_as("yaml", yaml).unwrap(), expected);
        assert_eq!(read_as("json", json).unwrap(), expected);
    }

    #[test]
    fn a_list_and_a_broken_file_are_faults_that_name_the_file() {
        let list = read_as("json", r#"{"Redis":{"Channel":["a"]}}"#).unwrap_err();
        assert!(
            list.contains("settings.json: Redis__Channel: a setting is one value"),
            "{list}"
        );
        assert!(read_as("toml", "= 1").unwrap_err().contains("settings.toml"));
        assert!(
            read(Path::new("/nowhere/settings.yaml"))
                .unwrap_err()
                .contains("/nowhere/settings.yaml")
        );
    }
}
