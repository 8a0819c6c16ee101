//! The addresses that clients know. Whoever is told to stop hears of it at once, clients only some time later.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A list of URLs that follows the truth with a delay; clones are the same list.
#[derive(Debug, Clone)]
pub struct Endpoints {
    known: Arc<Mutex<Vec<Known>>>,
    lag: Duration,
}

#[derive(Debug, Clone)]
struct Known {
    url: String,
    /// Since when it should not be here any more.
    stale_since: Option<Instant>,
}

impl Endpoints {
    /// A list of these, whose removals are seen `lag` later. New ones are seen at once: a client that comes too early
    /// finds them ready, for only ready ones are announced.
    #[must_use]
    pub fn of(urls: impl IntoIterator<Item = String>, lag: Duration) -> Self {
        let known = urls.into_iter().map(|url| Known {
            url,
            stale_since: None,
        });
        Self {
            known: Arc::new(Mutex::new(known.collect())),
            lag,
        }
    }

    /// A list that never changes.
    #[must_use]
    pub fn fixed(urls: impl IntoIterator<Item = String>) -> Self {
        Self::of(urls, Duration::ZERO)
    }

    /// Takes note of who is ready now.
    pub(super) fn see(&self, ready: &[String]) {
        let mut known = self.known.lock().unwrap();
        known.retain(|entry| !entry.is_gone(self.lag));
        for entry in &mut *known {
            entry.stale_since = match ready.contains(&entry.url) {
                true => None,
                false => entry.stale_since.or(Some(Instant::now())),
            };
        }
        for url in ready {
            if !known.iter().any(|entry| entry.url == *url) {
                known.push(Known {
                    url: url.clone(),
                    stale_since: None,
                });
            }
        }
    }

    /// Takes note that one is told to stop at this moment.
    pub(super) fn leaves(&self, url: &str) {
        let mut known = self.known.lock().unwrap();
        for entry in known.iter_mut().filter(|entry| entry.url == url) {
            entry.stale_since = Some(Instant::now());
        }
    }

    /// The one to ask at the `at`-th try: a client goes through the list. None while it is empty.
    #[must_use]
    pub fn at(&self, at: usize) -> Option<String> {
        let known = self.urls();
        let chosen = at.checked_rem(known.len())?;
        Some(known[chosen].clone())
    }

    fn urls(&self) -> Vec<String> {
        let known = self.known.lock().unwrap();
        let still_known = known.iter().filter(|entry| !entry.is_gone(self.lag));
        still_known.map(|entry| entry.url.clone()).collect()
    }
}

impl Known {
    /// Whether clients have heard by now that it should not be here.
    fn is_gone(&self, lag: Duration) -> bool {
        self.stale_since.is_some_and(|since| since.elapsed() >= lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ready_is_known_at_once_and_what_is_not_any_more_after_the_lag() {
        let prompt = Endpoints::of(["a".to_owned(), "b".to_owned()], Duration::ZERO);
        prompt.see(&["b".to_owned(), "c".to_owned()]);
        assert_eq!(prompt.urls(), ["b", "c"]);
        let late = Endpoints::of(["a".to_owned(), "b".to_owned()], Duration::from_secs(3600));
        late.see(&["b".to_owned(), "c".to_owned()]);
        assert_eq!(late.urls(), ["a", "b", "c"]);
        late.leaves("b");
        assert_eq!(late.urls(), ["a", "b", "c"]);
        assert_eq!(late.at(4), Some("b".to_owned()));
        assert_eq!(Endpoints::fixed([]).at(0), None);
    }
}
