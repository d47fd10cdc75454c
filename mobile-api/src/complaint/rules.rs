//! What an organisation says about complaints: how fast each step must be, and when the manager is told.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    check::Check,
    directory::{Escalation, Organisation},
    ids::CalendarId,
    operation::{Change, Context, Decision, Need, Payload},
    refusal::Refusal,
};

/// Longest deadline that can be set, in minutes: ninety days.
const MOST_MINUTES: i64 = 90 * 24 * 60;

/// What an organisation says about complaints. A complaint keeps the rules that it was written down under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ComplaintRules {
    /// Counts up with each change; what a caller sends is not looked at.
    pub version: u32,
    /// Minutes until the responsible department is told; `null` for no deadline. 10 by the trade's manuals.
    pub tell_minutes: Option<u32>,
    /// The same where somebody has to go and see whose it is: 120.
    pub survey_tell_minutes: Option<u32>,
    /// Minutes until the complainant first hears from the firm: 60.
    pub respond_minutes: Option<u32>,
    /// Minutes until the complainant accepts what was done: 1,440.
    pub resolve_minutes: Option<u32>,
    /// Minutes within which somebody looks after a serious one, again and again until it is settled: 30.
    pub follow_up_minutes: Option<u32>,
    /// Minutes from the acceptance to the return call: 4,320, three days.
    pub return_call_minutes: Option<u32>,
    /// After so many reports that it is not settled the manager is told in writing; 1 to 20. 2 by the manuals.
    pub unsolved_reports: u32,
    /// Whether somebody goes to the complainant's door after a serious one, instead of calling.
    pub home_visit_if_serious: bool,
    /// Who is told of a deadline, and when.
    pub escalation: Escalation,
    /// In whose hours the deadlines run; absent is around the clock. The return call always runs around the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
}

impl Default for ComplaintRules {
    fn default() -> Self {
        Self {
            version: 1,
            tell_minutes: Some(10),
            survey_tell_minutes: Some(120),
            respond_minutes: Some(60),
            resolve_minutes: Some(1440),
            follow_up_minutes: Some(30),
            return_call_minutes: Some(4320),
            unsolved_reports: 2,
            home_visit_if_serious: true,
            escalation: Escalation::TRADE,
            calendar: None,
        }
    }
}

impl ComplaintRules {
    /// Whether nobody has said otherwise.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Changes what the organisation says about complaints. Those that exist keep the rules that they were written down under.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetComplaintRules {
    /// The rules from now on; what is left out is as a new organisation has it.
    pub rules: ComplaintRules,
}

impl Payload for SetComplaintRules {
    type Record = Organisation;

    fn example() -> Self {
        Self { rules: ComplaintRules::default() }
    }

    fn check(&self, check: &mut Check) {
        let rules = &self.rules;
        let all = [
            ("tell_minutes", rules.tell_minutes),
            ("survey_tell_minutes", rules.survey_tell_minutes),
            ("respond_minutes", rules.respond_minutes),
            ("resolve_minutes", rules.resolve_minutes),
            ("follow_up_minutes", rules.follow_up_minutes),
            ("return_call_minutes", rules.return_call_minutes),
        ];
        for (name, minutes) in all {
            if let Some(minutes) = minutes {
                check.number(&format!("/rules/{name}"), minutes.into(), 1..=MOST_MINUTES);
            }
        }
        check.number("/rules/unsolved_reports", rules.unsolved_reports.into(), 1..=20);
        rules.escalation.check(check, "/rules/escalation");
    }

    fn needs(&self, _: Option<&Organisation>, _: &Actor) -> Vec<Need> {
        self.rules.calendar.map(Need::record).into_iter().collect()
    }
}

impl Change for SetComplaintRules {
    fn decide(self, current: Organisation, context: &Context<'_>) -> Result<Decision<Organisation>, Refusal> {
        if self.rules.calendar.is_some_and(|calendar| context.related.get(calendar).is_none()) {
            return Err(Refusal::BadReference { pointer: "/rules/calendar".into() });
        }
        let version = current.complaints.version.saturating_add(1);
        Ok(Organisation { complaints: ComplaintRules { version, ..self.rules }, ..current }.into())
    }
}
