//! Numbers that come nearly in order, put into their order.

use std::collections::BTreeMap;

/// Rows and receipts that may stand out of their order: the original's clock may have been set back.
const OUT_OF_ORDER_MAX: usize = 1000;

/// Puts numbers that come nearly in order into their order, and tells of gaps and repetitions.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    /// The last number that was passed on.
    pub(super) last: i64,
    early: BTreeMap<i64, T>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            last: 0,
            early: BTreeMap::new(),
        }
    }
}

impl<T> InOrder<T> {
    /// Takes one; answers those whose turn it is.
    pub(super) fn put(&mut self, number: i64, what: T, fault: &mut dyn FnMut(Fault)) -> Vec<T> {
        if number <= self.last || self.early.contains_key(&number) {
            fault(Fault::Twice(number));
            return Vec::new();
        }
        self.early.insert(number, what);
        let mut next = self.in_turn();
        if self.early.len() > OUT_OF_ORDER_MAX {
            self.step_over(fault);
            next.extend(self.in_turn());
        }
        next
    }

    /// What is left when none comes any more.
    pub(super) fn finish(&mut self, fault: &mut dyn FnMut(Fault)) -> Vec<T> {
        let mut rest = Vec::new();
        while !self.early.is_empty() {
            self.step_over(fault);
            rest.extend(self.in_turn());
        }
        rest
    }

    fn in_turn(&mut self) -> Vec<T> {
        let mut next = Vec::new();
        while let Some(what) = self.early.remove(&(self.last + 1)) {
            self.last += 1;
            next.push(what);
        }
        next
    }

    fn step_over(&mut self, fault: &mut dyn FnMut(Fault)) {
        if let Some((&first, _)) = self.early.first_key_value() {
            fault(Fault::Missing {
                from: self.last + 1,
                to: first - 1,
            });
            self.last = first - 1;
        }
    }
}

/// Something that breaks the order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// These never came.
    Missing { from: i64, to: i64 },
    /// This one came again.
    Twice(i64),
}

impl Fault {
    /// In words, of what is numbered.
    pub(super) fn of(self, what: &str) -> String {
        match self {
            Self::Missing { from, to } if from == to => format!("{what} {from} is missing"),
            Self::Missing { from, to } => format!("{what}s {from} to {to} are missing"),
            Self::Twice(number) => format!("{what} {number} is given twice"),
        }
    }
}
