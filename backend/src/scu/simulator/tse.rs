//! One simulated TSE: its log, its key and its state, shared with every pod that opens the same log.
//!
//! ```text
//! operation ─▶ lock the log ─▶ read what others appended ─▶ decide (state) ─▶ sign, append ─▶ unlock ─▶ answer
//! ```
//!
//! An operation holds the lock for well under a millisecond and runs on the caller's thread: moving it to another
//! thread would cost as much as the file work. Who finds the lock taken waits without blocking a thread. Only
//! the first reading of a log, which can be long, has a thread of its own.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::clock::{Clock, Ticks};
use tokio::sync::OnceCell;

use super::event::{Event, Operation, Signed};
use super::key::{self, TseKey};
use super::log_file::{Locked, LogFile, Place};
use super::log_message::LogMessage;
use super::state::State;
use crate::scu::ScuError;
use crate::scu::types::{TransactionIdentity, TseState};

/// How long an operation waits for the log; longer means that a process was stopped while it held it.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(5);
/// The pause between two looks at the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// One TSE.
#[derive(Debug)]
pub struct Tse {
    clock: Arc<dyn Clock>,
    /// The state of a TSE that is made now.
    born_as: TseState,
    log: Mutex<Option<LogFile>>,
    opened: OnceCell<Mutex<Opened>>,
}

#[derive(Debug)]
struct Opened {
    log: LogFile,
    key: Arc<TseKey>,
    state: State,
}

/// A TSE while its log is locked and read to the end.
pub struct Session<'a> {
    log: Locked<'a>,
    /// Its key.
    pub key: &'a Arc<TseKey>,
    /// Its state.
    pub state: &'a mut State,
    clock: &'a dyn Clock,
}

/// A step that is asked for.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is asked.
    pub operation: Operation,
    /// Under which identity.
    pub identity: TransactionIdentity,
    /// By whom.
    pub client_id: String,
    /// Of which transaction; none for a start.
    pub number: Option<u64>,
    /// Empty for a start.
    pub process_type: String,
    /// Empty for a start.
    pub process_data_base64: String,
}

impl Tse {
    /// A TSE with this log. Its log is read at the first operation; an empty one makes a new TSE.
    #[must_use]
    pub fn new(log: LogFile, born_as: TseState, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            born_as,
            log: Mutex::new(Some(log)),
            opened: OnceCell::new(),
        }
    }

    /// Does something while the log is locked and read to the end.
    ///
    /// # Errors
    /// What `work` says; or that the log could not be used, and nothing was done.
    pub async fn with<T>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, ScuError>,
    ) -> Result<T, ScuError> {
        let opened = self.opened().await?;
        let began = Instant::now();
        let mut work = Some(work);
        loop {
            if let Some(done) = self.try_with(opened, &mut work)? {
                return done;
            }
            if began.elapsed() > LOCK_WAIT_MAX {
                return Err(unavailable("its log is held by another process"));
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
    }

    /// One look at the lock: none when somebody else has it.
    fn try_with<T>(
        &self,
        opened: &Mutex<Opened>,
        work: &mut Option<impl FnOnce(&mut Session<'_>) -> Result<T, ScuError>>,
    ) -> Result<Option<Result<T, ScuError>>, ScuError> {
        let mut opened = opened
            .lock()
            .map_err(|_| unavailable("an operation on it has panicked"))?;
        let Opened { log, key, state } = &mut *opened;
        let Some(mut log) = log.try_lock().map_err(unavailable)? else {
            return Ok(None);
        };
        log.read_new(|line, place| apply(state, line, place))
            .map_err(unavailable)?;
        let clock = &*self.clock;
        let work = work.take().expect("the loop ends when the work is done");
        Ok(Some(work(&mut Session {
            log,
            key,
            state,
            clock,
        })))
    }

    async fn opened(self: &Arc<Self>) -> Result<&Mutex<Opened>, ScuError> {
        let open = || async {
            let this = Arc::clone(self);
            let opening = tokio::task::spawn_blocking(move || this.open());
            opening.await.map_err(unavailable)?.map_err(unavailable)
        };
        self.opened.get_or_try_init(open).await
    }

    /// Reads the log from its beginning; an empty one gets its first line.
    fn open(&self) -> io::Result<Mutex<Opened>> {
        let mut place = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let log = place
            .as_mut()
            .ok_or_else(|| io::Error::other("it is open already"))?;
        let (key, state) = read_from_beginning(log, self.born_as, self.clock.now())?;
        let log = place.take().expect("it was there a moment ago");
        let key = Arc::new(key);
        Ok(Mutex::new(Opened { log, key, state }))
    }
}

fn read_from_beginning(log: &mut LogFile, born_as: TseState, now: Ticks) -> io::Result<(TseKey, State)> {
    let began = Instant::now();
    let mut locked = loop {
        if let Some(locked) = log.try_lock()? {
            break locked;
        }
        if began.elapsed() > LOCK_WAIT_MAX {
            return Err(io::Error::other("its log is held by another process"));
        }
        std::thread::sleep(LOCK_PAUSE);
    };
    let mut tse = None;
    locked.read_new(|line, place| match &mut tse {
        None => {
            tse = Some(created(line)?);
            Ok(())
        }
        Some((_, state)) => apply(state, line, place),
    })?;
    match tse {
        Some(tse) => Ok(tse),
        None => create(&mut locked, born_as, now),
    }
}

fn create(log: &mut Locked<'_>, state: TseState, at: Ticks) -> io::Result<(TseKey, State)> {
    let signing = key::fresh();
    let private_key = hex::encode(signing.to_bytes());
    log.append(to_line(&Event::Created {
        private_key,
        state,
        at,
    }))?;
    Ok((TseKey::new(signing), State::new(state)))
}

fn created(line: &[u8]) -> io::Result<(TseKey, State)> {
    let Event::Created {
        private_key, state, ..
    } = from_line(line)?
    else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "its log does not begin with its creation",
        ));
    };
    let bytes = hex::decode(private_key).map_err(io::Error::other)?;
    let key = TseKey::from_private(&bytes).map_err(io::Error::other)?;
    Ok((key, State::new(state)))
}

fn apply(state: &mut State, line: &[u8], place: Place) -> io::Result<()> {
    let event = from_line(line)?;
    state.apply(&event, place).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("its log is out of order: {error}"),
        )
    })
}

impl Session<'_> {
    /// Signs a step, or answers from the log when it was signed before.
    ///
    /// # Errors
    /// When the state forbids it, when the identity was used with other content, or when the log takes no line.
    pub fn sign(&mut self, step: Step) -> Result<Signed, ScuError> {
        if let Some(before) = self.signed_before(step.identity, step.operation)? {
            return step.answered_by(before);
        }
        let now = self.clock.now();
        let time = self.state.time(now);
        let (number, start_time) = match step.number {
            None => (self.state.may_start(&step.client_id).map_err(rejected)?, time),
            Some(number) => {
                let start_time = self
                    .state
                    .may_continue(&step.client_id, number)
                    .map_err(rejected)?;
                (number, start_time)
            }
        };
        let process_data = BASE64
            .decode(&step.process_data_base64)
            .map_err(|_| rejected("The process data is not base64.".to_owned()))?;
        let counter = self.state.last_counter() + 1;
        let message = LogMessage {
            operation: step.operation,
            client_id: &step.client_id,
            process_data: &process_data,
            process_type: &step.process_type,
            number,
            serial: &self.key.serial,
            counter,
            time,
        };
        let signature = self.key.sign(&message.signed_part());
        let signed = Signed {
            operation: step.operation,
            identity: step.identity,
            number,
            counter,
            start_time,
            time,
            signature_base64: BASE64.encode(signature),
            client_id: step.client_id,
            process_type: step.process_type,
            process_data_base64: step.process_data_base64,
            at: now,
            pid: std::process::id(),
        };
        self.record(&Event::Signed(signed.clone()))?;
        Ok(signed)
    }

    /// The step that was signed under an identity, if it was.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn signed_before(
        &self,
        identity: TransactionIdentity,
        operation: Operation,
    ) -> Result<Option<Signed>, ScuError> {
        let Some(place) = self.state.signed_before(identity, operation) else {
            return Ok(None);
        };
        self.signed_at(place).map(Some)
    }

    /// The newest signatures for a client, newest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn last_signed(&self, client_id: &str, limit: usize) -> Result<Vec<Signed>, ScuError> {
        let places = self.state.last_of(client_id).take(limit);
        places.map(|place| self.signed_at(place)).collect()
    }

    /// The lines of every signature that was not erased yet, in order; to be read with `signed_from`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn exportable(&self) -> Result<Vec<Vec<u8>>, ScuError> {
        let places = self.state.exportable().iter();
        let lines = places.map(|place| self.log.read(*place));
        lines.collect::<io::Result<_>>().map_err(unavailable)
    }

    fn signed_at(&self, place: Place) -> Result<Signed, ScuError> {
        let line = self.log.read(place).map_err(unavailable)?;
        signed_from(&line)
    }

    /// Appends an event and takes it into the state.
    ///
    /// # Errors
    /// When the log takes no line; then nothing happened.
    pub fn record(&mut self, event: &Event) -> Result<(), ScuError> {
        let place = self.log.append(to_line(event)).map_err(unavailable)?;
        self.state.apply(event, place).map_err(unavailable)
    }

    /// The time of the machine.
    #[must_use]
    pub fn now(&self) -> Ticks {
        self.clock.now()
    }
}

impl Step {
    /// The answer to the same question asked before; another question under its identity is refused.
    fn answered_by(&self, before: Signed) -> Result<Signed, ScuError> {
        let same = before.client_id == self.client_id
            && self.number.is_none_or(|number| number == before.number)
            && before.process_type == self.process_type
            && before.process_data_base64 == self.process_data_base64;
        if same {
            return Ok(before);
        }
        let name = self.operation.name();
        Err(rejected(format!(
            "The identity of this {name} was used with other content before."
        )))
    }
}

/// The signature that a line holds.
///
/// # Errors
/// When it holds something else.
pub(super) fn signed_from(line: &[u8]) -> Result<Signed, ScuError> {
    match from_line(line).map_err(unavailable)? {
        Event::Signed(signed) => Ok(signed),
        _ => Err(unavailable("its log has changed")),
    }
}

fn to_line(event: &Event) -> Vec<u8> {
    serde_json::to_vec(event).expect("an event is plain data")
}

fn from_line(line: &[u8]) -> io::Result<Event> {
    serde_json::from_slice(line).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("its log has a line that cannot be read: {error}"),
        )
    })
}

/// The TSE's refusal.
pub(super) fn rejected(message: String) -> ScuError {
    ScuError::Rejected { message }
}

/// The TSE did nothing, because it could not be used at all (5.3: the text begins so).
pub(super) fn unavailable(reason: impl std::fmt::Display) -> ScuError {
    ScuError::Unreachable {
        message: format!("The TSE is not available. The simulator cannot use it: {reason}"),
    }
}
