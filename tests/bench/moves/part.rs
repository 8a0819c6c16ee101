//! One figure of the table each.

/// A pod is killed under load.
mod kill;
/// A pod falls silent under load.
mod silent;
/// Cashboxes are moved by an operator.
mod handover;
/// All pods are replaced under load.
mod rolling;
/// All proxies are replaced under load.
mod proxies;
/// Pods are added under load.
mod scale;
/// Redis is lost under load.
mod redis;
/// Everything starts at once.
mod cold;
/// What idle cashboxes occupy.
mod memory;
/// What it takes to be served by somebody else.
mod orphans;

use super::options::Options;

/// A figure that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A pod is killed.
    Kill,
    /// A pod falls silent.
    Silent,
    /// Cashboxes are moved.
    Handover,
    /// Pods are replaced.
    Rolling,
    /// Proxies are replaced.
    Proxies,
    /// Pods are added.
    Scale,
    /// Redis is lost.
    Redis,
    /// A cold start.
    Cold,
    /// Memory.
    Memory,
}

impl Part {
    /// Every part, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Kill,
        Self::Silent,
        Self::Handover,
        Self::Rolling,
        Self::Proxies,
        Self::Scale,
        Self::Redis,
        Self::Cold,
        Self::Memory,
    ];

    /// The part of this name.
    pub fn named(name: &str) -> Self {
        let part = Self::ALL.into_iter().find(|part| part.name() == name);
        part.unwrap_or_else(|| panic!("{name:?} is no part: {:?}", Self::ALL.map(Self::name)))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Silent => "silent",
            Self::Handover => "handover",
            Self::Rolling => "rolling",
            Self::Proxies => "proxies",
            Self::Scale => "scale",
            Self::Redis => "redis",
            Self::Cold => "cold",
            Self::Memory => "memory",
        }
    }

    /// Measures it and prints its rows.
    pub async fn run(self, options: &Options) {
        match self {
            Self::Kill => kill::run(options).await,
            Self::Silent => silent::run(options).await,
            Self::Handover => handover::run(options).await,
            Self::Rolling => rolling::run(options).await,
            Self::Proxies => proxies::run(options).await,
            Self::Scale => scale::run(options).await,
            Self::Redis => redis::run(options).await,
            Self::Cold => cold::run(options).await,
            Self::Memory => memory::run(options).await,
        }
    }
}
