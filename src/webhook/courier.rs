//! Sends events, one after the other, until a webhook's receiver has them all.
//!
//! The next event waits until the one before it was taken: so whatever is told of a record comes in the order in which it happened. A
//! receiver that does not answer is tried again after pauses that grow, for three days; then a person is asked. An event that was
//! taken but whose answer was lost is sent again with the id that it had.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use mobile_api::{
    Actor, Id,
    time::Timestamp,
    webhook::{GiveUpWebhook, Webhook},
};
use reqwest::{Client, Url, header::CONTENT_TYPE, redirect::Policy};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    guard::{self, Outside},
    signature::SigningKey,
    store::{self, Claimed, Event, Outcome},
};
use crate::{
    db::Conn,
    lifecycle::Lifecycle,
    operations::{self, Door, DoorError, Online, reading},
};

/// How often the database is asked whether something is to be sent.
const POLL: Duration = Duration::from_secs(1);

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is sent for one webhook before the next one's turn comes.
const TURN: Duration = Duration::from_secs(30);

/// How long a webhook is left to the server that sends for it: its turn, and one answer that is late.
const CLAIM: TimeDelta = TimeDelta::seconds(60);

/// How many webhooks are sent for at a time.
const AT_A_TIME: usize = 8;

/// After so long in vain a person is asked.
const GIVE_UP: TimeDelta = TimeDelta::days(3);

/// Who this is, for the receiver's log.
const AGENT: &str = concat!("Doorstep/", env!("CARGO_PKG_VERSION"));

/// Sends events.
#[derive(Clone)]
pub struct Courier {
    door: Door,
    client: Client,
    private_allowed: bool,
}

/// What a receiver is sent.
#[derive(Serialize)]
struct Envelope<'e> {
    #[serde(rename = "type")]
    op_type: &'e str,
    timestamp: Timestamp,
    data: Data<'e>,
}

#[derive(Serialize)]
struct Data<'e> {
    organisation: Uuid,
    version: u64,
    operation: Uuid,
    status: &'e str,
    record: Address<'e>,
    by: Uuid,
    payload: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Address<'e> {
    kind: &'e str,
    id: Uuid,
    rev: Option<u64>,
}

impl Courier {
    /// With the addresses of private networks if `private_allowed`, and without them otherwise.
    ///
    /// # Errors
    /// If no client can be made.
    pub fn new(door: Door, private_allowed: bool) -> reqwest::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE).user_agent(AGENT).no_proxy();
        let client = if private_allowed { client } else { client.dns_resolver(std::sync::Arc::new(Outside)) };
        Ok(Self { door, client: client.build()?, private_allowed })
    }

    /// Runs until `lifecycle` drains.
    pub async fn run(self, lifecycle: Lifecycle) {
        loop {
            tokio::select! {
                () = lifecycle.draining() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            if let Err(error) = self.deliver_due().await {
                tracing::warn!(%error, "webhooks could not be looked at; they are tried again");
            }
        }
    }

    /// Sends everything that is due now.
    ///
    /// # Errors
    /// The database's. What a receiver does is no error.
    pub async fn deliver_due(&self) -> Result<(), DoorError> {
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() >= AT_A_TIME {
                under_way.join_next().await;
            }
            let now = self.door.clock().now();
            let claimed = self.door.db().write(move |conn| store::claim(conn, now, now + CLAIM)).await?;
            let Some(claimed) = claimed else { break };
            let courier = self.clone();
            under_way.spawn(async move {
                if let Err(error) = courier.turn(&claimed).await {
                    tracing::warn!(webhook = %claimed.id, %error, "a webhook could not be sent for; it is tried again");
                }
                let release = claimed.clone();
                _ = courier.door.db().write(move |conn| store::release(conn, &release)).await;
            });
        }
        while under_way.join_next().await.is_some() {}
        Ok(())
    }

    /// Sends for one webhook until nothing is left, something fails, or its turn is over.
    async fn turn(&self, claimed: &Claimed) -> Result<(), DoorError> {
        let (org, id) = (claimed.org, claimed.id);
        let look = move |conn: &mut Conn| {
            let webhook = reading::record::<Webhook>(conn, &Actor::system(org), Id::new(id))?;
            Ok::<_, DoorError>((webhook, operations::store::secret(conn, org)?))
        };
        let (webhook, secret) = self.door.db().read(look).await?;
        let Some(webhook) = webhook.filter(Webhook::is_sending) else { return Ok(()) };
        let key = SigningKey::of(&secret, &webhook);
        let (begun, mut claimed) = (Instant::now(), claimed.clone());
        while begun.elapsed() < TURN {
            let place = claimed.place;
            let next = move |conn: &mut Conn| {
                let head = operations::store::version(conn, org)?;
                Ok::<_, DoorError>((head, store::events(conn, org, place)?))
            };
            let (head, events) = self.door.db().read(next).await?;
            if events.is_empty() {
                // What was written last is nothing that anybody is told of.
                return self.note(&mut claimed, Outcome::Delivered((head, Uuid::max()))).await;
            }
            let last = events.last().map_or(place, |event| event.place);
            for event in events.iter().filter(|event| webhook.wants(&event.op_type)) {
                match self.send(&webhook, &key, org, event).await {
                    Ok(()) => self.note(&mut claimed, Outcome::Delivered(event.place)).await?,
                    Err(reason) => return self.failed(&webhook, &mut claimed, reason).await,
                }
                if begun.elapsed() >= TURN {
                    return Ok(());
                }
            }
            self.note(&mut claimed, Outcome::Delivered(last)).await?;
        }
        Ok(())
    }

    async fn note(&self, claimed: &mut Claimed, outcome: Outcome) -> Result<(), DoorError> {
        let (now, held, noted) = (self.door.clock().now(), claimed.clone(), outcome.clone());
        self.door.db().write(move |conn| store::note(conn, &held, &noted, now)).await?;
        if let Outcome::Delivered(place) = outcome {
            (claimed.place, claimed.attempts, claimed.failing_since) = (place, 0, None);
        }
        Ok(())
    }

    async fn failed(&self, webhook: &Webhook, claimed: &mut Claimed, reason: String) -> Result<(), DoorError> {
        let now = self.door.clock().now();
        let since = claimed.failing_since.unwrap_or(now);
        tracing::info!(webhook = %claimed.id, attempts = claimed.attempts + 1, reason, "an event was not taken");
        let again_at = now + store::pause(claimed.attempts);
        self.note(claimed, Outcome::Failed { reason: reason.clone(), again_at, since }).await?;
        if now - since < GIVE_UP {
            return Ok(());
        }
        let action = GiveUpWebhook { failing_since: since, reason }.into();
        let online = Online { id: self.door.clock().new_id(), action, entity: webhook.id.uuid(), expected_rev: None };
        self.door.perform(Actor::system(claimed.org), online).await.map(drop)
    }

    /// Sends one event. The error is for the person who looks why nothing arrives.
    async fn send(&self, webhook: &Webhook, key: &SigningKey, org: Uuid, event: &Event) -> Result<(), String> {
        let url: Url = guard::look(&webhook.url, self.private_allowed).map_err(|refused| refused.to_string())?;
        let body = envelope(org, event).map_err(|error| error.to_string())?;
        let at = self.door.clock().now().timestamp();
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", event.place.1.to_string())
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", key.sign(event.place.1, at, &body))
            .body(body);
        let answer = request.send().await.map_err(|error| why(&error))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => {
                Err(format!("answered {}: redirects are not followed", status.as_u16()))
            }
            status => Err(format!("answered {}", status.as_u16())),
        }
    }
}

/// The innermost cause, without the address: it may hold a token.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().chars().take(300).collect()
}

fn envelope(org: Uuid, event: &Event) -> serde_json::Result<String> {
    #[derive(Deserialize)]
    struct Stored {
        payload: Option<Box<RawValue>>,
    }
    let payload = serde_json::from_str::<Stored>(&event.body).ok().and_then(|stored| stored.payload);
    let data = Data {
        organisation: org,
        version: event.place.0,
        operation: event.place.1,
        status: &event.status,
        record: Address { kind: &event.kind, id: event.entity, rev: event.rev },
        by: event.actor,
        payload,
    };
    serde_json::to_string(&Envelope { op_type: &event.op_type, timestamp: event.received_at, data })
}
