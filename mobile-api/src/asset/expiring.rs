//! Somebody is told, once, that the certificate of an asset runs out.

use chrono::{Duration, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Asset, MaintenanceRules};
use crate::{
    actor::Actor,
    directory::Organisation,
    ids::Id,
    operation::{Change, Context, Decision, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
};

impl Asset {
    /// The last day of its certificate, if nobody has been told that it comes.
    pub fn untold_expiry(&self) -> Option<NaiveDate> {
        let expires = self.certificate.as_ref().map(|certificate| certificate.expires_on);
        expires.filter(|expires| !self.is_retired() && self.certificate_told != Some(*expires))
    }
}

impl MaintenanceRules {
    /// The last day of certificates that somebody is to be told of on `today`; `None` if nobody is told.
    pub fn tell_until(&self, today: NaiveDate) -> Option<NaiveDate> {
        let days = Duration::days(self.certificate_days.into());
        today.checked_add_signed(days).filter(|_| self.certificate_days > 0)
    }
}

/// Tells a person that the certificate of an asset runs out. The server's own doing, once for each date.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoteExpiring {}

impl Payload for NoteExpiring {
    type Record = Asset;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, _: Option<&Asset>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        vec![Need::record(firm)]
    }
}

impl Change for NoteExpiring {
    fn decide(self, mut asset: Asset, context: &Context<'_>) -> Result<Decision<Asset>, Refusal> {
        let firm: Id<Organisation> = Id::new(context.actor.org);
        let firm: &Organisation = context.related.get(firm).ok_or(Refusal::NotFound)?;
        let until = firm.maintenance.tell_until(firm.day(context.received_at));
        let expires = asset.untold_expiry().filter(|expires| until.is_some_and(|until| *expires <= until));
        let expires = expires.ok_or(Refusal::NotDue)?;
        asset.certificate_told = Some(expires);
        let number = asset.certificate.as_ref().and_then(|certificate| certificate.number.clone());
        let detail = json!({ "asset": asset.name, "number": number, "expires_on": expires });
        Ok(Decision::flagged(asset, vec![Flagged::with(Flag::CertificateExpiring, detail)]))
    }
}
