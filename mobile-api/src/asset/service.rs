//! An asset is taken out of service, put back, and one day retired.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Asset, Service};
use crate::{
    actor::Actor,
    check::Check,
    ids::AssetId,
    operation::{Change, Context, Decision, Mode, Need, Payload},
    refusal::{Flag, Flagged, Refusal},
};

/// Whether an asset runs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InService {
    /// It runs again.
    InService,
    /// It stands still.
    OutOfService,
}

/// Takes an asset out of service or puts it back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetService {
    /// Whether it runs now.
    pub status: InService,
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for SetService {
    type Record = Asset;

    fn example() -> Self {
        Self { status: InService::OutOfService, reason: "Doors do not close".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }
}

impl Change for SetService {
    fn decide(self, mut asset: Asset, context: &Context<'_>) -> Result<Decision<Asset>, Refusal> {
        if let Some(flagged) = retired(&asset, context)? {
            // It happened, and stands in the asset's history; a thing that is gone does not run again by it.
            return Ok(Decision::flagged(asset, vec![flagged]));
        }
        asset.service = match self.status {
            InService::InService => Service::InService,
            InService::OutOfService => {
                Service::OutOfService { since: context.when.clone(), by: context.actor.user, reason: self.reason }
            }
        };
        Ok(asset.into())
    }
}

/// What is to be said of something recorded on this asset: nothing while it is there; that it was retired meanwhile, with what stands
/// in its place; a refusal for somebody who knew, or waits for the answer.
///
/// # Errors
/// `asset_retired`.
pub(crate) fn retired(asset: &Asset, context: &Context<'_>) -> Result<Option<Flagged>, Refusal> {
    let Service::Retired { at, replaced_by, .. } = &asset.service else { return Ok(None) };
    if context.mode == Mode::Online {
        return Err(Refusal::AssetRetired);
    }
    let detail = json!({ "asset": asset.id, "retired_at": at.latest, "replaced_by": replaced_by });
    Ok(Some(Flagged::with(Flag::AssetRetired, detail)))
}

/// Retires an asset for good.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retire {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
    /// What stands in its place, at the same site.
    #[serde(default)]
    pub replaced_by: Option<AssetId>,
}

impl Payload for Retire {
    type Record = Asset;

    fn example() -> Self {
        Self { reason: "Worn out after 18 years".into(), replaced_by: None }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, _: Option<&Asset>, _: &Actor) -> Vec<Need> {
        self.replaced_by.map(Need::record).into_iter().collect()
    }
}

impl Change for Retire {
    fn decide(self, mut asset: Asset, context: &Context<'_>) -> Result<Decision<Asset>, Refusal> {
        if asset.is_retired() {
            return Err(Refusal::AssetRetired);
        }
        let usable = |other: &Asset| other.id != asset.id && other.site == asset.site && !other.is_retired();
        if self.replaced_by.is_some_and(|id| !context.related.get(id).is_some_and(usable)) {
            return Err(Refusal::BadReference { pointer: "/replaced_by".into() });
        }
        asset.service = Service::Retired {
            at: context.when.clone(),
            rev: context.rev,
            by: context.actor.user,
            reason: self.reason,
            replaced_by: self.replaced_by,
        };
        Ok(asset.into())
    }
}
