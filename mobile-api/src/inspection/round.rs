//! Rounds (巡检路线): which points are visited, how often, by whom.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Assignee, Inspection, InspectionState, RoundPoint, Spot, Template, TemplateState,
    record::MOST_POINTS,
    start::{Plan, check_size},
};
use crate::{
    actor::Actor,
    calendar::Recurrence,
    check::Check,
    evidence::When,
    ids::{Id, InspectionId, RoundId, TemplateId, WorkOrderId, derived},
    operation::{Change, Context, Decision, Need, Payload, Save},
    record::Record,
    refusal::{Flag, Flagged, Refusal},
    work_order::Window,
};

/// A way past some points, walked again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Round {
    /// Its id.
    pub id: RoundId,
    /// What people call it.
    pub name: String,
    /// The form that is filled in at each point.
    pub template: TemplateId,
    /// Where.
    pub spot: Spot,
    /// The points, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<RoundPoint>,
    /// Who walks it.
    pub assignee: Assignee,
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// The turns that are planned and not over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<PlannedTurn>,
    /// Until when turns were planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_until: Option<DateTime<Utc>>,
    /// When turns are to be planned next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_at: Option<DateTime<Utc>>,
    /// How often it was said anew when it is walked: turns of another timetable are other turns.
    #[serde(default)]
    pub timetable: u32,
    /// The last turn that was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastDone>,
    /// Since when it is not walked any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<When>,
}

/// When a round is walked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Repeats {
    /// When each turn begins.
    pub recurrence: Recurrence,
    /// For how many minutes from then it can be walked and is in time; 5 to 10,080, which is a week.
    pub window_minutes: u32,
    /// How many days ahead its turns are planned; 1 to 31.
    #[serde(default = "a_week")]
    pub ahead_days: u32,
}

fn a_week() -> u32 {
    7
}

impl Repeats {
    fn check(&self, check: &mut Check) {
        self.recurrence.check(check, "/repeats/recurrence");
        check.number("/repeats/window_minutes", self.window_minutes.into(), 5..=10_080);
        check.number("/repeats/ahead_days", self.ahead_days.into(), 1..=31);
    }

    fn window(&self) -> Duration {
        Duration::minutes(self.window_minutes.into())
    }

    fn ahead(&self) -> Duration {
        Duration::days(self.ahead_days.into())
    }
}

/// A turn that is planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedTurn {
    /// The inspection.
    pub inspection: InspectionId,
    /// Until when it is in time.
    pub until: DateTime<Utc>,
}

/// The last turn of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastDone {
    /// The inspection.
    pub inspection: InspectionId,
    /// When it was finished.
    pub at: DateTime<Utc>,
    /// The orders that its findings became or were joined to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<WorkOrderId>,
}

/// Makes a round or changes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoundSave {
    /// What people call it; 1 to 200 characters.
    pub name: String,
    /// The form; a published version.
    pub template: TemplateId,
    /// Where.
    pub spot: Spot,
    /// The points, in order; at most 200. None: all is asked in one place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<RoundPoint>,
    /// Who walks it.
    pub assignee: Assignee,
    /// How often; absent: whenever somebody begins a turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
}

impl Payload for RoundSave {
    type Record = Round;

    fn example() -> Self {
        let point = RoundPoint {
            key: "pump-room".into(),
            name: "Pump room, building 7".into(),
            building: None,
            unit: None,
            asset: None,
            code: Some("LG-PUMP-1".into()),
            sections: vec!["pumps".into()],
        };
        Self {
            name: "Plant rooms, daily".into(),
            template: Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000070")),
            spot: Spot::example(),
            points: vec![point],
            assignee: Assignee::default(),
            repeats: Some(Repeats { recurrence: Recurrence::example(), window_minutes: 240, ahead_days: 7 }),
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        if let Some(repeats) = &self.repeats {
            repeats.check(check);
        }
        check.count("/points", self.points.len(), 0..=MOST_POINTS);
        let mut keys = std::collections::HashSet::new();
        for (at, point) in self.points.iter().enumerate().take(MOST_POINTS) {
            point.check(check, &format!("/points/{at}"));
            if !keys.insert(point.key.as_str()) {
                check.error(format!("/points/{at}/key"), "duplicate", "a key that no other point has");
            }
        }
    }

    fn needs(&self, record: Option<&Round>, _: &Actor) -> Vec<Need> {
        let mut needs = vec![Need::record(self.template)];
        needs.extend(record.into_iter().flat_map(Round::turns));
        needs.extend(self.spot.refs().map(Need::Record));
        for point in &self.points {
            needs.extend(self.spot_of(point).refs().map(Need::Record));
        }
        needs.extend(self.assignee.needs());
        needs
    }
}

impl RoundSave {
    fn spot_of(&self, point: &RoundPoint) -> Spot {
        Spot { building: point.building, unit: point.unit, asset: point.asset, ..self.spot }
    }
}

impl Save for RoundSave {
    fn decide(self, id: Id<Round>, current: Option<Round>, context: &Context<'_>) -> Result<Decision<Round>, Refusal> {
        self.spot.check(context, "/spot")?;
        for (at, point) in self.points.iter().enumerate() {
            self.spot_of(point).check(context, &format!("/points/{at}"))?;
        }
        self.assignee.check(context)?;
        let template: Option<&Template> = context.related.get(self.template);
        let template = template.filter(|template| template.is_published());
        let template = template.ok_or(Refusal::BadReference { pointer: "/template".into() })?;
        for (at, point) in self.points.iter().enumerate() {
            let known = |key: &String| template.form.sections.iter().any(|section| section.key == *key);
            if let Some(unknown) = point.sections.iter().position(|key| !known(key)) {
                return Err(Refusal::BadReference { pointer: format!("/points/{at}/sections/{unknown}") });
            }
        }
        check_size(&template.form, &self.points)?;
        let RoundSave { name, template, spot, points, assignee, repeats } = self;
        let mut round = Round {
            id,
            name,
            template,
            spot,
            points,
            assignee,
            repeats,
            planned: Vec::new(),
            planned_until: None,
            plan_at: None,
            timetable: 0,
            last: None,
            withdrawn: None,
        };
        let also = match current {
            Some(before) => round.follow(before, context),
            None => Vec::new(),
        };
        round.plan_at = round.next_plan(context.received_at);
        Ok(Decision { record: Some(round), also, flags: Vec::new() })
    }
}

/// A round is not walked any more. Turns that were begun can be finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawRound {
    /// Why; 1 to 1,000 characters.
    pub reason: String,
}

impl Payload for WithdrawRound {
    type Record = Round;

    fn example() -> Self {
        Self { reason: "The building was sold".into() }
    }

    fn check(&self, check: &mut Check) {
        check.text("/reason", &self.reason, 1..=1000);
    }

    fn needs(&self, record: Option<&Round>, _: &Actor) -> Vec<Need> {
        record.into_iter().flat_map(Round::turns).collect()
    }
}

impl Change for WithdrawRound {
    fn decide(self, mut round: Round, context: &Context<'_>) -> Result<Decision<Round>, Refusal> {
        if round.withdrawn.is_some() {
            return Err(Refusal::StillInUse { what: "the round is withdrawn already".into() });
        }
        round.withdrawn = Some(context.when.clone());
        round.plan_at = None;
        let also = round.call_off(&self.reason, context);
        Ok(Decision { record: Some(round), also, flags: Vec::new() })
    }
}

/// What stands in a turn for the revision that ended it behind the back of whoever has it on their phone: the round's rules do
/// not know the revisions of its turns. Nobody has seen it, so what is recorded all the same is kept and flagged.
const NEVER_SEEN: u64 = (1 << 53) - 1;

/// Most turns that are planned at a time.
const MOST_TURNS: usize = 100;

impl Round {
    /// The records of its planned turns.
    fn turns(&self) -> Vec<Need> {
        self.planned.iter().map(|turn| Need::record(turn.inspection)).collect()
    }

    /// Its turns that nobody has begun.
    fn unbegun<'a>(&self, context: &'a Context<'_>) -> Vec<&'a Inspection> {
        let turns = self.planned.iter().filter_map(|turn| context.related.get(turn.inspection));
        turns.filter(|turn: &&Inspection| turn.state == InspectionState::Planned).collect()
    }

    /// Takes over what the round was, and brings the turns that nobody has begun in line with what it is now.
    fn follow(&mut self, before: Round, context: &Context<'_>) -> Vec<Record> {
        self.last = before.last.clone();
        self.timetable = before.timetable;
        self.planned.clone_from(&before.planned);
        self.planned_until = before.planned_until;
        let times = |round: &Round| round.repeats.as_ref().map(|it| (it.recurrence.clone(), it.window_minutes));
        if times(&before) != times(self) || before.withdrawn.is_some() {
            self.timetable += 1;
            // A turn that somebody began already is not to be walked again.
            self.planned_until = self.begun(context).filter_map(|turn| Some(turn.due?.from)).max();
            return self.call_off("the round has another timetable", context);
        }
        match context.related.get(self.template) {
            Some(template) => self.in_line(template, context),
            None => Vec::new(),
        }
    }

    /// The turns that nobody has begun, as they are to be walked now.
    fn in_line(&self, template: &Template, context: &Context<'_>) -> Vec<Record> {
        let changed = |turn: &Inspection| {
            turn.assignee() != self.assignee || turn.template != self.template || turn.points != self.points
        };
        let turns = self.unbegun(context).into_iter().filter(|turn| changed(turn));
        let in_line = |turn: &Inspection| {
            let mut turn = turn.clone();
            if turn.assignee() != self.assignee {
                turn.assign(self.assignee, context, NEVER_SEEN);
            }
            (turn.template, turn.points, turn.spot) = (self.template, self.points.clone(), self.spot);
            (turn.name, turn.order_types) = (template.name.clone(), template.form.order_types());
            turn.into()
        };
        turns.map(in_line).collect()
    }

    /// Its planned turns that somebody has begun.
    fn begun<'a>(&self, context: &'a Context<'_>) -> impl Iterator<Item = &'a Inspection> {
        let turns = self.planned.iter().filter_map(|turn| context.related.get(turn.inspection));
        turns.filter(|turn: &&Inspection| turn.state != InspectionState::Planned)
    }

    /// Its turns that nobody has begun do not count any more.
    fn call_off(&mut self, reason: &str, context: &Context<'_>) -> Vec<Record> {
        let turns: Vec<Inspection> = self.unbegun(context).into_iter().cloned().collect();
        self.planned.retain(|planned| turns.iter().all(|turn| turn.id != planned.inspection));
        let call_off = |mut turn: Inspection| {
            turn.void(reason.to_owned(), context, NEVER_SEEN);
            turn.into()
        };
        turns.into_iter().map(call_off).collect()
    }

    /// When turns are to be planned next: as long before the next turn as they are planned ahead.
    fn next_plan(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let repeats = self.repeats.as_ref().filter(|_| self.withdrawn.is_none())?;
        let next = repeats.recurrence.next_after(self.planned_until.unwrap_or(now - repeats.window()))?;
        Some(next - repeats.ahead())
    }
}

/// Plans the turns of the coming days. The server's own doing; a turn is planned once, however many servers ask, because its id
/// follows from the round and the time, and the round says until when it was planned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanRound {}

impl Payload for PlanRound {
    type Record = Round;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&Round>, _: &Actor) -> Vec<Need> {
        let Some(round) = record else { return Vec::new() };
        round.turns().into_iter().chain([Need::record(round.template)]).collect()
    }
}

impl Change for PlanRound {
    fn decide(self, mut round: Round, context: &Context<'_>) -> Result<Decision<Round>, Refusal> {
        let now = context.received_at;
        let repeats =
            round.repeats.clone().filter(|_| round.plan_at.is_some_and(|at| at <= now)).ok_or(Refusal::NotDue)?;
        let template: &Template = context.related.get(round.template).ok_or(Refusal::NotFound)?;
        match &template.state {
            TemplateState::Replaced { by, .. } => {
                // The turns to come are walked with the newest version: brought in line, and planned, when the timer asks again.
                round.template = *by;
                return Ok(round.into());
            }
            TemplateState::Published { .. } => {}
            TemplateState::Draft | TemplateState::Withdrawn { .. } => {
                round.plan_at = None;
                let flag = Flagged::with(Flag::FormWithdrawn, json!({ "template": template.id, "round": round.name }));
                return Ok(Decision::flagged(round, vec![flag]));
            }
        }
        let mut also = round.in_line(template, context);
        round.planned.retain(|turn| turn.until > now);
        let (after, until) = (round.planned_until.unwrap_or(now - repeats.window()), now + repeats.ahead());
        let room = MOST_TURNS.saturating_sub(round.planned.len()).max(1);
        let dates = repeats.recurrence.between(after, until, room);
        for from in &dates {
            let turn = round.turn(*from, &repeats, template, context);
            round.planned.push(PlannedTurn { inspection: turn.id, until: *from + repeats.window() });
            also.push(turn.into());
        }
        // If there was no room for all, the rest is planned from the last one on.
        round.planned_until = Some(if dates.len() < room { until } else { dates.last().copied().unwrap_or(until) });
        round.plan_at = round.next_plan(now);
        if dates.len() >= room {
            round.plan_at = round.planned.first().map(|turn| turn.until);
        }
        Ok(Decision { record: Some(round), also, flags: Vec::new() })
    }
}

impl Round {
    fn turn(&self, from: DateTime<Utc>, repeats: &Repeats, template: &Template, context: &Context<'_>) -> Inspection {
        let (timetable, at) = (self.timetable.to_be_bytes(), from.timestamp_micros().to_be_bytes());
        let id = derived(&[b"turn", self.id.uuid().as_bytes(), &timetable, &at]);
        let plan = Plan {
            id: id.into(),
            template: self.template,
            spot: self.spot,
            round: Some(self.id),
            order: None,
            complaint: None,
            earlier: None,
            points: self.points.clone(),
            due: Some(Window { from, until: from + repeats.window() }),
            assignee: self.assignee,
        };
        plan.make(template, context)
    }
}
