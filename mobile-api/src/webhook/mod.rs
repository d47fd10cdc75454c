//! Webhooks: another program is told of what happens here.
//!
//! A [`Webhook`] says where to and of what; the server delivers every operation that was applied, in the order in which they were
//! (`src/webhook/`, docs/webhooks.md). What was delivered and how far it is, is the server's bookkeeping and not part of the record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    actor::{Actor, Role},
    catalogue,
    check::Check,
    evidence::When,
    ids::{Id, WebhookId},
    operation::{Change, Context, Decision, Payload, Save},
    record::{Kind, Reach, RecordType},
    refusal::{Flag, Flagged, Refusal},
    time::Timestamp,
};

/// The largest number that every JSON reader keeps whole (RFC 8259, section 6).
const LARGEST: i64 = (1 << 53) - 1;

/// Most patterns of one webhook.
const MOST_PATTERNS: usize = 100;

/// Where another program is told of what happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What people call it.
    pub name: String,
    /// Where to.
    pub url: String,
    /// Of what: types of operations (`work_order.finish`), all of a kind (`shutdown.*`), or everything (`*`).
    pub events: Vec<String>,
    /// Whether anything is sent.
    pub active: bool,
    /// Which edition of its signing key is in force; the key itself is no part of any record.
    pub key: u32,
    /// The last time that somebody wanted events again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Why the server stopped sending by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<GivenUp>,
}

/// Events are sent again from a place on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// Behind this version of the organisation.
    pub after: u64,
    /// The revision that said so.
    pub rev: u64,
}

/// The server stopped sending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GivenUp {
    /// Since when it had failed.
    pub failing_since: DateTime<Utc>,
    /// What the receiver, or the way to it, said last.
    pub reason: String,
    /// When it stopped.
    pub at: When,
}

impl Webhook {
    /// Whether it is told of this type of operation.
    pub fn wants(&self, op_type: &str) -> bool {
        self.events.iter().any(|pattern| matches(pattern, op_type))
    }

    /// Whether anything is sent now.
    pub fn is_sending(&self) -> bool {
        self.active && self.given_up.is_none()
    }
}

fn matches(pattern: &str, op_type: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(kind) => op_type.split_once('.').is_some_and(|(of, _)| of == kind),
        None => pattern == "*" || pattern == op_type,
    }
}

/// Whether some operation of the catalogue can match.
fn can_match(pattern: &str) -> bool {
    catalogue::OPERATIONS.iter().any(|spec| matches(pattern, spec.name))
}

impl RecordType for Webhook {
    const KIND: Kind = Kind::Webhook;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.sites.is_empty() && matches!(actor.role, Role::Admin | Role::Manager | Role::System)
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        Vec::new()
    }
}

/// Makes a webhook or changes it. One that was given up is tried again from where it stopped.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookSave {
    /// What people call it; 1 to 200 characters.
    pub name: String,
    /// An `https` address, at most 2,000 characters; no user or password in it.
    pub url: String,
    /// Of what; 1 to 100 patterns.
    pub events: Vec<String>,
    /// Whether anything is sent.
    pub active: bool,
}

impl Payload for WebhookSave {
    type Record = Webhook;

    fn example() -> Self {
        Self {
            name: "Resident portal".into(),
            url: "https://portal.example.com/hooks/doorstep".into(),
            events: vec!["shutdown.*".into(), "shutdown_notice.*".into(), "work_order.finish".into()],
            active: true,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.text("/url", &self.url, 9..=2000);
        let rest = self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        if authority.is_empty() || authority.contains('@') || self.url.chars().any(odd) {
            check.error("/url", "malformed", "an https address without user and password");
        }
        check.count("/events", self.events.len(), 1..=MOST_PATTERNS);
        for (at, pattern) in self.events.iter().take(MOST_PATTERNS).enumerate() {
            if !can_match(pattern) {
                let expected = "a type of operation, `kind.*`, or `*`";
                check.error(format!("/events/{at}"), "bad_reference", expected);
            }
        }
    }
}

impl Save for WebhookSave {
    fn decide(self, id: Id<Webhook>, current: Option<Webhook>, _: &Context<'_>) -> Result<Decision<Webhook>, Refusal> {
        let WebhookSave { name, url, events, active } = self;
        let (key, replay) = current.map_or((1, None), |webhook| (webhook.key, webhook.replay));
        Ok(Webhook { id, name, url, events, active, key, replay, given_up: None }.into())
    }
}

/// Gives a webhook another signing key; the old one signs nothing from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RotateWebhookKey {}

impl Payload for RotateWebhookKey {
    type Record = Webhook;

    fn example() -> Self {
        Self {}
    }
}

impl Change for RotateWebhookKey {
    fn decide(self, webhook: Webhook, _: &Context<'_>) -> Result<Decision<Webhook>, Refusal> {
        let key = webhook.key.checked_add(1).ok_or(Refusal::Overflow)?;
        Ok(Webhook { key, ..webhook }.into())
    }
}

/// Sends events again, each with the id that it had: what a receiver has had already it knows by that.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayWebhook {
    /// Those behind this version of the organisation: `version` of the last event that is not wanted again, 0 for all; at most
    /// 2^53 − 1.
    pub after: u64,
}

impl Payload for ReplayWebhook {
    type Record = Webhook;

    fn example() -> Self {
        Self { after: 1_204 }
    }

    fn check(&self, check: &mut Check) {
        check.number("/after", i64::try_from(self.after).unwrap_or(i64::MAX), 0..=LARGEST);
    }
}

impl Change for ReplayWebhook {
    fn decide(self, webhook: Webhook, context: &Context<'_>) -> Result<Decision<Webhook>, Refusal> {
        let replay = Some(Replay { after: self.after, rev: context.rev });
        Ok(Webhook { replay, given_up: None, ..webhook }.into())
    }
}

/// Stops sending to a receiver that has failed for days, and asks a person. The server's own doing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GiveUpWebhook {
    /// Since when it has failed.
    pub failing_since: DateTime<Utc>,
    /// What the receiver, or the way to it, said last; at most 500 characters.
    pub reason: String,
}

impl Payload for GiveUpWebhook {
    type Record = Webhook;

    fn example() -> Self {
        let failing_since = DateTime::UNIX_EPOCH + chrono::Duration::days(20_600);
        Self { failing_since, reason: "answered 500".into() }
    }

    fn check(&self, check: &mut Check) {
        check.time("/failing_since", self.failing_since);
        check.text("/reason", &self.reason, 0..=500);
    }
}

impl Change for GiveUpWebhook {
    fn decide(self, webhook: Webhook, context: &Context<'_>) -> Result<Decision<Webhook>, Refusal> {
        if !webhook.is_sending() {
            return Ok(webhook.into());
        }
        let GiveUpWebhook { failing_since, reason } = self;
        let detail = json!({ "webhook": webhook.name, "since": failing_since, "reason": reason });
        let given_up = Some(GivenUp { failing_since, reason, at: context.when.clone() });
        let flag = Flagged::with(Flag::WebhookGivenUp, detail);
        Ok(Decision::flagged(Webhook { given_up, ..webhook }, vec![flag]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_type_a_kind_or_everything() {
        assert!(matches("*", "work_order.finish") && matches("work_order.*", "work_order.finish"));
        assert!(matches("work_order.finish", "work_order.finish"));
        assert!(!matches("work_order.*", "work_order_x.finish") && !matches("shutdown.*", "shutdown_notice.read"));
        let faults = |url: &str, events: &[&str]| {
            let events = events.iter().map(|event| (*event).to_owned()).collect();
            let mut check = Check::default();
            WebhookSave { url: url.into(), events, ..WebhookSave::example() }.check(&mut check);
            check.finish().is_err()
        };
        assert!(!faults("https://example.com", &["*"]) && !faults("https://example.com:8443/a?b=c", &["asset.*"]));
        for url in [
            "ftp://example.com/x",
            "https://",
            "https://a b",
            "https://me:secret@example.com/",
            "https:///path",
            "example.com",
        ] {
            assert!(faults(url, &["*"]), "{url}");
        }
        for events in [&[][..], &["work_order.dance"], &["weather.*"], &[""]] {
            assert!(faults("https://example.com", events), "{events:?}");
        }
    }
}
