//! Devices: a phone (or a browser) as one account uses it. Two people on one phone are two devices, so that
//! each has an outbox and a sequence of their own.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::{Actor, Role},
    check::Check,
    ids::{DeviceId, Id, UserId},
    operation::{Change, Context, Create, Decision, Payload},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::Refusal,
    time::Timestamp,
};

/// A registered device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Device {
    /// Its id, made on the device.
    pub id: DeviceId,
    /// The account that uses it.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// `android`, `ios`, `harmony`, `browser`…
    pub platform: String,
    /// Version of the app.
    pub app_version: String,
    /// When it was registered: nothing it records can have happened before, as far as anybody can prove.
    pub registered_at: DateTime<Utc>,
    /// When and by whom it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
}

/// Who took a device out of use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revoked {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: UserId,
    /// Why.
    pub reason: String,
}

impl RecordType for Device {
    const KIND: Kind = Kind::Device;

    fn visible_to(&self, actor: &Actor) -> bool {
        self.user == actor.user || matches!(actor.role, Role::Admin | Role::Manager | Role::System)
    }

    fn reach(&self, _now: Timestamp) -> Vec<Reach> {
        vec![Reach { scope: Scope::User(self.user.uuid()), record: Ref::new(Kind::Device, self.id) }]
    }
}

/// Registers the device that speaks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Register {
    /// What its owner calls it; 1 to 100 characters.
    pub name: String,
    /// `android`, `ios`, `harmony`, `browser`…; 1 to 40 characters.
    pub platform: String,
    /// Version of the app; 1 to 40 characters.
    pub app_version: String,
}

impl Payload for Register {
    type Record = Device;

    fn example() -> Self {
        Self { name: "Wang's phone".into(), platform: "android".into(), app_version: "1.4.0".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=100);
        check.text("/platform", &self.platform, 1..=40);
        check.text("/app_version", &self.app_version, 1..=40);
    }
}

impl Create for Register {
    fn decide(self, id: Id<Device>, context: &Context<'_>) -> Result<Decision<Device>, Refusal> {
        let Register { name, platform, app_version } = self;
        let (user, registered_at) = (context.actor.user, context.received_at);
        Ok(Device { id, user, name, platform, app_version, registered_at, revoked: None }.into())
    }
}

/// Takes a device out of use: it gets no more data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revoke {
    /// Why; 1 to 500 characters.
    pub reason: String,
}

impl Payload for Revoke {
    type Record = Device;

    fn example() -> Self {
        Self { reason: "Phone lost on the way to the site.".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=500);
    }
}

impl Change for Revoke {
    fn decide(self, mut device: Device, context: &Context<'_>) -> Result<Decision<Device>, Refusal> {
        // A second revocation changes nothing: the first one's time and reason are what matters.
        device.revoked.get_or_insert(Revoked { at: context.received_at, by: context.actor.user, reason: self.reason });
        Ok(device.into())
    }
}
