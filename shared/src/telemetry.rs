//! Logs: one line an event, to standard output, in the same shape for every role.
//!
//! | field | what |
//! |---|---|
//! | `cashbox.id`, `queue.id`, `queue_item.id`, `scu.id`, `tss.id`, `operation.id` | ids, as their newtypes are shown |
//! | `pod.id`, `owner.id` | a pod as `name/incarnation`: the one that did something, the one that holds the cashbox |
//! | `from`, `to`, `reason`, `epoch` | a change of ownership; the epoch is a number everywhere |
//! | `trace.id` | the trace of the request that is worked on |
//! | `status`, `refusal`, `duration_ms` | how a request ended, in the line at its end under the target `request` |
//! | `error` | what went wrong, down to its root where the cause is known |
//!
//! In JSON a line is one flat object: `timestamp` (RFC 3339, UTC), `level`, `message`, `target`, and the fields.
//! `cashbox.id` and `trace.id` are added where the running task knows them and the line does not say them itself.

/// Adds to each line what the running task knows.
mod line;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

use self::line::Completed;
use crate::env::{Faults, Setting, Settings};

/// How much is logged, in the words of .NET, as the original takes them.
pub const LEVEL: Setting = Setting::plain(
    "Logging__LogLevel__Default",
    "Information",
    "how much is logged: Trace, Debug, Information, Warning, Error, Critical or None; \
     Logging__LogLevel__<target> for one target; RUST_LOG goes before all of it",
);
/// How a line looks.
pub const FORMAT: Setting =
    Setting::plain("Byodc__Log__Format", "text", "how a log line looks: text or json");

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[LEVEL, FORMAT];

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A filter in the words of `tracing`.
    pub filter: String,
    /// How a line looks.
    pub format: Format,
}

/// A word that is no level.
#[derive(Debug, Error)]
#[error("not a log level: expected Trace, Debug, Information, Warning, Error, Critical or None")]
struct LevelError;

impl Config {
    /// Reads what is logged, and how.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        Self {
            filter: filter(settings, faults),
            format: format(settings, faults),
        }
    }
}

fn filter(settings: &Settings, faults: &mut Faults) -> String {
    if let Some(own) = settings.given("RUST_LOG") {
        return own.value;
    }
    let effective = settings.effective(&LEVEL);
    let default = level(&effective.value).unwrap_or_else(|error| {
        faults.add(&LEVEL, &effective, &error);
        "info"
    });
    let mut filter = default.to_owned();
    if matches!(default, "warn" | "error") {
        // Who changed something is not noise; it goes with None, or by its own setting, Logging__LogLevel__audit.
        filter += ",audit=info";
    }
    for (target, word) in settings.given_below("Logging__LogLevel__") {
        match level(word) {
            // Categories of .NET ("Microsoft.AspNetCore") name nothing here and filter nothing.
            Ok(level) if target != "default" && !target.contains('.') => {
                filter += &format!(",{target}={level}")
            }
            Ok(_) => {}
            Err(_) if target == "default" => {}
            Err(error) => faults.add_text(format!("Logging__LogLevel__{target} = {word:?}: {error}")),
        }
    }
    filter
}

fn format(settings: &Settings, faults: &mut Faults) -> Format {
    let effective = settings.effective(&FORMAT);
    match effective.value.as_str() {
        "text" => Format::Text,
        "json" => Format::Json,
        _ => {
            faults.add(&FORMAT, &effective, &"must be text or json");
            Format::Text
        }
    }
}

fn level(word: &str) -> Result<&'static str, LevelError> {
    match word.to_lowercase().as_str() {
        "trace" => Ok("trace"),
        "debug" => Ok("debug"),
        "information" => Ok("info"),
        "warning" => Ok("warn"),
        "error" | "critical" => Ok("error"),
        "none" => Ok("off"),
        _ => Err(LevelError),
    }
}

/// Starts logging. Called once, first thing in a process.
///
/// # Errors
/// When the filter cannot be read, or logging was started before.
pub fn start(config: &Config) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_new(&config.filter)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    let format = config.format;
    match format {
        Format::Text => lines
            .with_ansi(false)
            .map_event_format(|inner| Completed { inner, format })
            .try_init(),
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .map_event_format(|inner| Completed { inner, format })
            .try_init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Origin;

    #[test]
    fn the_words_of_dotnet_become_a_filter() {
        let settings = Settings::default().with(
            Origin::Environment,
            [
                ("Logging__LogLevel__Default", "Warning"),
                ("Logging__LogLevel__backend", "Debug"),
            ],
        );
        let mut faults = Faults::default();
        assert_eq!(
            Config::read(&settings, &mut faults).filter,
            "warn,audit=info,backend=debug"
        );
        assert!(faults.lines().is_empty());
    }

    #[test]
    fn an_unknown_word_is_a_fault_that_names_the_variable() {
        let settings =
            Settings::default().with(Origin::Environment, [("Logging__LogLevel__Default", "Loud")]);
        let mut faults = Faults::default();
        let _ = Config::read(&settings, &mut faults);
        assert!(faults.lines()[0].starts_with("Logging__LogLevel__Default = \"Loud\""));
    }
}
