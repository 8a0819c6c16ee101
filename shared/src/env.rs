//! Settings: flags before environment before file before defaults, every fault reported at once.
//!
//! A component declares each of its settings once, as a [`Setting`] beside the struct that holds it, and reads them
//! with [`Settings::value`] or [`Settings::number`]. Nothing else knows a default. Names are those of the original
//! (`Redis__ConnectionString`); their letter case does not matter.
//!
//! [`Setting`]: crate::env::Setting
//! [`Settings::value`]: crate::env::Settings::value
//! [`Settings::number`]: crate::env::Settings::number

/// An address with its port, of either family.
pub mod address;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use self::address::Address;

/// One setting, declared next to what it configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// What it is when nobody sets it.
    pub default: &'static str,
    /// What it means, with its unit and bounds. The README's table is made of it.
    pub meaning: &'static str,
    /// Whether its value is shown.
    pub shown: Shown,
}

/// Whether a setting's value may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it is.
    Plainly,
    /// As dots.
    AsDots,
}

impl Setting {
    /// A setting whose value may be shown.
    #[must_use]
    pub const fn plain(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            default,
            meaning,
            shown: Shown::Plainly,
        }
    }

    /// A setting whose value is a secret, or may hold one.
    #[must_use]
    pub const fn secret(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            default,
            meaning,
            shown: Shown::AsDots,
        }
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A command line flag.
    Flag,
    /// The environment.
    Environment,
    /// The settings file.
    File,
    /// The setting's declaration.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// A setting's value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The value as text.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// All values given, by layer. The debug form shows names only.
#[derive(Default, Clone)]
pub struct Settings {
    given: BTreeMap<(String, Origin), String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

impl Settings {
    /// The process's environment. Variables that are not Unicode cannot be ours and are passed over.
    #[must_use]
    pub fn from_environment() -> Self {
        let unicode = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::default().with(Origin::Environment, unicode)
    }

    /// Adds a layer of values.
    #[must_use]
    pub fn with<N: Into<String>, V: Into<String>>(
        mut self,
        origin: Origin,
        values: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (name, value) in values {
            self.given
                .insert((name.into().to_lowercase(), origin), value.into());
        }
        self
    }

    /// The value in force: the first layer that gives one, else the default.
    #[must_use]
    pub fn effective(&self, setting: &Setting) -> Effective {
        self.given(setting.name).unwrap_or_else(|| Effective {
            value: setting.default.to_owned(),
            origin: Origin::Default,
        })
    }

    /// What was given under a name, if anything was.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<Effective> {
        let name = name.to_lowercase();
        [Origin::Flag, Origin::Environment, Origin::File]
            .into_iter()
            .find_map(|origin| {
                let value = self.given.get(&(name.clone(), origin))?.clone();
                Some(Effective { value, origin })
            })
    }

    /// Every name that was given and begins so, in lower case, without the beginning.
    pub fn given_below<'a>(&'a self, beginning: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let beginning = beginning.to_lowercase();
        self.given
            .iter()
            .filter_map(move |((name, _), value)| Some((name.strip_prefix(&beginning)?, value.as_str())))
    }

    /// Reads a setting. What cannot be read becomes a fault, and the default stands in so that reading goes on.
    ///
    /// # Panics
    /// When the declared default cannot be read: a bug that any test of the component finds.
    pub fn value<T>(&self, setting: &Setting, faults: &mut Faults) -> T
    where
        T: FromStr<Err: fmt::Display>,
    {
        let effective = self.effective(setting);
        effective.value.trim().parse().unwrap_or_else(|error: T::Err| {
            faults.add(setting, &effective, &error);
            let default = setting.default.parse();
            default.unwrap_or_else(|error| panic!("the default of {} is wrong: {error}", setting.name))
        })
    }

    /// Reads an address with its port.
    pub fn address(&self, setting: &Setting, faults: &mut Faults) -> SocketAddr {
        self.value::<Address>(setting, faults).0
    }

    /// Reads a number that must lie within bounds.
    pub fn number(&self, setting: &Setting, bounds: RangeInclusive<u64>, faults: &mut Faults) -> u64 {
        let number = self.value(setting, faults);
        if bounds.contains(&number) {
            return number;
        }
        let effective = self.effective(setting);
        faults.add(
            setting,
            &effective,
            &format!("must be {} to {}", bounds.start(), bounds.end()),
        );
        *bounds.start()
    }
}

/// What is wrong with the settings, all of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl Faults {
    /// Notes that a setting's value breaks a rule. A secret's value is not repeated.
    pub fn add(&mut self, setting: &Setting, effective: &Effective, rule: &dyn fmt::Display) {
        let value = match setting.shown {
            Shown::Plainly if !holds_credentials(&effective.value) => format!("{:?}", effective.value),
            _ => "(not shown)".to_owned(),
        };
        self.0.push(format!(
            "{} = {value} (from {}): {rule}",
            setting.name, effective.origin
        ));
    }

    /// Notes a fault that is not one setting's alone.
    pub fn add_text(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// The faults, one a line.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// Gives the value that was read, if nothing was wrong.
    ///
    /// # Errors
    /// All faults, if there are any.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// Whether a value is an address with a user, and perhaps a password, where none belongs.
fn holds_credentials(value: &str) -> bool {
    let host = value.split_once("://").map(|(_, rest)| rest.split('/').next());
    host.flatten().is_some_and(|host| host.contains('@'))
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings have {} fault(s):", self.0.len())?;
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNEL: Setting = Setting::plain("Redis__Channel", "byodc", "prefix of keys");
    const LEASE: Setting = Setting::plain("Byodc__Lease__Seconds", "10", "2 to 60");
    const PASSWORD: Setting = Setting::secret("Password", "0", "a secret");

    #[test]
    fn a_flag_goes_before_the_environment_and_letter_case_does_not_matter() {
        let settings = Settings::default()
            .with(Origin::Environment, [("REDIS__channel", "env")])
            .with(Origin::Flag, [("redis__Channel", "flag")]);
        assert_eq!(
            settings.effective(&CHANNEL),
            Effective {
                value: "flag".into(),
                origin: Origin::Flag
            }
        );
    }

    #[test]
    fn every_fault_is_reported_and_a_secret_is_not_repeated() {
        let settings = Settings::default().with(
            Origin::Environment,
            [("Byodc__Lease__Seconds", "61"), ("Password", "hunter2")],
        );
        let mut faults = Faults::default();
        settings.number(&LEASE, 2..=60, &mut faults);
        settings.value::<u32>(&PASSWORD, &mut faults);
        let text = faults.into_result(()).unwrap_err().to_string();
        assert!(
            text.contains("Byodc__Lease__Seconds = \"61\" (from environment): must be 2 to 60"),
            "{text}"
        );
        assert!(
            text.contains("Password = (not shown)") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
