//! Order types: what sort of job, who may do it, how fast.

use serde::{Deserialize, Serialize};

use super::{DeadlineRule, Deadlines, Label, PauseReason, Timing, in_catalog};
use crate::{
    actor::Actor,
    check::Check,
    ids::{Id, OrderTypeId},
    operation::{Context, Decision, Need, Payload, Save},
    photo::{PhotoRole, RequiredPhotos},
    record::{Kind, Reach, RecordType, Ref},
    refusal::Refusal,
    time::Timestamp,
    work_order::Priority,
};

/// A sort of job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderType {
    /// Its id.
    pub id: OrderTypeId,
    /// The firm's own code for it.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Work may start without a confirmed quote, and nothing is charged.
    pub free_of_charge: bool,
    /// The certificate that a technician must hold to be sent (持证上岗).
    pub certificate: Option<String>,
    /// Its own deadlines; `None` uses the organisation's.
    pub deadlines: Option<Deadlines>,
    /// Photos without which its work is not finished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<RequiredPhotos>,
    /// Hours, exceptions, and what stops the clock.
    #[serde(default, skip_serializing_if = "Timing::is_empty")]
    pub timing: Timing,
    /// For how many days after the signature the same fault is mended for nothing (保修).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warranty_days: Option<u32>,
    /// Whether new orders may have it.
    pub active: bool,
}

impl RecordType for OrderType {
    const KIND: Kind = Kind::OrderType;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        in_catalog(Self::KIND, self.id)
    }

    fn companions(&self) -> Vec<Ref> {
        self.timing.calendars().map(|calendar| Ref::new(Kind::Calendar, calendar)).collect()
    }
}

/// Makes an order type or changes it. Orders that exist keep the policy they were made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderTypeSave {
    /// The firm's own code for it; 1 to 60 characters.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// Work may start without a confirmed quote, and nothing is charged.
    #[serde(default)]
    pub free_of_charge: bool,
    /// The certificate that a technician must hold to be sent; at most 60 characters.
    pub certificate: Option<String>,
    /// Its own deadlines; absent uses the organisation's.
    pub deadlines: Option<Deadlines>,
    /// Photos without which its work is not finished, such as one `after`; at most 5 sorts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<RequiredPhotos>,
    /// Hours, exceptions, and what stops the clock.
    #[serde(default, skip_serializing_if = "Timing::is_empty")]
    pub timing: Timing,
    /// For how many days after the signature the same fault is mended for nothing; 1 to 3,650.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warranty_days: Option<u32>,
    /// Whether new orders may have it.
    pub active: bool,
}

impl Payload for OrderTypeSave {
    type Record = OrderType;

    fn example() -> Self {
        Self {
            code: "plumbing".into(),
            name: Label::new("水管维修", "Plumbing"),
            free_of_charge: false,
            certificate: None,
            deadlines: Some(Deadlines::TRADE),
            photos: vec![RequiredPhotos { role: PhotoRole::After, least: 1 }],
            timing: Timing {
                rules: vec![DeadlineRule {
                    priority: Some(Priority::Emergency),
                    site: None,
                    deadlines: Deadlines { arrive_minutes: Some(10), ..Deadlines::TRADE },
                    calendar: None,
                }],
                pauses: vec![PauseReason {
                    code: "customer".into(),
                    name: Label::new("客户要求", "The customer's wish"),
                    needs_consent: true,
                }],
                ..Timing::default()
            },
            warranty_days: Some(90),
            active: true,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/code", &self.code, 1..=60);
        self.name.check(check, "/name");
        check.optional_text("/certificate", self.certificate.as_deref(), 60);
        if let Some(deadlines) = &self.deadlines {
            deadlines.check(check, "/deadlines");
        }
        self.timing.check(check, "/timing");
        if let Some(days) = self.warranty_days {
            check.number("/warranty_days", days.into(), 1..=3650);
        }
        check.count("/photos", self.photos.len(), 0..=5);
        for (at, required) in self.photos.iter().enumerate() {
            check.number(&format!("/photos/{at}/least"), required.least.into(), 1..=20);
        }
    }

    fn needs(&self, _: Option<&OrderType>, _: &Actor) -> Vec<Need> {
        let sites = self.timing.rules.iter().filter_map(|rule| rule.site).map(Need::record);
        sites.chain(self.timing.calendars().map(Need::record)).collect()
    }
}

impl Save for OrderTypeSave {
    fn decide(
        self,
        id: Id<OrderType>,
        _: Option<OrderType>,
        context: &Context<'_>,
    ) -> Result<Decision<OrderType>, Refusal> {
        let OrderTypeSave { code, name, free_of_charge, certificate, deadlines, photos, timing, warranty_days, active } =
            self;
        for (at, rule) in timing.rules.iter().enumerate() {
            if rule.site.is_some_and(|site| context.related.get(site).is_none()) {
                return Err(Refusal::BadReference { pointer: format!("/timing/rules/{at}/site") });
            }
        }
        if timing.calendars().any(|calendar| context.related.get(calendar).is_none()) {
            return Err(Refusal::BadReference { pointer: "/timing".into() });
        }
        let made =
            OrderType { id, code, name, free_of_charge, certificate, deadlines, photos, timing, warranty_days, active };
        Ok(made.into())
    }
}
