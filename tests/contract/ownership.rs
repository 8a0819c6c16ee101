//! What every ownership store promises: one suite, run against all of them.

mod place;
mod promises;
mod redis_alone;
mod sql_alone;

/// Every promise as a test of its own, for one kind of store.
macro_rules! keeps_every_promise {
    ($store:ident: $($promise:ident)*) => {
        mod $store {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    crate::ends(async { super::promises::$promise(&mut super::place::$store().await).await }).await;
                }
            )*
        }
    };
    ($($store:ident),*) => {
        $(keeps_every_promise! { $store:
            of_many_pods_that_reserve_at_once_one_wins
            the_holder_may_reserve_again_and_a_pod_without_record_may_not
            a_lease_that_runs_out_frees_the_cashboxes_and_names_whom_to_ask
            a_reservation_that_ran_out_leaves_nobody_to_ask
            a_returning_owner_takes_its_cashbox_back_from_a_reservation
            a_confirmed_epoch_is_only_raised
            a_release_by_anybody_but_the_holder_changes_nothing
            a_reservation_can_be_given_up
            an_owner_hands_its_cashbox_to_a_live_pod_and_nobody_else_can
            a_buried_pods_cashboxes_are_free_at_once
            renewing_tells_whether_the_record_had_vanished
            an_emptied_store_learns_again_whatever_the_epoch
            an_emptied_store_names_another_era_in_which_it_reserves
            a_pods_record_says_what_was_renewed_last
            changes_reach_another_client
            any_schedule_of_two_clients_ends_as_the_rules_say
        })*
    };
}

keeps_every_promise!(in_memory, redis, sqlite, maria_db, postgres);
