//! A figure in words: what `byodc metrics table` prints.

/// How a figure behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only rises while the process lives.
    Counter,
    /// It rises and falls.
    Gauge,
    /// Counts of observations by size, their number and their sum.
    Histogram,
}

impl Kind {
    /// The kind in Prometheus' word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A label and every word that it can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its words.
    pub words: Vec<&'static str>,
    /// What its word says, for a label with one that changes from build to build.
    pub says: Option<&'static str>,
}

impl Label {
    /// A label with these words.
    #[must_use]
    pub fn of(name: &'static str, words: impl IntoIterator<Item = &'static str>) -> Self {
        let mut known = Vec::new();
        for word in words {
            if !known.contains(&word) {
                known.push(word);
            }
        }
        Self {
            name,
            words: known,
            says: None,
        }
    }

    /// A label with one word, which is fixed when the program is built.
    #[must_use]
    pub fn built_in(name: &'static str, word: &'static str, says: &'static str) -> Self {
        Self {
            says: Some(says),
            ..Self::of(name, [word])
        }
    }
}

/// A figure in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What tells its children apart.
    pub labels: Vec<Label>,
    /// What it means.
    pub meaning: &'static str,
    /// When it is there; none = always.
    pub only_when: Option<&'static str>,
}

impl Description {
    /// A figure without labels that is always there.
    pub(super) fn plain(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self {
            name,
            kind,
            labels: Vec::new(),
            meaning,
            only_when: None,
        }
    }
}
