//! What records are called, for those who may see them.

use std::collections::{BTreeMap, HashMap};

use mobile_api::{
    Actor,
    directory::Label,
    record::{Kind, Record, Ref},
};
use uuid::Uuid;

use super::store;
use crate::{db::Conn, language::Language, operations::DoorError, sync::scopes_of};

/// The names of records, looked up in bulk.
pub(super) struct Names(HashMap<Ref, String>);

impl Names {
    /// Looks these up. What the reader may not see has no name here, just as in the list itself it is an id: they see it by right, or
    /// because their device holds it.
    ///
    /// # Errors
    /// The database's; a record that cannot be read.
    pub(super) fn read(
        conn: &mut Conn,
        actor: &Actor,
        wanted: Vec<Ref>,
        language: Language,
    ) -> Result<Self, DoorError> {
        let mut kinds: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
        for address in wanted {
            kinds.entry(address.kind).or_default().push(address.id);
        }
        let scopes = scopes_of(actor);
        let mut names = HashMap::new();
        for (kind, mut ids) in kinds {
            ids.sort_unstable();
            ids.dedup();
            let (seen, others): (Vec<Record>, Vec<Record>) =
                store::records(conn, actor.org, kind, &ids)?.into_iter().partition(|record| record.visible_to(actor));
            let unsure: Vec<Uuid> = others.iter().map(|record| record.address().id).collect();
            let held = store::held(conn, actor.org, &scopes, kind, &unsure)?;
            let held = others.into_iter().filter(|record| held.contains(&record.address().id));
            for record in seen.into_iter().chain(held) {
                names.extend(name_of(&record, language).map(|name| (record.address(), name)));
            }
        }
        Ok(Self(names))
    }

    /// What the record is called; its id, if it has no name or the reader may not see it.
    pub(super) fn of(&self, address: Ref) -> String {
        self.0.get(&address).cloned().unwrap_or_else(|| address.id.to_string())
    }
}

/// A text in the reader's language.
pub(super) fn said(label: &Label, language: Language) -> &str {
    match language {
        Language::English => &label.en,
        Language::Chinese => &label.zh,
    }
}

/// What a person calls the record.
fn name_of(record: &Record, language: Language) -> Option<String> {
    let label = |label: &Label| Some(said(label, language).to_owned());
    match record {
        Record::Organisation(firm) => Some(firm.name.clone()),
        Record::Site(site) => Some(site.name.clone()),
        Record::Building(building) => Some(building.name.clone()),
        Record::Unit(unit) => Some(unit.name.clone()),
        Record::Customer(customer) => Some(customer.name.clone()),
        Record::User(user) => Some(user.name.clone()),
        Record::Team(team) => Some(team.name.clone()),
        Record::OrderType(order_type) => label(&order_type.name),
        Record::PriceItem(item) => label(&item.name),
        Record::Calendar(calendar) => label(&calendar.name),
        Record::Device(device) => Some(device.name.clone()),
        Record::WorkOrder(order) => order.number.clone(),
        Record::Article(article) => label(&article.name),
        Record::StockPlace(place) => Some(place.name.clone()),
        Record::StockSerial(piece) => Some(piece.serial.clone()),
        Record::Template(template) => label(&template.name),
        Record::Round(round) => Some(round.name.clone()),
        Record::Inspection(inspection) => label(&inspection.name),
        Record::Asset(asset) => Some(asset.name.clone()),
        Record::MaintenancePlan(plan) => Some(plan.name.clone()),
        Record::Complaint(complaint) => complaint.number.clone(),
        Record::ComplaintClass(class) => label(&class.name),
        Record::ReturnVisit(visit) => visit.number.clone(),
        Record::Webhook(webhook) => Some(webhook.name.clone()),
        Record::Review(_)
        | Record::StockMove(_)
        | Record::StockLevel(_)
        | Record::StockCount(_)
        | Record::AssetReading(_)
        | Record::Handover(_)
        | Record::Shutdown(_)
        | Record::ShutdownNotice(_) => None,
    }
}
