//! What can go wrong in a round.

use std::fmt;

/// A kind of fault, as its rows of the matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// F01, F02.
    PodKilled,
    /// F05, F06, F07.
    PodPaused,
    /// F11, F12.
    PodToldToStop,
    /// F13.
    PodsRolled,
    /// F16.
    ProxyKilled,
    /// F13.
    ProxiesRolled,
    /// F25.
    RedisEmptied,
    /// F27.
    RedisStalled,
    /// F29.
    DatabaseStopped,
    /// F29, with connections that stay open.
    DatabaseStalled,
    /// F38.
    ConfigServiceAway,
    /// F17 to F20, by the way that is cut.
    WayCut,
    /// F22.
    OneDirectionLost,
    /// Running connections reset once.
    WaysReset,
    /// F23.
    WaysSlow,
    /// F42.
    TseSlow,
    /// F43.
    TseDown,
    /// F44.
    TseAnswersLost,
    /// F03, F04, F02 at an exact step.
    DiesAtAStep,
    /// F09.
    PanicsInACashbox,
    /// F41.
    CashboxesReset,
}

/// What a fault befalls; two faults at once befall different parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Processes of pods.
    Pods,
    /// Points inside pods.
    Steps,
    /// Processes of proxies.
    Proxies,
    /// The ownership store in Redis.
    Redis,
    /// A database server of the cluster's own.
    Database,
    /// The configuration service.
    Configuration,
    /// The network.
    Ways,
    /// TSEs.
    Tses,
    /// What operators do.
    Operators,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::PodKilled,
        Self::PodPaused,
        Self::PodToldToStop,
        Self::PodsRolled,
        Self::ProxyKilled,
        Self::ProxiesRolled,
        Self::RedisEmptied,
        Self::RedisStalled,
        Self::DatabaseStopped,
        Self::DatabaseStalled,
        Self::ConfigServiceAway,
        Self::WayCut,
        Self::OneDirectionLost,
        Self::WaysReset,
        Self::WaysSlow,
        Self::TseSlow,
        Self::TseDown,
        Self::TseAnswersLost,
        Self::DiesAtAStep,
        Self::PanicsInACashbox,
        Self::CashboxesReset,
    ];

    /// The pairs that the matrix names, as far as this runner can cause them: F06+F25, F13+F27, F16+F22, F02+F17.
    /// F19+F36 is left to the scenarios: a clock is set when a process starts.
    pub const NAMED_PAIRS: [(Self, Self); 4] = [
        (Self::PodPaused, Self::RedisEmptied),
        (Self::PodsRolled, Self::RedisStalled),
        (Self::ProxyKilled, Self::OneDirectionLost),
        (Self::DiesAtAStep, Self::WayCut),
    ];

    /// What it befalls.
    pub fn part(self) -> Part {
        match self {
            Self::PodKilled | Self::PodPaused | Self::PodToldToStop | Self::PodsRolled => Part::Pods,
            Self::DiesAtAStep | Self::PanicsInACashbox => Part::Steps,
            Self::ProxyKilled | Self::ProxiesRolled => Part::Proxies,
            Self::RedisEmptied | Self::RedisStalled => Part::Redis,
            Self::DatabaseStopped | Self::DatabaseStalled => Part::Database,
            Self::ConfigServiceAway => Part::Configuration,
            Self::WayCut | Self::OneDirectionLost | Self::WaysReset | Self::WaysSlow => Part::Ways,
            Self::TseSlow | Self::TseDown | Self::TseAnswersLost => Part::Tses,
            Self::CashboxesReset => Part::Operators,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
