//! What the organisation wants its figures to be.

use serde::{Deserialize, Serialize};

use crate::{
    check::Check,
    directory::Organisation,
    operation::{Change, Context, Decision, Payload},
    refusal::Refusal,
};

/// What the figures are to be at least, in parts per ten thousand. The defaults are the trade's (`domain.md`: 95 %, 90 %, 100 %, 95 %).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Targets {
    /// Deadlines kept.
    pub on_time: u32,
    /// Work that was good at once.
    pub pass: u32,
    /// Return visits made.
    pub return_visits: u32,
    /// Customers who are satisfied.
    pub satisfaction: u32,
}

impl Default for Targets {
    fn default() -> Self {
        Self { on_time: 9_500, pass: 9_000, return_visits: 10_000, satisfaction: 9_500 }
    }
}

impl Targets {
    /// Whether nobody has said otherwise.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Says what the organisation wants its figures to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetTargets {
    /// The targets from now on; what is left out is as a new organisation has it.
    pub targets: Targets,
}

impl Payload for SetTargets {
    type Record = Organisation;

    fn example() -> Self {
        Self { targets: Targets::default() }
    }

    fn check(&self, check: &mut Check) {
        let Targets { on_time, pass, return_visits, satisfaction } = self.targets;
        for (name, value) in
            [("on_time", on_time), ("pass", pass), ("return_visits", return_visits), ("satisfaction", satisfaction)]
        {
            check.number(&format!("/targets/{name}"), value.into(), 0..=10_000);
        }
    }
}

impl Change for SetTargets {
    fn decide(self, current: Organisation, _: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        Ok(Organisation { targets: self.targets, ..current }.into())
    }
}
