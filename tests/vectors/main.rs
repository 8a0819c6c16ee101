//! The worked vectors and the properties of the queue (`fiscal-spec.md` chapter 9), the same files as the queue's own
//! tests, each receipt written to a real store. After each of them another pod opens the queue, and finds what the
//! engine believes.
#![expect(clippy::duplicate_mod, reason = "each store plays the same vectors")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

/// What the vectors call their own crate's.
use backend::{journal, queue, scu};

/// The stores.
mod stores;
/// Writes what happens at a desk, and reads it back.
mod keeping;

/// Plays every vector on one store. `exports` looks inside the engine and keeps nothing, so it stays there.
macro_rules! on {
    ($store:ident, $name:ident) => {
        #[path = "."]
        mod $name {
            mod keeping {
                pub type Keeping = crate::keeping::Keeping<crate::stores::$store>;
            }
            #[path = "."]
            mod vectors {
                #[path = "../../backend/src/queue/vectors/desk.rs"]
                mod desk;
                #[path = "../../backend/src/queue/vectors/tse.rs"]
                mod tse;
                #[expect(
                    dead_code,
                    reason = "a part of it is for the exports, which are not played here"
                )]
                #[path = "../../backend/src/queue/vectors/site.rs"]
                mod site;
                #[path = "../../backend/src/queue/vectors/activation.rs"]
                mod activation;
                #[path = "../../backend/src/queue/vectors/receipts.rs"]
                mod receipts;
                #[path = "../../backend/src/queue/vectors/explicit_flow.rs"]
                mod explicit_flow;
                #[path = "../../backend/src/queue/vectors/fail_transaction.rs"]
                mod fail_transaction;
                #[path = "../../backend/src/queue/vectors/orders.rs"]
                mod orders;
                #[path = "../../backend/src/queue/vectors/process_data.rs"]
                mod process_data;
                #[path = "../../backend/src/queue/vectors/zero_receipt.rs"]
                mod zero_receipt;
                #[path = "../../backend/src/queue/vectors/outage.rs"]
                mod outage;
                #[path = "../../backend/src/queue/vectors/closings.rs"]
                mod closings;
                #[path = "../../backend/src/queue/vectors/out_of_operation.rs"]
                mod out_of_operation;
                #[path = "../../backend/src/queue/vectors/scu_switch.rs"]
                mod scu_switch;
                #[path = "../../backend/src/queue/vectors/migration.rs"]
                mod migration;
                #[path = "../../backend/src/queue/vectors/receipt_request.rs"]
                mod receipt_request;
                #[path = "../../backend/src/queue/vectors/chain.rs"]
                mod chain;
                #[path = "../../backend/src/queue/vectors/errors.rs"]
                mod errors;
                #[path = "../../backend/src/queue/vectors/identification.rs"]
                mod identification;
                #[path = "../../backend/src/queue/vectors/settling.rs"]
                mod settling;
                #[path = "../../backend/src/queue/vectors/clocks.rs"]
                mod clocks;
                #[path = "../../backend/src/queue/vectors/histories.rs"]
                mod histories;
            }
        }
    };
}

on!(Sqlite, sqlite);
on!(MariaDb, maria_db);
on!(Postgres, postgres);

/// A vector that is added there must be played here.
#[test]
fn every_file_of_vectors_is_played() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../backend/src/queue/vectors");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    files.retain(|file| file != "exports");
    let played = include_str!("main.rs");
    for file in files {
        assert!(
            played.contains(&format!("vectors/{file}.rs\"]")),
            "{file} is not played"
        );
    }
}
