//! What becomes of a question: the faults of networks, in one place.

use std::time::Duration;

use crate::chance::Chance;
use crate::simulation::HostId;
use crate::wire::Place;

/// What becomes of a question, in milliseconds from when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and so does its answer.
    Answered {
        /// The way there.
        there: u64,
        /// The way back.
        back: u64,
    },
    /// It certainly does not arrive.
    Refused {
        /// When that is known.
        after: u64,
    },
    /// It does not arrive, and nobody can know.
    QuestionLost,
    /// It arrives, and nobody is told.
    AnswerLost {
        /// The way there.
        there: u64,
    },
}

/// The network between all processes.
#[derive(Debug, Default)]
pub struct Net {
    /// How many of a hundred questions something happens to.
    pub loss_percent: u64,
    /// By how much every way is longer, in milliseconds at the most.
    pub slower_ms: u64,
    /// How many of a hundred signatures take long.
    pub slow_tse_percent: u64,
    cuts: Vec<Cut>,
}

/// Nothing goes from somebody to some place.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Who is cut off; none: everybody.
    who: Option<HostId>,
    place: Place,
    until_ms: u64,
}

impl Net {
    /// Cuts somebody, or everybody, off from a place until a moment.
    pub fn cut(&mut self, who: Option<HostId>, place: Place, until_ms: u64) {
        self.cuts.push(Cut { who, place, until_ms });
    }

    /// Everything arrives again.
    pub fn heal(&mut self) {
        *self = Self::default();
    }

    /// How long an answer is waited for. A pod is waited for as long as its connection stands.
    pub fn patience(place: Place) -> Option<Duration> {
        let ms = match place {
            Place::Owners => 1_000,
            Place::Journal => 3_000,
            Place::Tse | Place::Configurations => 2_000,
            Place::Peer => 800,
            Place::Successor => 5_000,
            Place::Pod => return None,
        };
        Some(Duration::from_millis(ms))
    }

    /// Draws what becomes of a question.
    pub fn fate(&self, chance: &mut Chance, now_ms: u64, from: HostId, place: Place) -> Fate {
        let there = self.way(chance, place);
        let concerns =
            |cut: &&Cut| cut.place == place && now_ms < cut.until_ms && cut.who.is_none_or(|who| who == from);
        let is_cut = self.cuts.iter().any(|cut| concerns(&cut));
        if is_cut || chance.percent(self.loss_percent) {
            // A cut lets nothing arrive, but what was under way when it began.
            return match chance.below(if is_cut { 5 } else { 3 }) {
                0 => Fate::AnswerLost { there },
                1 | 3 => Fate::QuestionLost,
                // A pod that refuses is evidence that it is gone, which a network gives to nobody.
                _ if matches!(place, Place::Peer | Place::Successor) => Fate::QuestionLost,
                _ => Fate::Refused { after: there },
            };
        }
        let back = self.way(chance, place);
        Fate::Answered { there, back }
    }

    /// How long a way is.
    pub fn way(&self, chance: &mut Chance, place: Place) -> u64 {
        let usual = match place {
            Place::Owners | Place::Peer | Place::Successor | Place::Pod => chance.between(1, 3),
            Place::Journal => chance.between(1, 5),
            Place::Configurations => chance.between(5, 40),
            // Most signatures take a moment, some take long.
            Place::Tse if chance.percent(self.slow_tse_percent.max(5)) => chance.between(100, 1_500),
            Place::Tse => chance.between(5, 50),
        };
        usual + chance.below(self.slower_ms + 1)
    }
}
