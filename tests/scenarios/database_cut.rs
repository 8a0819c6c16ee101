//! The way to the database fails for one pod, or at the worst moment.

use std::time::Duration;

use harness::cluster::links::Target;
use harness::cluster::{Cluster, Journal};
use harness::eventually::eventually;
use harness::fault_proxy::Line;
use harness::receipt;
use harness::scene::Scene;
use harness::verdict::run::Terms;
use shared::identity::OperationId;
use sqlx::{Connection, Executor, PgConnection};

const WITHIN: Duration = Duration::from_secs(60);

/// F20.
#[tokio::test]
async fn an_owner_that_is_cut_from_the_database_refuses_before_it_signs() {
    let cluster = Cluster::of_pods(2)
        .journaled_in(Journal::Postgres)
        .with("Byodc__Journal__TimeoutMs", "2000")
        .with_relays();
    let scene = Scene::of(cluster, 1).await;
    let (owner, signed_before) = (scene.owner(0).await, scene.tse(0).signatures());
    let way = scene.cluster.link(&owner.pod, Target::Database);
    way.cut();
    scene.begun("F20 owner cut from the database");
    let (id, sale) = (OperationId::random(), receipt::sale(&scene.tills[0].1, "R-1"));
    let refused = scene.pos(0, 0).sign_as(id, &sale).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.json()["detail"], "the journal database does not answer");
    assert_eq!(scene.tse(0).signatures(), signed_before);
    way.heal();
    eventually("the same operation is signed", WITHIN, async || {
        let answer = scene.pos(0, 0).sign_as(id, &sale).await;
        (answer.status == 200).then_some(())
    })
    .await;
    scene.assert_sound(Terms::noticed()).await;
}

/// A commit that takes seconds, so that its acknowledgement can be lost while it is under way.
const SLOW_COMMIT: [&str; 2] = [
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NULL; END'",
    "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON queue_answer DEFERRABLE INITIALLY DEFERRED \
     FOR EACH ROW EXECUTE FUNCTION slow()",
];

/// F30: the outcome is read again by the operation id before anybody is answered.
#[tokio::test]
async fn a_commit_whose_acknowledgement_is_lost_is_answered_with_what_was_committed() {
    let cluster = Cluster::of_pods(2)
        .and_proxies(2)
        .journaled_in(Journal::Postgres)
        .with("Byodc__Journal__TimeoutMs", "5000")
        .with_relays();
    let scene = Scene::of(cluster, 1).await;
    let mut beside = PgConnection::connect(&scene.cluster.journal_url()).await.unwrap();
    for statement in SLOW_COMMIT {
        beside.execute(statement).await.unwrap();
    }
    let (id, sale) = (OperationId::random(), receipt::sale(&scene.tills[0].1, "R-1"));
    let asked = tokio::spawn({
        let (pos, sale) = (scene.pos(0, 0), sale.clone());
        async move { pos.sign_as(id, &sale).await }
    });
    eventually("the commit is under way", WITHIN, async || {
        let committing = "SELECT 1 FROM pg_stat_activity \
             WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'";
        beside.fetch_optional(committing).await.unwrap()
    })
    .await;
    let way = scene.cluster.way(Target::Database);
    way.back(Line::Lost);
    scene.begun("F30 acknowledgement of a commit lost");
    eventually("the commit is durable", WITHIN, async || {
        let stored = "SELECT 1 FROM queue_item i JOIN queue_answer a USING (queue, queue_row) \
             WHERE i.receipt_reference = 'R-1'";
        beside.fetch_optional(stored).await.unwrap()
    })
    .await;
    beside.execute("DROP TRIGGER slow ON queue_answer").await.unwrap();
    way.heal();
    let first = asked.await.unwrap();
    let answer = eventually("the operation is answered", WITHIN, async || {
        let answer = scene.pos(0, 1).sign_as(id, &sale).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert!(
        first.status == 503 || first.body == answer.body,
        "{first:?} {answer:?}"
    );
    scene.assert_sound(Terms::noticed()).await;
}
