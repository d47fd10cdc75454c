//! Whom a shutdown affects.

use serde::{Deserialize, Serialize};

use crate::{
    check::Check,
    ids::{Id, TeamId, UnitId},
};

/// Most units, and most departments, that one shutdown affects.
pub const MOST_AFFECTED: usize = 5_000;

/// What an asset serves, as the directory has it: the answer to [`Need::ServedBy`](crate::operation::Need::ServedBy).
///
/// An asset that stands in a unit serves that unit; one of a building all units of the building; one of a site all of the site. What
/// the asset names itself ([`Asset::serves`](crate::asset::Asset::serves)) takes the place of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// The units.
    pub units: Vec<UnitId>,
    /// The departments: the teams of its site.
    pub teams: Vec<TeamId>,
}

/// Whom a shutdown affects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Affected {
    /// Units; at most 5,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// Departments; at most 5,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<TeamId>,
    /// Why it is others than the asset serves, if a person said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

impl Affected {
    /// Whom the asset serves.
    pub(super) fn of(served: Option<&Served>) -> Self {
        let Served { mut units, mut teams } = served.cloned().unwrap_or_default();
        units.sort_unstable();
        units.dedup();
        teams.sort_unstable();
        teams.dedup();
        Self { units, teams, changed: None }
    }

    /// Notes an error for somebody named twice, or far too many.
    pub(super) fn check(&self, check: &mut Check, pointer: &str) {
        once(check, &format!("{pointer}/units"), &self.units);
        once(check, &format!("{pointer}/teams"), &self.teams);
        if let Some(changed) = &self.changed {
            check.text(&format!("{pointer}/changed"), changed, 1..=1000);
        } else {
            check.error(format!("{pointer}/changed"), "required", "why it is others than the asset serves");
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.units.len() + self.teams.len()
    }
}

fn once<T>(check: &mut Check, pointer: &str, ids: &[Id<T>]) {
    check.count(pointer, ids.len(), 0..=MOST_AFFECTED);
    let mut seen = std::collections::HashSet::new();
    if ids.iter().take(MOST_AFFECTED + 1).any(|id| !seen.insert(id)) {
        check.error(pointer, "duplicate", "each once");
    }
}
