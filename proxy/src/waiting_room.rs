//! Where requests wait while their cashbox changes hands.
//!
//! Bounded for each cashbox and in all: past either bound a request is refused at once. Who waits is woken when the
//! cashbox has a new owner, and looks for itself after a while anyway.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::identity::CashBoxId;
use tokio::sync::Notify;

/// The room, its bounds, and who waits in it.
#[derive(Debug)]
pub struct WaitingRoom {
    per_cashbox_max: usize,
    total_max: usize,
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    total: usize,
    rows: HashMap<CashBoxId, Row>,
}

#[derive(Debug, Default)]
struct Row {
    taken: usize,
    news: Arc<Notify>,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Too many wait for this cashbox.
    ForCashbox,
    /// Too many wait in all.
    InAll,
}

/// A place in the room, free again when it is dropped.
#[derive(Debug)]
pub struct Seat {
    room: Arc<WaitingRoom>,
    cashbox: CashBoxId,
    news: Arc<Notify>,
}

impl WaitingRoom {
    /// An empty room.
    #[must_use]
    pub fn new(per_cashbox_max: usize, total_max: usize) -> Self {
        Self {
            per_cashbox_max,
            total_max,
            seats: Mutex::default(),
        }
    }

    /// Takes a seat.
    ///
    /// # Errors
    /// When a bound is reached.
    pub fn enter(self: &Arc<Self>, cashbox: CashBoxId) -> Result<Seat, Full> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if seats.total >= self.total_max {
            return Err(Full::InAll);
        }
        let row = seats.rows.entry(cashbox).or_default();
        if row.taken >= self.per_cashbox_max {
            return Err(Full::ForCashbox);
        }
        row.taken += 1;
        let news = Arc::clone(&row.news);
        seats.total += 1;
        Ok(Seat {
            room: Arc::clone(self),
            cashbox,
            news,
        })
    }

    /// Something happened to a cashbox: who waits for it looks again.
    pub fn wake(&self, cashbox: CashBoxId) {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = seats.rows.get(&cashbox) {
            row.news.notify_waiters();
        }
    }

    /// Something happened that may concern everybody.
    pub fn wake_all(&self) {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.rows.values().for_each(|row| row.news.notify_waiters());
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

impl Seat {
    /// Waits for news of the cashbox, at most for `limit`.
    pub async fn wait(&self, limit: Duration) {
        // Running out of time is news enough: the caller looks again either way.
        let _ = tokio::time::timeout(limit, self.news.notified()).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.room.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.total -= 1;
        if let Some(row) = seats.rows.get_mut(&self.cashbox) {
            row.taken -= 1;
            if row.taken == 0 {
                seats.rows.remove(&self.cashbox);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: CashBoxId = CashBoxId::from_u128(1);
    const TWO: CashBoxId = CashBoxId::from_u128(2);

    #[test]
    fn both_bounds_hold_and_a_seat_left_is_free_again() {
        let room = Arc::new(WaitingRoom::new(2, 3));
        let first = room.enter(ONE).unwrap();
        let _second = room.enter(ONE).unwrap();
        assert_eq!(room.enter(ONE).unwrap_err(), Full::ForCashbox);
        let _third = room.enter(TWO).unwrap();
        assert_eq!(room.enter(TWO).unwrap_err(), Full::InAll);
        drop(first);
        assert!(room.enter(ONE).is_ok());
        assert_eq!(room.waiting(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn news_of_a_cashbox_wakes_who_waits_for_it_and_nobody_else() {
        let room = Arc::new(WaitingRoom::new(2, 3));
        let (one, two) = (room.enter(ONE).unwrap(), room.enter(TWO).unwrap());
        let began = tokio::time::Instant::now();
        let second = Duration::from_secs(1);
        let (woken, slept, ()) = tokio::join!(
            async {
                one.wait(second).await;
                began.elapsed()
            },
            async {
                two.wait(second).await;
                began.elapsed()
            },
            async {
                tokio::task::yield_now().await;
                room.wake(ONE);
            }
        );
        assert!(woken < second && slept >= second);
    }
}
