//! The log of a TSS as a TAR: one file for each signature of a range.

use uuid::Uuid;

use super::transactions::Transactions;

/// The signatures of transactions from one number to another, of one client or all.
pub(super) fn tar(transactions: &Transactions, range: (u64, u64), client: Option<Uuid>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for tx in transactions.all() {
        if !(range.0..=range.1).contains(&tx.number) || client.is_some_and(|client| client != tx.client) {
            continue;
        }
        for revision in &tx.revisions {
            let name = format!(
                "Unixt_{}_Sig-{}_Log-Tra_No-{}.log",
                revision.at, revision.counter, tx.number
            );
            // Ends with zeros, as a file may: the end of a TAR is not where zeros begin.
            let content = [revision.asked.to_string().as_bytes(), &[0; 700]].concat();
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o444);
            header.set_cksum();
            tar.append_data(&mut header, name, content.as_slice()).unwrap();
        }
    }
    tar.into_inner().unwrap()
}
