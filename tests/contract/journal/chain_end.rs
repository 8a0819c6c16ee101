//! The end of a queue's chain is looked at before anything is chained to it.

use backend::journal::JournalError;

use super::faults::execute;
use super::on_own_tables;
use super::stand::Stand;
use super::till::{NOON, Till, claim, seed};

on_own_tables!(a_chain_whose_end_does_not_fit_together_is_not_opened);

/// Whatever somebody did to the end of the chain, nothing is chained to it; put right again, it goes on.
async fn a_chain_whose_end_does_not_fit_together_is_not_opened(stand: Stand) {
    // Nobody can write to the memory beside its store.
    let Some(url) = stand.url() else { return };
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    for _ in 0..3 {
        till.sign().await.unwrap();
    }
    let (queue, end) = (till.queue.queue, till.queue.receipt_hash.clone().unwrap());
    for (spoil, mend, why) in [
        (
            "UPDATE queue SET receipt_numerator = 4".to_owned(),
            "UPDATE queue SET receipt_numerator = 3".to_owned(),
            "ends with receipt 3, and the queue with receipt 4",
        ),
        (
            "UPDATE queue SET receipt_hash = 'AAAA'".to_owned(),
            format!("UPDATE queue SET receipt_hash = '{end}'"),
            "hash of receipt 3 is not the one",
        ),
        (
            "UPDATE receipt_journal SET moment = moment + 1 WHERE receipt_number = 2".to_owned(),
            "UPDATE receipt_journal SET moment = moment - 1 WHERE receipt_number = 2".to_owned(),
            "hash of receipt 2 does not follow",
        ),
        (
            "UPDATE receipt_journal SET receipt_number = 20 WHERE receipt_number = 2".to_owned(),
            "UPDATE receipt_journal SET receipt_number = 2 WHERE receipt_number = 20".to_owned(),
            "ends with receipt 20, and the queue with receipt 3",
        ),
    ] {
        execute(url, &spoil).await;
        let tenure = claim(&store, queue).await;
        let opened = store.open(&tenure, &seed(queue), NOON).await;
        let Err(JournalError::ChainBroken { detail }) = opened else {
            panic!("{spoil}: {opened:?}");
        };
        assert!(detail.contains(why), "{detail}");
        execute(url, &mend).await;
        Till::start(&store, queue).await;
    }
}
