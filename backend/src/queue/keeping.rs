//! Where the vectors' receipts are kept: nowhere. `tests/vectors` plays the same vectors with a database in this place.

use crate::journal::entry::{Entry, Intent, OpenQueue};
use crate::queue::engine::QueueOptions;

/// Keeps nothing.
pub struct Keeping;

impl Keeping {
    /// A queue was opened.
    pub fn of(_opened: &OpenQueue, _options: &QueueOptions) -> Self {
        Self
    }

    /// A request was begun.
    pub fn begun(&mut self, _intent: &Intent) {}

    /// A request was ended.
    pub fn ended(&mut self, _entry: &Entry) {}
}
