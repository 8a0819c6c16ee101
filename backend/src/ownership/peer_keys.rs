//! The key by which the pods of an installation know each other.
//!
//! The first key is sent to other pods, each listed one is accepted from them, so a key is replaced in three rollouts:
//! `old,new`, then `new,old`, then `new`. A first one is introduced in two: `new,open`, which sends it and asks nobody
//! for it, then `new`.
//!
//! A pod that does not know our key does not say whether it holds a cashbox, and is no less alive for that.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use shared::access::admin_keys::Refused;
use shared::access::bearer::{KEY_CHARS_MAX, KeyDigest, Presented};
use shared::env::{Faults, Setting, Settings};
use shared::identity::pod::PodId;
use thiserror::Error;

/// The key.
pub const KEY: Setting = Setting::secret(
    "Byodc__Peer__Key",
    "",
    "key by which pods know each other, the same in all of them: 32 to 256 visible characters without a comma; two \
     separated by a comma while one replaces the other (the first is sent, both are accepted); empty: pods ask each \
     other for none",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[KEY];

/// The shortest key: whoever guesses asks over the network.
const KEY_CHARS_MIN: usize = 32;
/// The word for a pod that does not ask for the key yet.
const OPEN: &str = "open";

/// The keys of a pod.
#[derive(Clone, Default)]
pub struct PeerKeys {
    sent: Option<HeaderValue>,
    /// Empty = whoever asks is answered.
    accepted: Vec<KeyDigest>,
    told: Arc<Told>,
}

/// What was said once and is not repeated.
#[derive(Default)]
struct Told {
    refused: AtomicBool,
    was_refused: AtomicBool,
}

impl fmt::Debug for PeerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerKeys")
            .field("accepted", &self.accepted.len())
            .finish_non_exhaustive()
    }
}

/// Why a setting holds no keys. Never shows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PeerKeysError {
    /// More than an old and a new one.
    #[error("there may be two keys, an old and a new one")]
    TooMany,
    /// Not a key.
    #[error("key {0} must have 32 to 256 visible characters")]
    Unfit(usize),
    /// Nothing would be gained.
    #[error("the word open stands behind a key that is being introduced")]
    OpenAlone,
    /// Twice the same.
    #[error("both keys are the same")]
    Same,
}

impl FromStr for PeerKeys {
    type Err = PeerKeysError;

    fn from_str(text: &str) -> Result<Self, PeerKeysError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let entries: Vec<&str> = text.split(',').map(str::trim).collect();
        let (keys, asks) = match entries[..] {
            [OPEN] | [OPEN, _] => return Err(PeerKeysError::OpenAlone),
            [key, OPEN] => (vec![key], false),
            [_] | [_, _] => (entries, true),
            _ => return Err(PeerKeysError::TooMany),
        };
        if let Some(at) = keys.iter().position(|key| !is_fit(key)) {
            return Err(PeerKeysError::Unfit(at + 1));
        }
        if keys.len() == 2 && keys[0] == keys[1] {
            return Err(PeerKeysError::Same);
        }
        let accepted = keys.iter().filter(|_| asks).map(|key| KeyDigest::of(key));
        Ok(Self {
            sent: Some(bearer(keys[0])),
            accepted: accepted.collect(),
            told: Arc::default(),
        })
    }
}

fn is_fit(key: &str) -> bool {
    (KEY_CHARS_MIN..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

fn bearer(key: &str) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!("Bearer {key}")).expect("a fit key is visible ASCII");
    value.set_sensitive(true);
    value
}

impl PeerKeys {
    /// Reads [`KEY`].
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        settings.value(&KEY, faults)
    }

    /// What goes with every question to another pod.
    #[must_use]
    pub fn sent(&self) -> HeaderMap {
        let key = self.sent.clone().map(|key| (AUTHORIZATION, key));
        key.into_iter().collect()
    }

    /// Whether whoever asks is a pod of this installation.
    ///
    /// # Errors
    /// When it shows no key, or one that is not accepted.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let refused = match Presented::by(headers) {
            _ if self.accepted.is_empty() => return Ok(()),
            Presented::Key(digest) if digest.is_any_of(&self.accepted) => return Ok(()),
            Presented::Nothing => Refused::KeyMissing,
            Presented::Key(_) | Presented::Unreadable => Refused::KeyUnknown,
        };
        if !self.told.refused.swap(true, Ordering::Relaxed) {
            tracing::warn!(%refused, setting = KEY.name, "somebody asks as a pod would, without a key of this pod; not told again");
        }
        Err(refused)
    }

    /// Says once that a pod does not know our key.
    pub fn were_refused_by(&self, pod: &PodId) {
        if !self.told.was_refused.swap(true, Ordering::Relaxed) {
            tracing::warn!(pod.id = %pod, setting = KEY.name,
                "a pod does not know our key and tells us nothing: cashboxes are not handed over to it; not told again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    const OLD: &str = "old-old-old-old-old-old-old-old-";
    const NEW: &str = "new-new-new-new-new-new-new-new-";

    /// Whether a pod with one setting answers a pod with the other.
    fn answers(asked: &str, asking: &str) -> bool {
        let [asked, asking]: [PeerKeys; 2] = [asked, asking].map(|text| text.parse().unwrap());
        asked.admit(&asking.sent()).is_ok()
    }

    #[test]
    fn pods_of_neighbouring_steps_of_a_replacement_know_each_other() {
        let replaced = [
            OLD.to_owned(),
            format!("{OLD},{NEW}"),
            format!("{NEW},{OLD}"),
            NEW.to_owned(),
        ];
        let introduced = ["".to_owned(), format!("{NEW},open"), NEW.to_owned()];
        for steps in [&replaced[..], &introduced[..]] {
            for pair in steps.windows(2) {
                assert!(
                    answers(&pair[0], &pair[1]) && answers(&pair[1], &pair[0]),
                    "{pair:?}"
                );
            }
        }
        for (asked, asking) in [(OLD, NEW), (NEW, "")] {
            assert!(!answers(asked, asking));
        }
    }

    #[test]
    fn what_is_no_key_is_a_fault_that_names_the_setting_and_shows_nothing() {
        for text in [
            "hunter2",
            "open",
            &format!("open,{NEW}"),
            &format!("{NEW},hunter2"),
            &format!("{NEW},{NEW}"),
            &format!("{NEW},{OLD},hunter2"),
            &format!("hunter2 {NEW}"),
            &format!("hunter2{}", "x".repeat(KEY_CHARS_MAX)),
        ] {
            let settings = Settings::default().with(Origin::Environment, [(KEY.name, text)]);
            let mut faults = Faults::default();
            let keys = PeerKeys::read(&settings, &mut faults);
            assert_eq!((faults.lines().len(), keys.sent().len()), (1, 0), "{text}");
            let told = faults.to_string();
            assert!(
                told.contains(KEY.name) && !told.contains("hunter2") && !told.contains("new-"),
                "{told}"
            );
        }
    }

    #[test]
    fn the_debug_form_shows_no_key() {
        let keys: PeerKeys = NEW.parse().unwrap();
        assert!(!format!("{keys:?} {:?}", keys.sent()).contains("new-"));
    }
}
