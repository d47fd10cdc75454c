//! Calendars: when the crew works. A deadline that follows one runs in those hours only.

mod hours;
mod recurrence;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use self::hours::instant;
pub use self::{
    hours::{DayTime, Exception, Span, WorkingHours},
    recurrence::Recurrence,
};
use crate::{
    actor::Actor,
    check::Check,
    directory::Label,
    ids::{CalendarId, Id},
    operation::{Context, Decision, Payload, Save},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::Refusal,
    time::Timestamp,
};

/// When somebody works: a day crew, the night duty, an emergency line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// Its name.
    pub name: Label,
    /// The hours.
    pub hours: WorkingHours,
}

impl RecordType for Calendar {
    const KIND: Kind = Kind::Calendar;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        vec![Reach { scope: Scope::Catalog, record: Ref::new(Self::KIND, self.id) }]
    }
}

/// Makes a calendar or changes it. Orders that exist keep the hours that they were made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarSave {
    /// Its name.
    pub name: Label,
    /// The hours.
    pub hours: WorkingHours,
}

impl Payload for CalendarSave {
    type Record = Calendar;

    fn example() -> Self {
        Self { name: Label::new("白班", "Day crew"), hours: WorkingHours::example() }
    }

    fn check(&self, check: &mut Check) {
        self.name.check(check, "/name");
        self.hours.check(check, "/hours");
    }
}

impl Save for CalendarSave {
    fn decide(self, id: Id<Calendar>, _: Option<Calendar>, _: &Context<'_>) -> Result<Decision<Calendar>, Refusal> {
        let CalendarSave { name, hours } = self;
        Ok(Calendar { id, name, hours }.into())
    }
}
