//! The rules: what is read from the file, and which one applies.

use serde::Deserialize;

use crate::identity::CashBoxId;

/// Every rule of a file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    rules: Vec<Rule>,
}

/// What is to happen where, to whom, how often.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// Tells this rule's firings from others', in the `.fired` file.
    pub(super) id: String,
    point: String,
    pub(super) action: Action,
    /// Milliseconds, for `delay`.
    #[serde(default)]
    pub(super) delay_ms: u64,
    /// How often it fires at the most.
    #[serde(default = "once")]
    pub(super) times: usize,
    cashbox: Option<CashBoxId>,
    pod: Option<String>,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    /// The process ends at once.
    Exit,
    /// The task panics.
    Panic,
    /// Never returns.
    Hang,
    /// Returns later.
    Delay,
}

impl Action {
    /// Its word in the rules.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Panic => "panic",
            Self::Hang => "hang",
            Self::Delay => "delay",
        }
    }
}

fn once() -> usize {
    1
}

impl Rules {
    /// Reads a file's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let rules: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for rule in &rules.rules {
            if (rule.action == Action::Delay) != (rule.delay_ms > 0) {
                return Err(format!(
                    "rule {:?}: delay_ms belongs to delay, and to nothing else",
                    rule.id
                ));
            }
        }
        Ok(rules)
    }

    /// The rules that apply at a point, in the order of the file.
    pub(super) fn at<'a>(
        &'a self,
        point: &'a str,
        cashbox: CashBoxId,
        pod: &'a str,
    ) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| {
            rule.point == point
                && rule.cashbox.is_none_or(|wanted| wanted == cashbox)
                && rule.pod.as_deref().is_none_or(|wanted| wanted == pod)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rule: &str) -> Result<Rules, String> {
        Rules::parse(&format!(r#"{{ "rules": [{rule}] }}"#))
    }

    #[test]
    fn a_rule_applies_at_its_point_to_its_cashbox_in_its_pod() {
        let wanted = CashBoxId::from_u128(7);
        let text = format!(
            r#"{{ "id": "a", "point": "after-tse", "action": "exit", "cashbox": "{wanted}", "pod": "pod-1" }}"#
        );
        let rules = rules(&text).unwrap();
        let applies = |point, cashbox, pod| rules.at(point, cashbox, pod).count() == 1;
        assert!(applies("after-tse", wanted, "pod-1"));
        assert!(!applies("before-tse", wanted, "pod-1"));
        assert!(!applies("after-tse", CashBoxId::from_u128(8), "pod-1"));
        assert!(!applies("after-tse", wanted, "pod-2"));
    }

    #[test]
    fn what_would_do_nothing_is_refused() {
        assert!(rules(r#"{ "id": "a", "point": "p", "action": "delay" }"#).is_err());
        assert!(rules(r#"{ "id": "a", "point": "p", "action": "exit", "delay_ms": 5 }"#).is_err());
        assert!(rules(r#"{ "id": "a", "point": "p", "action": "exit", "tmies": 5 }"#).is_err());
        assert!(rules(r#"{ "id": "a", "point": "p", "action": "delay", "delay_ms": 5 }"#).is_ok());
    }
}
