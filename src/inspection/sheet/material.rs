//! What the report of an inspection is written from, in no language yet.

use std::collections::HashMap;

use chrono_tz::Tz;
use mobile_api::{
    Actor,
    asset::Asset,
    complaint::Complaint,
    directory::{Organisation, User},
    ids::InspectionId,
    inspection::{Form, Inspection, InspectionSignature, Round, SignInspection, Template},
    photo::{Finding, Photo},
    signing::{Stroke, digest},
    work_order::WorkOrder,
};
use uuid::Uuid;

use crate::{
    db::Conn,
    directory::premises::Premises,
    operations::{
        DoorError,
        reading::{self, named},
        timeline,
    },
};

/// Most photos of one report; an inspection can have many more, and paper cannot.
const MOST_PHOTOS: usize = 40;

/// Everything that a report says.
#[derive(Debug)]
pub(in crate::inspection) struct Material {
    pub(super) firm: String,
    pub(super) zone: Tz,
    pub(super) inspection: Inspection,
    /// The one that it repeats.
    pub(super) earlier: Option<Inspection>,
    pub(super) form: Form,
    pub(super) version: u32,
    pub(super) premises: Premises,
    pub(super) asset: Option<String>,
    pub(super) round: Option<String>,
    /// Names and numbers of people, orders and complaints.
    pub(super) names: HashMap<Uuid, String>,
    /// The strokes of the signatures that are what was signed, by their operations.
    pub(super) strokes: HashMap<Uuid, Vec<Stroke>>,
}

impl Material {
    /// Gathers it, of an inspection that the actor may see; nothing if there is none, or its form is gone.
    ///
    /// # Errors
    /// The database's; a record that cannot be read.
    pub(in crate::inspection) fn gather(
        conn: &mut Conn,
        actor: &Actor,
        id: InspectionId,
    ) -> Result<Option<Self>, DoorError> {
        let Some(inspection) = reading::record::<Inspection>(conn, actor, id)? else { return Ok(None) };
        // Who may see the inspection may see what it was about.
        let (org, system) = (actor.org, Actor::system(actor.org));
        let Some(template) = reading::record::<Template>(conn, &system, inspection.template)? else { return Ok(None) };
        let firm: Option<Organisation> = reading::record(conn, &system, mobile_api::Id::new(org))?;
        let earlier = inspection.earlier.map_or(Ok(None), |id| reading::record(conn, &system, id))?;
        let spot = inspection.spot;
        let asset: Option<Asset> = spot.asset.map_or(Ok(None), |id| reading::record(conn, &system, id))?;
        let round: Option<Round> = inspection.round.map_or(Ok(None), |id| reading::record(conn, &system, id))?;
        let mut strokes = HashMap::new();
        for signature in &inspection.signatures {
            strokes.extend(strokes_of(conn, org, signature)?.map(|strokes| (signature.op, strokes)));
        }
        Ok(Some(Self {
            zone: firm.as_ref().and_then(|firm| firm.time_zone.parse().ok()).unwrap_or(Tz::UTC),
            firm: firm.map(|firm| firm.name).unwrap_or_default(),
            premises: Premises::read(conn, org, spot.site, spot.building, spot.unit)?,
            names: names(conn, org, &inspection)?,
            asset: asset.map(|asset| asset.name),
            round: round.map(|round| round.name),
            form: template.form,
            version: template.version,
            earlier,
            strokes,
            inspection,
        }))
    }

    /// The photos that belong on the report, in the order in which they were taken.
    pub(in crate::inspection) fn photos(&self) -> Vec<Photo> {
        let ready = |photo: &&Photo| {
            let finding = photo.arrival.as_ref().map(|arrival| &arrival.finding);
            photo.void.is_none() && matches!(finding, Some(Finding::Ready { .. }))
        };
        self.inspection.photos.iter().filter(ready).take(MOST_PHOTOS).cloned().collect()
    }
}

/// The strokes of a signature, if what is stored is what was signed.
fn strokes_of(conn: &mut Conn, org: Uuid, signature: &InspectionSignature) -> Result<Option<Vec<Stroke>>, DoorError> {
    let Some((Some(sign), true)) = timeline::payload_as_sent::<SignInspection>(conn, org, signature.op)? else {
        return Ok(None);
    };
    let same = sign.content.signer == signature.name && digest(&sign.content).is_ok_and(|it| it == signature.digest);
    Ok(same.then_some(sign.strokes))
}

fn names(conn: &mut Conn, org: Uuid, inspection: &Inspection) -> Result<HashMap<Uuid, String>, DoorError> {
    let people: HashMap<Uuid, User> = named(conn, org, inspection.people.iter().map(|id| id.uuid()))?;
    let orders = inspection.findings.iter().filter_map(|found| found.order).chain(inspection.order);
    let orders: HashMap<Uuid, WorkOrder> = named(conn, org, orders.map(mobile_api::Id::uuid))?;
    let complaints = inspection.findings.iter().filter_map(|found| found.complaint).chain(inspection.complaint);
    let complaints: HashMap<Uuid, Complaint> = named(conn, org, complaints.map(mobile_api::Id::uuid))?;
    let people = people.into_iter().map(|(id, user)| (id, user.name));
    let orders = orders.into_iter().filter_map(|(id, order)| Some((id, order.number?)));
    let complaints = complaints.into_iter().filter_map(|(id, complaint)| Some((id, complaint.number?)));
    Ok(people.chain(orders).chain(complaints).collect())
}
