//! A complaint is written down, and its particulars corrected.

use serde::{Deserialize, Serialize};

use super::{
    About, Complainant, Complaint, ComplaintChannel, ComplaintClocks, ComplaintState, Mark, Round, Severity, Step,
    standing::{addition, decided},
};
use crate::{
    actor::Actor,
    asset::Asset,
    check::Check,
    directory::{Customer, Organisation, Unit},
    ids::{ComplaintId, Id, SiteId},
    operation::{Change, Context, Create, Decision, Need, Payload},
    refusal::Refusal,
    work_order::WorkOrder,
};

/// Writes a complaint down (受理).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Intake {
    /// How it came.
    pub channel: ComplaintChannel,
    /// Who complains.
    pub by: Complainant,
    /// What about.
    #[serde(default)]
    pub about: About,
    /// What they say; 1 to 10,000 characters.
    pub text: String,
    /// What they want; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// How grave it is.
    pub severity: Severity,
}

impl Intake {
    fn check_references(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let (about, related) = (&self.about, context.related);
        // A phone holds only its own part: what it does not hold, it says nothing about.
        let there = |known: bool| known || related.partial;
        let named = [
            ("order", about.order.is_none_or(|id| there(related.get(id).is_some()))),
            ("unit", about.unit.is_none_or(|id| there(related.get(id).is_some()))),
            ("site", about.site.is_none_or(|id| there(related.get(id).is_some()))),
            ("customer", about.customer.is_none_or(|id| there(related.get(id).is_some()))),
            ("person", about.person.is_none_or(|id| there(related.get(id).is_some()))),
            ("asset", about.asset.is_none_or(|id| there(related.get(id).is_some()))),
        ];
        let missing = named.into_iter().find(|(_, there)| !there).map(|(field, _)| field);
        let elsewhere = about.elsewhere(context).or_else(|| {
            let site = about.with_site(context).site;
            site.is_some_and(|site| !context.actor.covers_site(site)).then_some("site")
        });
        match missing.or(elsewhere) {
            Some(field) => Err(Refusal::BadReference { pointer: format!("/about/{field}") }),
            None => Ok(()),
        }
    }
}

impl About {
    /// The records that it names.
    pub(super) fn needs(&self) -> Vec<Need> {
        let needs = [
            self.order.map(Need::record),
            self.unit.map(Need::record),
            self.site.map(Need::record),
            self.customer.map(Need::record),
            self.person.map(Need::record),
            self.asset.map(Need::record),
        ];
        needs.into_iter().flatten().collect()
    }

    /// The site of each thing that it names, as far as that is known.
    fn sites(&self, context: &Context<'_>) -> [(&'static str, Option<SiteId>); 4] {
        let related = context.related;
        [
            ("order", self.order.and_then(|id| related.get(id)).map(|order: &WorkOrder| order.site)),
            ("unit", self.unit.and_then(|id| related.get(id)).map(|unit: &Unit| unit.site)),
            ("asset", self.asset.and_then(|id| related.get(id)).map(|asset: &Asset| asset.site)),
            ("customer", self.customer.and_then(|id| related.get(id)).map(|customer: &Customer| customer.site)),
        ]
    }

    /// What belongs to another site than it says.
    fn elsewhere(&self, context: &Context<'_>) -> Option<&'static str> {
        let site = self.site?;
        self.sites(context).into_iter().find(|(_, of)| of.is_some_and(|of| of != site)).map(|(field, _)| field)
    }

    /// The same with its site and unit, and whose they are, if they follow from what is named.
    pub(super) fn with_site(self, context: &Context<'_>) -> Self {
        let order: Option<&WorkOrder> = self.order.and_then(|id| context.related.get(id));
        let site = self.site.or(self.sites(context).into_iter().find_map(|(_, site)| site));
        let of_order = order.filter(|order| Some(order.site) == site);
        let unit = self.unit.or(of_order.and_then(|order| order.unit));
        let customer = self.customer.or(of_order.and_then(|order| order.customer));
        Self { site, unit, customer, ..self }
    }
}

impl Payload for Intake {
    type Record = Complaint;

    fn example() -> Self {
        let site = Some(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000001")));
        Self {
            channel: ComplaintChannel::Phone,
            by: Complainant { name: "Mrs Chen".into(), phone: Some("021-5550101".into()) },
            about: About { site, ..About::default() },
            text: "The tap drips again, two days after it was mended".into(),
            wanted: Some("That it is mended for good".into()),
            severity: Severity::Ordinary,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/text", &self.text, 1..=10_000);
        check.optional_text("/wanted", self.wanted.as_deref(), 2000);
        check_complainant(check, &self.by);
    }

    fn needs(&self, _: Option<&Complaint>, actor: &Actor) -> Vec<Need> {
        let firm: Id<Organisation> = Id::new(actor.org);
        let mut needs = vec![Need::ComplaintNumber, Need::record(firm)];
        needs.extend(self.about.needs());
        needs
    }
}

fn check_complainant(check: &mut Check, by: &Complainant) {
    check.text("/by/name", &by.name, 0..=200);
    check.optional_text("/by/phone", by.phone.as_deref(), 60);
}

impl Create for Intake {
    fn decide(self, id: Id<Complaint>, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        self.check_references(context)?;
        Ok(Complaint::received(id, self, context).into())
    }
}

impl Complaint {
    /// A complaint as it is written down. For [`Intake`] itself, and for rules that make one beside their own record: they
    /// ask for what it needs (`Payload::needs` of the intake) and take what this answers into [`Decision::also`].
    pub fn received(id: ComplaintId, intake: Intake, context: &Context<'_>) -> Complaint {
        let firm: Id<Organisation> = Id::new(context.actor.org);
        let rules = context.related.get(firm).map(|firm| firm.complaints.clone()).unwrap_or_default();
        let calendar = rules.calendar.and_then(|calendar| context.related.get(calendar));
        let hours = calendar.map(|calendar| calendar.hours.from_day(context.when.latest));
        let clocks = ComplaintClocks::begin(&rules, hours.as_ref(), intake.severity, &context.when);
        let received = Step { what: "receive".into(), note: None, mark: Mark::of(context, None) };
        let people = if context.by_technician() { vec![context.actor.user] } else { Vec::new() };
        Complaint {
            id,
            number: context.related.complaint_number.clone(),
            source: None,
            channel: intake.channel,
            complainant: intake.by,
            about: intake.about.with_site(context),
            text: intake.text,
            wanted: intake.wanted,
            severity: intake.severity,
            recorded: context.when.clone(),
            recorded_by: context.actor.user,
            rules,
            hours,
            state: ComplaintState::Received,
            clocks,
            alarms: Vec::new(),
            judgements: Vec::new(),
            understandings: Vec::new(),
            departments: Vec::new(),
            tasks: Vec::new(),
            surveys: Vec::new(),
            rounds: vec![Round::default()],
            follow_ups: Vec::new(),
            escalated: None,
            calls: Vec::new(),
            summary: None,
            orders: Vec::new(),
            repeats: None,
            repeated_by: Vec::new(),
            notes: Vec::new(),
            photos: Vec::new(),
            people,
            timeline: vec![received],
            merged_into: None,
            merged_from: Vec::new(),
        }
    }
}

/// Corrects particulars of a complaint; absent fields stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditComplaint {
    /// What they say; 1 to 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What they want; at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// Who complains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Complainant>,
    /// How grave it is. One that becomes serious is followed up from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

impl Payload for EditComplaint {
    type Record = Complaint;

    fn example() -> Self {
        Self { severity: Some(Severity::Serious), ..Self::default() }
    }

    fn check(&self, check: &mut Check) {
        if let Some(text) = &self.text {
            check.text("/text", text, 1..=10_000);
        }
        check.optional_text("/wanted", self.wanted.as_deref(), 2000);
        if let Some(by) = &self.by {
            check_complainant(check, by);
        }
    }
}

impl Change for EditComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        let overtaken = addition(&complaint, context, "edit")?;
        complaint.log(context, "edit", None, overtaken)?;
        if overtaken.is_some() {
            return Ok(decided(complaint, overtaken));
        }
        let EditComplaint { text, wanted, by, severity } = self;
        complaint.text = text.unwrap_or(complaint.text);
        complaint.wanted = wanted.or(complaint.wanted);
        complaint.complainant = by.unwrap_or(complaint.complainant);
        if let Some(severity) = severity {
            complaint.severity = severity;
            match severity {
                Severity::Serious => complaint.watch_over(&context.when),
                Severity::Ordinary => complaint.clocks.follow_up = None,
            }
        }
        Ok(decided(complaint, overtaken))
    }
}
