//! Rounds (巡检路线): which points are visited, how often, by whom.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Assignee, RoundPoint, Spot, Template, record::MOST_POINTS, start::check_size};
use crate::{
    actor::Actor,
    check::Check,
    evidence::When,
    ids::{Id, InspectionId, RoundId, TemplateId, WorkOrderId},
    operation::{Change, Context, Decision, Need, Payload, Save},
    refusal::Refusal,
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
    /// The last turn that was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastDone>,
    /// Since when it is not walked any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<When>,
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
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/name", &self.name, 1..=200);
        check.count("/points", self.points.len(), 0..=MOST_POINTS);
        let mut keys = std::collections::HashSet::new();
        for (at, point) in self.points.iter().enumerate().take(MOST_POINTS) {
            point.check(check, &format!("/points/{at}"));
            if !keys.insert(point.key.as_str()) {
                check.error(format!("/points/{at}/key"), "duplicate", "a key that no other point has");
            }
        }
    }

    fn needs(&self, _: Option<&Round>, _: &Actor) -> Vec<Need> {
        let mut needs = vec![Need::record(self.template)];
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
        let RoundSave { name, template, spot, points, assignee } = self;
        let last = current.and_then(|current| current.last);
        Ok(Round { id, name, template, spot, points, assignee, last, withdrawn: None }.into())
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
}

impl Change for WithdrawRound {
    fn decide(self, mut round: Round, context: &Context<'_>) -> Result<Decision<Round>, Refusal> {
        if round.withdrawn.is_some() {
            return Err(Refusal::StillInUse { what: "the round is withdrawn already".into() });
        }
        round.withdrawn = Some(context.when.clone());
        Ok(round.into())
    }
}
