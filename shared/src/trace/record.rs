//! What is known of a span that has ended, and who takes it.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::context::{SpanId, TraceId};

/// What a span was towards others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It answered somebody.
    Server,
    /// It asked somebody.
    Client,
    /// Neither: a step inside this process.
    Internal,
}

/// Where a span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// Nowhere: it is the first of its trace.
    None,
    /// In another span of this process.
    Here(SpanId),
    /// In the caller's.
    Remote(SpanId),
}

/// A fact about a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word or an id.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What was done, in few words that are the same for every request.
    pub name: &'static str,
    /// What it was towards others.
    pub kind: Kind,
    /// Which trace.
    pub trace: TraceId,
    /// Its own id.
    pub span: SpanId,
    /// Where it begins.
    pub parent: Parent,
    /// When it began, by the wall clock.
    pub began: SystemTime,
    /// When it ended: as much later as the steady clock says.
    pub ended: SystemTime,
    /// What is known about it.
    pub facts: Vec<(&'static str, Value)>,
    /// Why it failed, in a word; none when it did not.
    pub failure: Option<Cow<'static, str>>,
}

/// Takes spans that have ended. Never waits: the work that a span told of goes on.
pub trait SpanSink: Send + Sync + Debug {
    /// Takes one.
    fn take(&self, ended: Record);

    /// How many were taken and could not be handed on.
    fn dropped(&self) -> u64;
}

/// Keeps spans in memory, for tests.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<Vec<Record>>);

impl InMemory {
    /// Everything taken so far, in order of their ends.
    #[must_use]
    pub fn taken(&self) -> Vec<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SpanSink for InMemory {
    fn take(&self, ended: Record) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ended);
    }

    fn dropped(&self) -> u64 {
        0
    }
}
