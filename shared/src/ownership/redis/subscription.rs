//! Following the channel, for as long as the store lives.
//!
//! Pub/sub keeps nothing for those who are away, so each time the subscription stands again a [`OwnershipEvent::Gap`]
//! is told before anything else.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use redis::RedisError;
use redis::aio::PubSub;
use tokio::sync::broadcast;

use super::super::message;
use super::super::store::OwnershipEvent;
use super::link::Link;

/// Between attempts to subscribe.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows the channel until it is dropped.
pub(super) async fn follow(link: Arc<Link>, channel: String, events: broadcast::Sender<OwnershipEvent>) {
    let mut standing = true;
    loop {
        match subscribe(&link, &channel).await {
            Ok(subscription) => {
                if !std::mem::replace(&mut standing, true) {
                    tracing::info!("changes of ownership are followed again");
                }
                tell(&events, OwnershipEvent::Gap);
                relay(subscription, &events).await;
            }
            Err(error) => {
                if std::mem::replace(&mut standing, false) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "changes of ownership cannot be followed; routes are learned by redirects"
                    );
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn subscribe(link: &Link, channel: &str) -> Result<PubSub, RedisError> {
    let mut subscription = link.subscription().await?;
    link.in_time(subscription.subscribe(channel)).await?;
    Ok(subscription)
}

/// Passes messages on until the connection ends.
async fn relay(subscription: PubSub, events: &broadcast::Sender<OwnershipEvent>) {
    let mut messages = subscription.into_on_message();
    while let Some(told) = messages.next().await {
        match message::event(told.get_payload_bytes()) {
            Some(event) => tell(events, event),
            None => tracing::debug!("a message on the channel is not one of ours"),
        }
    }
}

fn tell(events: &broadcast::Sender<OwnershipEvent>, event: OwnershipEvent) {
    // Nobody listening is no fault: events are a convenience.
    let _ = events.send(event);
}
