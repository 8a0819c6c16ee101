//! Rows of each table: to values for a statement, and back out of a database's answer.

/// Requests and their outcomes.
pub(super) mod item;
/// Receipts, actions, exports of the TSE.
pub(super) mod journals;
/// The queue, its German part, its SCUs, its master data.
pub(super) mod queue;
/// TSE transactions that were not finished.
pub(super) mod transactions;

use shared::clock::Ticks;
use uuid::Uuid;

use super::connection::Value;

/// A moment as a value.
pub(super) fn moment(at: Ticks) -> Value<'static> {
    Value::from(at.0)
}

/// A moment as a value, if there is one.
pub(super) fn moment_if_any(at: Option<Ticks>) -> Value<'static> {
    Value::Int(at.map(|at| at.0))
}

/// An id as a value.
pub(super) fn id(bits: u128) -> Value<'static> {
    Value::Id(Some(bits.to_be_bytes()))
}

/// An id as a value, if there is one.
pub(super) fn id_if_any(bits: Option<u128>) -> Value<'static> {
    Value::Id(bits.map(u128::to_be_bytes))
}

pub(super) fn uuid(id: Uuid) -> Value<'static> {
    self::id(id.as_u128())
}

/// A row that breaks a rule of ours.
pub(super) fn broken(rule: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(rule.to_string().into())
}
