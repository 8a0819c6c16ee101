//! The record in a database, for those who run one anyway and no Redis.
//!
//! Leases run by the database's clock. Each call is one transaction that locks the cashbox's row (in SQLite the
//! file), applies [`crate::ownership::transition`] and notes the change for those who follow. Other processes read changes
//! about five times a second, so routes follow a little later than with Redis.

/// Which database records ownership.
pub mod address;
/// One face for three databases.
mod database;
/// The tables.
mod schema;
/// Following changes.
mod changes;
/// Rows of pods and cashboxes.
mod row;
/// Steps that others are in the way of.
mod attempt;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OnceCell, broadcast};
use tokio_util::task::AbortOnDropHandle;

use super::config;
use super::first_renewals::FirstRenewals;
use super::message::{message, pod_to_json};
use super::store::{
    Confirmation, EVENTS_KEPT, Era, Owner, OwnershipEvent, OwnershipStore, Passage, Reservation, StoreError,
};
use super::transition::Step;
use crate::identity::{CashBoxId, Epoch, Incarnation};
use crate::placement::pod::PodRecord;
use address::DatabaseAddress;
use attempt::{SqlError, retrying};
use database::{Arg, Database};
use schema::SchemaError;

/// Ownership and membership in a database.
#[derive(Debug)]
pub struct SqlStore {
    tables: Arc<Tables>,
    first_renewals: FirstRenewals,
    events: broadcast::Sender<OwnershipEvent>,
    _changes: AbortOnDropHandle<()>,
}

/// The database, with its tables made at the first use.
#[derive(Debug)]
struct Tables {
    database: Database,
    prepared: OnceCell<()>,
}

impl Tables {
    async fn ready(&self) -> Result<&Database, SqlError> {
        let preparing = self.prepared.get_or_try_init(|| schema::prepare(&self.database));
        preparing.await.map_err(|error| match error {
            SchemaError::Database(error) => SqlError::Database(error),
            SchemaError::Newer(version) => SqlError::Unreadable(format!(
                "the tables are of version {version}, which a newer build wrote and this one cannot read"
            )),
        })?;
        Ok(&self.database)
    }
}

impl SqlStore {
    /// A store that connects when it is first needed, and follows changes from now on. Must be called within a
    /// tokio runtime.
    #[must_use]
    pub fn new(address: &DatabaseAddress) -> Self {
        let tables = Arc::new(Tables {
            database: Database::new(address),
            prepared: OnceCell::new(),
        });
        let events = broadcast::Sender::new(EVENTS_KEPT);
        let following = changes::follow(tables.clone(), events.clone());
        Self {
            tables,
            first_renewals: FirstRenewals::default(),
            events,
            _changes: AbortOnDropHandle::new(tokio::spawn(following)),
        }
    }

    async fn begin(&self) -> Result<database::Transaction, SqlError> {
        Ok(self.tables.ready().await?.begin().await?)
    }

    async fn try_renew(&self, pod: &PodRecord, lease: Duration) -> Result<bool, SqlError> {
        let mut transaction = self.begin().await?;
        let before = row::lock_pod(&mut transaction, pod.id.incarnation).await?;
        row::write_pod(&mut transaction, pod, lease, before.is_some()).await?;
        let lived = before.as_ref().is_some_and(|before| before.lives);
        let changed = before.is_none_or(|before| before.without_load != pod_to_json(&pod.without_load()));
        row::begin_era(&mut transaction).await?;
        if changed || !lived {
            note(&mut transaction, &OwnershipEvent::PodsChanged).await?;
        }
        transaction.commit().await?;
        Ok(lived)
    }

    async fn try_bury(&self, incarnation: Incarnation) -> Result<(), SqlError> {
        let mut transaction = self.begin().await?;
        let delete = "DELETE FROM byodc_ownership_pod WHERE incarnation = ?";
        if transaction
            .execute(delete, &[Arg::Text(incarnation.to_string())])
            .await?
            > 0
        {
            note(&mut transaction, &OwnershipEvent::PodsChanged).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn try_era(&self) -> Result<Option<Era>, SqlError> {
        let rows = self.tables.ready().await?.rows(row::SELECT_ERA, &[]).await?;
        rows.first().map(|row| row::era(row.number(0)?)).transpose()
    }

    async fn try_pods(&self) -> Result<Vec<PodRecord>, SqlError> {
        let select = "SELECT record FROM byodc_ownership_pod WHERE lease_until_ms > {now}";
        let rows = self.tables.ready().await?.rows(select, &[]).await?;
        let mut pods = rows
            .iter()
            .map(|row| row::pod(&row.text(0)?))
            .collect::<Result<Vec<_>, _>>()?;
        pods.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(pods)
    }

    async fn try_owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, SqlError> {
        let select = "SELECT p.record, b.epoch FROM byodc_ownership_box b \
                      JOIN byodc_ownership_pod p ON p.incarnation = b.holder \
                      WHERE b.cashbox = ? AND p.lease_until_ms > {now}";
        let database = self.tables.ready().await?;
        let rows = database.rows(select, &[Arg::Text(cashbox.to_string())]).await?;
        let owner = rows.first().map(|row| {
            Ok(Owner {
                pod: row::pod(&row.text(0)?)?,
                epoch: row::epoch(row.number(1)?)?,
            })
        });
        owner.transpose()
    }

    async fn try_reserve(&self, cashbox: CashBoxId, by: Incarnation) -> Result<Reservation, SqlError> {
        let mut transaction = self.begin().await?;
        if row::live_pod(&mut transaction, by).await?.is_none() {
            return Ok(Reservation::AskerUnknown);
        }
        let found = row::lock_box(&mut transaction, cashbox).await?;
        let record = found.unwrap_or_default();
        let holder = match record.holder {
            Some(holder) => row::live_pod(&mut transaction, holder).await?,
            None => None,
        };
        let Step::Write(next) = record.reserve(by, holder.is_some()) else {
            return Ok(match holder {
                Some(pod) => Reservation::HeldBy(Owner {
                    pod,
                    epoch: record.epoch,
                }),
                None => unreachable!("a reservation is refused only for a live holder"),
            });
        };
        row::write_box(&mut transaction, cashbox, next, found.is_some()).await?;
        let before = match next.confirmed_before(by) {
            Some(before) => row::any_pod(&mut transaction, before).await?,
            None => None,
        };
        let era = row::begin_era(&mut transaction).await?;
        transaction.commit().await?;
        let epoch = next.epoch;
        Ok(Reservation::Reserved {
            before: before.map(|pod| Owner { pod, epoch }),
            abandoned: next.confirmed_before(by).is_some(),
            era,
        })
    }

    async fn try_confirm(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Epoch,
    ) -> Result<Confirmation, SqlError> {
        let mut transaction = self.begin().await?;
        let found = row::lock_box(&mut transaction, cashbox).await?;
        let record = found.unwrap_or_default();
        let Step::Write(next) = record.confirm(by, epoch) else {
            return Ok(Confirmation::Superseded { epoch: record.epoch });
        };
        row::write_box(&mut transaction, cashbox, next, found.is_some()).await?;
        if let Some(pod) = row::live_pod(&mut transaction, by).await? {
            let owner = Owner { pod, epoch };
            note(&mut transaction, &OwnershipEvent::Owned { cashbox, owner }).await?;
        }
        transaction.commit().await?;
        Ok(Confirmation::Recorded)
    }

    async fn try_release(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Option<Epoch>,
    ) -> Result<(), SqlError> {
        let mut transaction = self.begin().await?;
        let Some(record) = row::lock_box(&mut transaction, cashbox).await? else {
            return Ok(());
        };
        if let Step::Write(next) = record.release(by, epoch) {
            row::write_box(&mut transaction, cashbox, next, true).await?;
            if let Some(epoch) = epoch {
                note(&mut transaction, &OwnershipEvent::Released { cashbox, epoch }).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    async fn try_hand_over(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
        to: Incarnation,
    ) -> Result<Passage, SqlError> {
        let mut transaction = self.begin().await?;
        let found = row::lock_box(&mut transaction, cashbox).await?;
        let Step::Write(next) = found.unwrap_or_default().hand_over(from, epoch, to) else {
            return Ok(Passage::NotOwner);
        };
        let Some(pod) = row::live_pod(&mut transaction, to).await? else {
            return Ok(Passage::SuccessorGone);
        };
        row::write_box(&mut transaction, cashbox, next, found.is_some()).await?;
        let owner = Owner { pod, epoch };
        note(&mut transaction, &OwnershipEvent::Owned { cashbox, owner }).await?;
        transaction.commit().await?;
        Ok(Passage::Passed)
    }
}

/// Notes a change for those who follow.
async fn note(transaction: &mut database::Transaction, event: &OwnershipEvent) -> Result<(), SqlError> {
    let insert = "INSERT INTO byodc_ownership_change (at_ms, message) VALUES ({now}, ?)";
    if let Some(message) = message(event) {
        transaction.execute(insert, &[Arg::Text(message)]).await?;
    }
    Ok(())
}

#[async_trait]
impl OwnershipStore for SqlStore {
    fn setting(&self) -> Option<&'static str> {
        Some(config::URL.name)
    }

    async fn renew(&self, pod: &PodRecord, lease: Duration) -> Result<bool, StoreError> {
        let first = self.first_renewals.is_first(pod.id.incarnation);
        let lived = retrying("renewing a pod's record", || self.try_renew(pod, lease)).await?;
        Ok(lived || first)
    }

    async fn bury(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        retrying("removing a pod's record", || self.try_bury(incarnation)).await
    }

    async fn era(&self) -> Result<Option<Era>, StoreError> {
        retrying("reading the store's era", || self.try_era()).await
    }

    async fn pods(&self) -> Result<Vec<PodRecord>, StoreError> {
        retrying("reading the pods", || self.try_pods()).await
    }

    async fn owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, StoreError> {
        retrying("reading a cashbox's owner", || self.try_owner(cashbox)).await
    }

    async fn reserve(&self, cashbox: CashBoxId, by: Incarnation) -> Result<Reservation, StoreError> {
        retrying("reserving a cashbox", || self.try_reserve(cashbox, by)).await
    }

    async fn confirm(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Epoch,
    ) -> Result<Confirmation, StoreError> {
        retrying("recording a claim", || self.try_confirm(cashbox, by, epoch)).await
    }

    async fn release(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        retrying("releasing a cashbox", || self.try_release(cashbox, by, epoch)).await
    }

    async fn hand_over(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
        to: Incarnation,
    ) -> Result<Passage, StoreError> {
        retrying("handing a cashbox over", || {
            self.try_hand_over(cashbox, from, epoch, to)
        })
        .await
    }

    fn events(&self) -> broadcast::Receiver<OwnershipEvent> {
        self.events.subscribe()
    }
}
