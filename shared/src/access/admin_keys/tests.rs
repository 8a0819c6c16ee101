use http::header::AUTHORIZATION;
use proptest::prelude::*;

use super::*;
use crate::env::Origin;

fn entry(name: &str, role: &str, key: &str) -> String {
    format!("{name}:{role}:{}", KeyDigest::of(key))
}

fn read(text: &str) -> (AdminKeys, Faults) {
    let settings = Settings::default().with(Origin::Environment, [(KEYS.name, text)]);
    let mut faults = Faults::default();
    (AdminKeys::read(&settings, &mut faults), faults)
}

/// Who is let in by `keys` with this key, to look and to change.
fn admitted(keys: &AdminKeys, key: Option<&str>) -> [Result<String, u16>; 2] {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        headers.insert(AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
    }
    [Role::Read, Role::Operate].map(|needed| {
        let operator = keys.admit(&headers, needed);
        let told = |operator: Operator| match operator.role() {
            None => operator.name().to_owned(),
            Some(role) => format!("{} ({})", operator.name(), role.word()),
        };
        operator.map(told).map_err(|refused| refused.status().as_u16())
    })
}

#[test]
fn a_key_lets_in_as_far_as_its_role_goes() {
    let (keys, faults) = read(&format!(
        "{}, {}",
        entry("grafana", "read", "look"),
        entry("ops", "operate", "change")
    ));
    assert!(faults.lines().is_empty(), "{faults}");
    assert_eq!(admitted(&keys, None), [Err(401), Err(401)]);
    assert_eq!(admitted(&keys, Some("guess")), [Err(401), Err(401)]);
    assert_eq!(
        admitted(&keys, Some("look")),
        [Ok("grafana (read)".into()), Err(403)]
    );
    let operator = Ok("ops (operate)".to_owned());
    assert_eq!(admitted(&keys, Some("change")), [operator.clone(), operator]);
}

#[test]
fn without_keys_anybody_may_look_and_only_the_word_open_lets_anybody_change() {
    let anybody = || Ok("anybody".to_owned());
    for key in [None, Some("any")] {
        assert_eq!(admitted(&read(" ").0, key), [anybody(), Err(403)]);
        assert_eq!(admitted(&read("open").0, key), [anybody(), anybody()]);
    }
    let closed = AdminKeys::NoneSet.admit(&HeaderMap::new(), Role::Operate);
    assert!(closed.unwrap_err().to_string().contains("Byodc__Admin__Keys"));
}

#[test]
fn an_entry_that_breaks_a_rule_is_a_fault_that_shows_no_key() {
    const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let good = entry("ops", "operate", "change");
    let too_many: Vec<String> = (0..=list::KEYS_MAX)
        .map(|n| entry(&format!("k{n}"), "read", &format!("{n}")))
        .collect();
    for (text, rule) in [
        (SECRET.to_owned(), "entry 1 is not name:role:sha256"),
        (format!("{good},ops:operate:{SECRET}"), "entry 2: a SHA-256"),
        (format!("{good},ops:admin:{SECRET}"), "entry 2: the role"),
        (format!("{SECRET} :read:00"), "entry 1: a SHA-256"),
        (format!("o p s:read:{SECRET}"), "entry 1: the name"),
        (
            format!("{good},{}", entry("ops", "read", "look")),
            "entry 2 has the name",
        ),
        (
            format!("{good},{}", entry("other", "read", "change")),
            "entry 2 is the same key",
        ),
        (format!("open,{good}"), "entry 1 is not name:role:sha256"),
        (" , ".to_owned(), "it names no key"),
        (too_many.join(","), "there are 65 keys"),
    ] {
        let (keys, faults) = read(&text);
        assert_eq!(keys, AdminKeys::NoneSet);
        let told = faults.to_string();
        assert!(
            told.contains("Byodc__Admin__Keys") && told.contains(rule),
            "{rule}: {told}"
        );
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn an_entry_is_written_as_it_is_read() {
    let text = entry("ops.berlin", "operate", "change");
    let AdminKeys::Keys(keys) = read(&text).0 else {
        panic!("it is a key")
    };
    assert_eq!(keys[0].to_string(), text);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_of_keys_panic(text in "[a-f0-9:, operadi]{0,200}") {
        let _ = read(&text);
    }
}
