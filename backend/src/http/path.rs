//! Every spelling of every path (`fiscal-spec.md` 1.3), as one pure table.
//!
//! Letter case does not matter, a trailing slash is tolerated, and one leading GUID (the queue id, by which the
//! original's local product tells queues apart) is accepted and ignored: here the header decides.

use shared::identity::guid;

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Sign a receipt.
    Sign,
    /// Answer the same text, or reset the cashbox.
    Echo,
    /// The same with a bare JSON string.
    EchoV0,
    /// Stream a journal.
    Journal,
    /// Sign a receipt, second generation.
    SignV2,
    /// Answer the same text, or reset the cashbox, second generation.
    EchoV2,
    /// Stream a journal, second generation.
    JournalV2,
    /// Say which version runs.
    Version,
    /// Whether the process turns.
    Live,
    /// Whether the pod takes cashboxes.
    Ready,
}

/// The longest path that can be one of ours: a GUID in braces and the longest name.
const LENGTH_MAX: usize = 80;

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 10] = [
        Self::Sign,
        Self::Echo,
        Self::EchoV0,
        Self::Journal,
        Self::SignV2,
        Self::EchoV2,
        Self::JournalV2,
        Self::Version,
        Self::Live,
        Self::Ready,
    ];

    /// What a path asks for; none if it is not one of these.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        if path.len() > LENGTH_MAX {
            return None;
        }
        let lower = path.to_ascii_lowercase();
        let trimmed = lower.strip_prefix('/')?;
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        match without_guid(trimmed) {
            "sign" | "api/sign" | "json/sign" | "v1/sign" | "json/v1/sign" | "v0/sign" | "json/v0/sign" => {
                Some(Self::Sign)
            }
            "echo" | "api/echo" | "json/echo" | "v1/echo" | "json/v1/echo" => Some(Self::Echo),
            // The last is how the original's own client spells it.
            "v0/echo" | "json/v0/echo" | "v0/json/echo" => Some(Self::EchoV0),
            "journal" | "api/journal" | "json/journal" | "v1/journal" | "json/v1/journal" | "v0/journal"
            | "json/v0/journal" => Some(Self::Journal),
            "v2/sign" => Some(Self::SignV2),
            "v2/echo" => Some(Self::EchoV2),
            "v2/journal" => Some(Self::JournalV2),
            "api/version" => Some(Self::Version),
            "health/live" => Some(Self::Live),
            "health/ready" => Some(Self::Ready),
            _ => None,
        }
    }

    /// The one path under which the router knows it.
    #[must_use]
    pub fn route(self) -> &'static str {
        match self {
            Self::Sign => "/api/sign",
            Self::Echo => "/api/echo",
            Self::EchoV0 => "/v0/echo",
            Self::Journal => "/api/journal",
            Self::SignV2 => "/v2/sign",
            Self::EchoV2 => "/v2/echo",
            Self::JournalV2 => "/v2/journal",
            Self::Version => "/api/version",
            Self::Live => "/health/live",
            Self::Ready => "/health/ready",
        }
    }

    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sign | Self::SignV2 => "sign",
            Self::Echo | Self::EchoV0 | Self::EchoV2 => "echo",
            Self::Journal | Self::JournalV2 => "journal",
            Self::Version => "version",
            Self::Live | Self::Ready => "health",
        }
    }
}

fn without_guid(path: &str) -> &str {
    match path.split_once('/') {
        Some((first, rest)) if first.len() >= 32 && guid::parse(first).is_ok() => rest,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the specification: the sets of prefixes, and what follows them.
    fn specified() -> Vec<(String, Endpoint)> {
        let v1 = ["", "api/", "json/", "v1/", "json/v1/"];
        let v0 = ["v0/", "json/v0/"];
        let mut paths = Vec::new();
        for prefix in v1.into_iter().chain(v0) {
            let echo = if v0.contains(&prefix) {
                Endpoint::EchoV0
            } else {
                Endpoint::Echo
            };
            for (name, endpoint) in [
                ("Sign", Endpoint::Sign),
                ("Echo", echo),
                ("Journal", Endpoint::Journal),
            ] {
                paths.push((format!("/{prefix}{name}"), endpoint));
            }
        }
        paths.push(("/v0/json/echo".into(), Endpoint::EchoV0));
        paths.push(("/v2/Sign".into(), Endpoint::SignV2));
        paths.push(("/v2/Echo".into(), Endpoint::EchoV2));
        paths.push(("/v2/Journal".into(), Endpoint::JournalV2));
        paths.push(("/api/version".into(), Endpoint::Version));
        paths.push(("/health/live".into(), Endpoint::Live));
        paths.push(("/health/ready".into(), Endpoint::Ready));
        paths
    }

    #[test]
    fn every_path_of_the_specification_is_known_in_every_spelling() {
        for (path, endpoint) in specified() {
            let guid = "/BBBBBBBB-cccc-4ddd-8eee-ffffffffffff";
            for spelling in [
                path.clone(),
                path.to_uppercase(),
                path.to_lowercase(),
                format!("{path}/"),
                format!("{guid}{path}"),
                format!("{guid}{path}/"),
            ] {
                assert_eq!(Endpoint::of(&spelling), Some(endpoint), "{spelling}");
            }
        }
    }

    #[test]
    fn nothing_else_is_known() {
        for path in [
            "",
            "/",
            "//sign",
            "sign",
            "/signs",
            "/api",
            "/api/sign/x",
            "/xml/v0/sign",
            "/v2/pay",
            "/json/v2/sign",
            "/version",
            "/api//sign",
            "/not-a-guid/sign",
            "/%61pi/sign",
            "/api/sign//",
        ] {
            assert_eq!(Endpoint::of(path), None, "{path}");
        }
    }

    #[test]
    fn each_endpoint_is_reached_under_its_own_route() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::of(endpoint.route()), Some(endpoint));
        }
    }
}
