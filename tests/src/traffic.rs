//! Many POS systems that sign without pause, each for one cashbox, each operation sent once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cashbox::Cashbox;
use crate::client::Pos;
use crate::eventually::eventually;
use crate::receipt;

/// How long a count of receipts may take to be reached.
const PROGRESS_WITHIN: Duration = Duration::from_secs(90);

/// Running traffic.
#[derive(Debug)]
pub struct Traffic {
    stop: CancellationToken,
    signed: Arc<AtomicU64>,
    clients: JoinSet<Vec<String>>,
}

impl Traffic {
    /// Begins to sign for every cashbox at once, one receipt after another.
    #[must_use]
    pub fn of(cashboxes: &[(Pos, Cashbox)]) -> Self {
        let (stop, signed) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
        let mut clients = JoinSet::new();
        for (pos, cashbox) in cashboxes.iter().cloned() {
            clients.spawn(sign_until(stop.clone(), pos, cashbox, signed.clone()));
        }
        Self {
            stop,
            signed,
            clients,
        }
    }

    /// Waits until this many receipts more than now have been signed.
    pub async fn signs_more(&self, receipts: u64) {
        let wanted = self.signed.load(Ordering::Relaxed) + receipts;
        eventually("traffic goes on", PROGRESS_WITHIN, async || {
            (self.signed.load(Ordering::Relaxed) >= wanted).then_some(())
        })
        .await;
    }

    /// Ends it after the receipts under way. No request may have failed.
    pub async fn ends_without_failure(self) {
        self.stop.cancel();
        let failed = self.clients.join_all().await.concat();
        assert!(
            failed.is_empty(),
            "{} receipts were signed, and {} requests failed:\n{}",
            self.signed.load(Ordering::Relaxed),
            failed.len(),
            failed.join("\n")
        );
    }
}

async fn sign_until(
    stop: CancellationToken,
    pos: Pos,
    cashbox: Cashbox,
    signed: Arc<AtomicU64>,
) -> Vec<String> {
    let mut failed = Vec::new();
    let operation = shared::identity::OperationId::random;
    for at in 0_u64.. {
        if stop.is_cancelled() {
            break;
        }
        let receipt = receipt::sale(&cashbox, &format!("T-{at}"));
        match pos.try_sign(operation(), &receipt).await {
            Ok(answer) if answer.status == 200 => {
                signed.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => failed.push(format!(
                "{} answered {}: {}",
                cashbox.id, answer.status, answer.body
            )),
            Err(fault) => failed.push(format!("{} got no answer: {fault:?}", cashbox.id)),
        }
    }
    failed
}
