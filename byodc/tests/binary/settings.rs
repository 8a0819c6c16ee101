//! Settings: where they come from, what is told about them.

use crate::process::{output, text};

#[test]
fn a_flag_goes_before_the_environment_and_the_environment_before_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("settings.toml");
    std::fs::write(
        &file,
        "[Byodc.ConfigService]\nListen = \"1.1.1.1:1\"\nDirectory = \"from-file\"\n",
    )
    .unwrap();
    let shown = output(
        &[
            "config",
            "show",
            "config-service",
            "--settings",
            file.to_str().unwrap(),
            "--set",
            "Logging__LogLevel__Default=Debug",
        ],
        &[
            ("BYODC__configservice__LISTEN", "2.2.2.2:2"),
            ("Logging__LogLevel__Default", "Error"),
        ],
    );
    let shown = text(&shown);
    for line in [
        "Byodc__ConfigService__Listen = 2.2.2.2:2 (environment)",
        "Byodc__ConfigService__Directory = from-file (file)",
        "Logging__LogLevel__Default = Debug (flag)",
        "Byodc__Log__Format = text (default)",
    ] {
        assert!(shown.contains(line), "{line} is missing in {shown}");
    }
}

#[test]
fn all_faults_are_told_at_once_and_the_exit_status_is_2() {
    let environment = [
        ("Byodc__ConfigService__Listen", "here"),
        ("Byodc__ConfigService__Directory", "/no/such/directory"),
        ("Logging__LogLevel__Default", "Loud"),
    ];
    for command in [&["config", "check", "config-service"][..], &["config-service"]] {
        let told = output(command, &environment);
        assert_eq!(told.status.code(), Some(2));
        let told = text(&told);
        for (name, _) in environment {
            assert_eq!(told.matches(name).count(), 1, "{name} in {told}");
        }
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_is_a_fault_that_names_it() {
    let told = output(&["config", "check", "--settings", "/no/such/settings.toml"], &[]);
    assert_eq!(told.status.code(), Some(2));
    assert!(text(&told).contains("/no/such/settings.toml"), "{}", text(&told));
}

#[test]
fn wrong_usage_has_the_exit_status_2() {
    for command in [
        &["up", "--pods", "0"][..],
        &["config-service", "--set", "x"],
        &["nonsense"],
    ] {
        assert_eq!(output(command, &[]).status.code(), Some(2), "{command:?}");
    }
}
