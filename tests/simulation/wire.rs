//! Everything that leaves a process: one question, one answer, and no promise that either arrives.
//!
//! A question is not asked where it is awaited. It is laid on the wire of its process; the simulation takes it from
//! there, draws its fate, carries it out at its place in virtual time, and gives the answer back, or never.

use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, oneshot};

use crate::net::Net;
use crate::simulation::{HostId, Simulation};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The store of ownership.
    Owners,
    /// The journal database.
    Journal,
    /// A TSE.
    Tse,
    /// The configuration service.
    Configurations,
    /// Another pod, at its admin port.
    Peer,
    /// A pod that a cashbox is handed to.
    Successor,
    /// A pod, as proxies ask it.
    Pod,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The question certainly did not arrive.
    Refused,
    /// Nobody knows whether it did.
    Silent,
}

/// Carries a host's question out at its place; none when it will be answered by a [`Parcel::Reply`], or never.
pub type Run = Box<dyn FnOnce(&mut Simulation, HostId) -> Option<Give> + Send>;
/// Gives an answer to whoever waits for it.
pub type Give = Box<dyn FnOnce() + Send>;
/// Tells whoever waits that there is no answer.
pub type Fail = Box<dyn FnOnce(Lost) + Send>;

/// What lies on a wire.
pub enum Parcel {
    /// A question.
    Ask {
        /// To whom.
        place: Place,
        /// What, in one word.
        what: &'static str,
        /// How it is carried out.
        run: Run,
        /// What becomes of it otherwise.
        fail: Fail,
    },
    /// A pod's answer to a question that was brought to it.
    Reply {
        /// Who asked.
        to: HostId,
        /// The answer.
        give: Give,
        /// What becomes of it otherwise.
        fail: Fail,
    },
}

/// The way out of one process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Wire(Arc<Inner>);

#[derive(Default)]
struct Inner {
    parcels: Mutex<Vec<Parcel>>,
    laid: Notify,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// Asks, and waits for the answer.
    pub async fn ask<T: Send + 'static>(
        &self,
        place: Place,
        what: &'static str,
        answer: impl FnOnce(&mut Simulation) -> T + Send + 'static,
    ) -> Result<T, Lost> {
        self.bring(place, what, |post| {
            Box::new(move |simulation, _| {
                let answer = answer(simulation);
                Some(Box::new(move || post.give(Ok(answer))))
            })
        })
        .await
    }

    /// Brings a question to where it is answered later, through the post that it is given.
    pub async fn bring<T: Send + 'static>(
        &self,
        place: Place,
        what: &'static str,
        run: impl FnOnce(Post<T>) -> Run,
    ) -> Result<T, Lost> {
        let (sender, answer) = oneshot::channel();
        let post = Post(Arc::new(Mutex::new(Some(sender))));
        let (run, fail) = (run(post.clone()), Box::new(move |lost| post.give(Err(lost))));
        self.lay(Parcel::Ask {
            place,
            what,
            run,
            fail,
        });
        let answered = async { answer.await.unwrap_or(Err(Lost::Silent)) };
        match Net::patience(place) {
            Some(patience) => tokio::time::timeout(patience, answered)
                .await
                .unwrap_or(Err(Lost::Silent)),
            None => answered.await,
        }
    }

    /// Lays something on the wire.
    pub fn lay(&self, parcel: Parcel) {
        self.parcels().push(parcel);
        self.0.laid.notify_one();
    }

    /// Waits until something lies there.
    pub async fn laid(&self) {
        while self.parcels().is_empty() {
            self.0.laid.notified().await;
        }
    }

    /// Takes what lies there.
    pub fn take(&self) -> Vec<Parcel> {
        std::mem::take(&mut *self.parcels())
    }

    fn parcels(&self) -> std::sync::MutexGuard<'_, Vec<Parcel>> {
        self.0
            .parcels
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Where an answer goes. The first one counts.
#[derive(Debug)]
pub struct Post<T>(Arc<Mutex<Option<Waiting<T>>>>);

type Waiting<T> = oneshot::Sender<Result<T, Lost>>;

impl<T> Clone for Post<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Post<T> {
    /// Answers, unless that was done before or nobody waits any more.
    pub fn give(&self, answer: Result<T, Lost>) {
        let sender = self
            .0
            .lock()
            .expect("nothing panics while it holds this lock")
            .take();
        if let Some(sender) = sender {
            let _ = sender.send(answer);
        }
    }

    /// Whether somebody may still wait.
    pub fn is_open(&self) -> bool {
        let sender = self.0.lock().expect("nothing panics while it holds this lock");
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }
}

impl<T> Default for Post<T> {
    /// One that nobody waits for.
    fn default() -> Self {
        Self(Arc::default())
    }
}
