//! A list never shows what its reader may not see: the conditions of SQL against the rules of the records.

use std::collections::BTreeSet;

use doorstep::{
    asset::list::{self as assets, AssetFilter, ReadingFilter},
    complaint::list::{self as complaints, ComplaintFilter},
    db::{Conn, DbError},
    device::list::{self as devices, DeviceFilter},
    directory::list::{self as directory, DirectoryFilter},
    handover::list::{self as handovers, HandoverFilter},
    inspection::list::{self as inspections, InspectionFilter, RoundFilter, TemplateFilter},
    maintenance::list::{self as maintenance, NoticeFilter, PlanFilter, ShutdownFilter},
    paging::Ask,
    return_visit::list::{self as visits, VisitFilter},
    review::list::{self as reviews, ReviewFilter},
    stock::list::{self as stock, CountFilter, LevelFilter, MoveFilter, SerialFilter},
    webhook::list as webhooks,
    work_order::list::{self as work_orders, WorkOrderFilter},
};
use mobile_api::{
    Actor, Id, Role,
    asset::{AssetSave, RecordReading},
    calendar::CalendarSave,
    complaint::{About, ComplaintClassSave, Intake, ReferComplaint, SetTask},
    directory::{BuildingSave, CustomerSave, SiteSave, TeamSave, UnitSave},
    handover::HandoverOpen,
    ids::{SiteId, TeamId},
    inspection::{Assignee, PlanInspection, PublishTemplate, RoundSave, Spot, TemplateSave},
    maintenance::{ApproveShutdown, GiveNotice, PlanSave, ShutdownSave},
    operation::Payload,
    record::{Kind, Record},
    return_visit::{AssignVisit, Way},
    stock::StockCountOpen,
    webhook::WebhookSave,
    work_order::{
        dispatch::{Assign, Cancel, HandBack},
        request::Request,
    },
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    harness::{Firm, House},
    promises::kit::Hand,
    return_visits::accepted,
    stock::kit::{bag, carried, carry, numbered, stocked, the_store, used, valves},
};

const EVERYTHING: usize = 10_000;

/// Two sites and two teams, and everything there can be at each.
async fn furnish(house: &House) -> (Vec<SiteId>, Vec<TeamId>) {
    let firm = &house.firm;
    let (other_site, other_team) = (Id::new(house.clock.new_id()), Id::new(house.clock.new_id()));
    house
        .system(
            firm,
            other_site,
            SiteSave { name: "Hillside".into(), address: String::new(), location: None, time_zone: None },
        )
        .await;
    house.system(firm, other_team, TeamSave { name: "Lifts".into(), site: Some(other_site) }).await;
    for site in [firm.site, other_site] {
        let building = Id::new(house.clock.new_id());
        house.system(firm, building, BuildingSave { site, name: "A".into() }).await;
        let unit = UnitSave { site, building: Some(building), name: "A-1".into(), access_note: None };
        house.system(firm, house.clock.new_id(), unit).await;
        let asset = AssetSave { site, serial: None, ..AssetSave::example() };
        let id = house.clock.new_id();
        house.system(firm, id, asset).await;
        house.li().await.perform(id, RecordReading::example()).await.applied();
        maintenance_of(house, id, &[firm.plumbers, other_team]).await;
        let customer = CustomerSave { site, ..CustomerSave::example() };
        house.system(firm, house.clock.new_id(), customer).await;
        for team in [None, Some(firm.plumbers), Some(other_team)] {
            orders(house, site, team).await;
        }
    }
    inspections_of(house, &[firm.site, other_site], &[firm.plumbers, other_team]).await;
    complaints_of(house, &[firm.site, other_site], &[firm.plumbers, other_team]).await;
    house.system(firm, house.clock.new_id(), ComplaintClassSave::example()).await;
    house.system(firm, house.clock.new_id(), CalendarSave::example()).await;
    house.system(firm, house.clock.new_id(), WebhookSave::example()).await;
    material(house, other_site).await;
    visits_of(house, other_site).await;
    let hand = Hand::of(house, "wang").await;
    house.li().await.register(house.clock.new_id()).await;
    for order in everything(house, &Actor::system(firm.org), Kind::WorkOrder).await.into_iter().take(3) {
        let id = house.clock.new_id();
        let nonsense = json!({ "id": id, "type": "work_order.juggle", "entity": order.address().id, "payload": {} });
        hand.office.push(hand.device, &[nonsense]).await;
    }
    (vec![firm.site, other_site], vec![firm.plumbers, other_team])
}

/// Material in the store and in both bags, used on orders of both sites; a sheet for each.
async fn material(house: &House, other_site: SiteId) {
    let (firm, ku) = (&house.firm, stocked(house).await);
    let li = house.li().await;
    for (user, site) in [(firm.wang, firm.site), (firm.zhao, other_site)] {
        carry(house, &ku, carried(valves(), the_store(), bag(user), 5)).await;
        let order = house.clock.new_id();
        let request = Request { site, unit: None, customer: None, ..house.request_for(firm.plumbing) };
        li.perform(order, request).await.applied();
        li.perform(order, Assign { technician: user }).await.applied();
        li.perform(order, used(1)).await.applied();
        let open = StockCountOpen { place: bag(user), articles: vec![valves()], counters: vec![], note: None };
        ku.perform(house.clock.new_id(), open).await.applied();
    }
    carry(house, &ku, numbered(the_store(), bag(firm.zhao), "D-7")).await;
    for (from, to) in [(firm.wang, firm.zhao), (firm.zhao, firm.wang), (firm.zhao, firm.li)] {
        let open = HandoverOpen { from: Some(from), to, orders: vec![], ..HandoverOpen::example() };
        ku.perform(house.clock.new_id(), open).await.applied();
    }
    let (place, counters) = (the_store(), vec![firm.wang]);
    let open = StockCountOpen { place, articles: vec![valves()], counters, note: None };
    ku.perform(house.clock.new_id(), open).await.applied();
}

/// A plan for the asset, and shutdowns of it given to each; one of them with its notices.
async fn maintenance_of(house: &House, asset: Uuid, teams: &[TeamId]) {
    let (firm, admin) = (&house.firm, house.office("admin").await);
    let mut plan = PlanSave { asset: asset.into(), ..PlanSave::example() };
    plan.job.order_type = firm.plumbing;
    admin.perform(house.clock.new_id(), plan).await.applied();
    let persons = [firm.wang, firm.zhao].map(|user| Assignee { user: Some(user), team: None });
    let teams = teams.iter().map(|team| Assignee { user: None, team: Some(*team) });
    let mut shutdown = Uuid::nil();
    for assignee in persons.into_iter().chain(teams).chain([Assignee::default()]) {
        shutdown = house.clock.new_id();
        let save = ShutdownSave { asset: asset.into(), assignee, ..ShutdownSave::example() };
        admin.perform(shutdown, save).await.applied();
    }
    admin.perform(shutdown, ApproveShutdown {}).await.applied();
    admin.perform(shutdown, GiveNotice::default()).await.applied();
}

/// Return visits at both sites; one of each is given to Zhao.
async fn visits_of(house: &House, other_site: SiteId) {
    let (firm, li) = (&house.firm, house.li().await);
    for site in [firm.site, other_site] {
        for given in [true, false] {
            let request = Request { site, unit: None, customer: None, ..house.request_for(firm.check_up) };
            let visit = accepted(house, request).await.1;
            if given {
                let home = AssignVisit { to: Some(firm.zhao), way: Some(Way::Home) };
                li.perform(visit, home).await.applied();
            }
        }
    }
}

/// A form in each state; rounds and inspections at each site, of each person and team.
async fn inspections_of(house: &House, sites: &[SiteId], teams: &[TeamId]) {
    let firm = &house.firm;
    let (draft, published) = (house.clock.new_id(), house.clock.new_id());
    for template in [draft, published] {
        house.system(firm, template, TemplateSave::example()).await;
    }
    house.system(firm, published, PublishTemplate {}).await;
    let (template, li) = (Id::new(published), house.li().await);
    for site in sites {
        let spot = Spot { site: *site, building: None, unit: None, asset: None };
        let persons = [firm.wang, firm.zhao].map(|user| Assignee { user: Some(user), team: None });
        let teams = teams.iter().map(|team| Assignee { user: None, team: Some(*team) });
        for assignee in persons.into_iter().chain(teams).chain([Assignee::default()]) {
            let round = RoundSave { template, spot, assignee, ..RoundSave::example() };
            li.perform(house.clock.new_id(), round).await.applied();
            let plan = PlanInspection { template, spot, assignee, ..PlanInspection::example() };
            li.perform(house.clock.new_id(), plan).await.applied();
        }
    }
}

/// Complaints at each site and at none, of each team and none, with something to do for each person.
async fn complaints_of(house: &House, sites: &[SiteId], teams: &[TeamId]) {
    let (firm, li) = (&house.firm, house.li().await);
    for site in [None, Some(sites[0]), Some(sites[1])] {
        for team in [None, Some(teams[0]), Some(teams[1])] {
            for who in [None, Some(firm.wang), Some(firm.zhao)] {
                let (id, about) = (house.clock.new_id(), About { site, ..About::default() });
                li.perform(id, Intake { about, ..Intake::example() }).await.applied();
                if let Some(team) = team {
                    li.perform(id, ReferComplaint { team, reason: None }).await.applied();
                }
                if let Some(who) = who {
                    li.perform(id, SetTask { who, ..SetTask::example() }).await.applied();
                }
            }
        }
    }
}

/// Orders of every standing: in the pool, somebody's, handed back, cancelled; written down by a technician.
async fn orders(house: &House, site: SiteId, team: Option<TeamId>) {
    let firm = &house.firm;
    let li = house.li().await;
    let request = || Request { site, team, unit: None, customer: None, ..house.request_for(firm.plumbing) };
    for technician in [None, Some(firm.wang), Some(firm.zhao)] {
        for end in 0..3 {
            let order = house.clock.new_id();
            li.perform(order, request()).await.applied();
            if let Some(technician) = technician {
                li.perform(order, Assign { technician }).await.applied();
            }
            match end {
                1 if technician.is_some() => {
                    li.perform(order, HandBack { reason: "Too much to do".into() }).await.applied();
                }
                2 => drop(li.perform(order, Cancel { reason: "It stopped by itself".into() }).await.applied()),
                _ => {}
            }
        }
    }
    house.office("wang").await.perform(house.clock.new_id(), request()).await;
}

/// Whoever there can be: of each role, limited to some sites or none, in some teams or none.
fn actors(firm: &Firm, sites: &[SiteId], teams: &[TeamId]) -> Vec<Actor> {
    fn some<T: Clone + From<Uuid>>(ids: &[T]) -> Vec<Vec<T>> {
        vec![vec![], vec![ids[0].clone()], vec![ids[1].clone()], ids.to_vec(), vec![Uuid::from_u128(7).into()]]
    }
    let mut actors = Vec::new();
    for role in Role::ALL {
        let teams = if role == Role::Technician { some(teams) } else { vec![teams.to_vec()] };
        for user in [firm.wang, firm.zhao, firm.li, Uuid::from_u128(9).into()] {
            for sites in some(sites) {
                let of = |teams: &Vec<TeamId>| (sites.clone(), teams.clone());
                for (sites, teams) in teams.iter().map(of) {
                    actors.push(Actor { org: firm.org, user, role, sites, teams, device: None });
                }
            }
        }
    }
    actors
}

fn rows(
    conn: &mut Conn,
    actor: &Actor,
    kind: Kind,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<String>, DbError> {
    let ask = Ask { after: None, limit: EVERYTHING };
    Ok(match kind {
        Kind::Organisation => Vec::new(),
        Kind::WorkOrder => {
            let rows = work_orders::list(conn, actor, &WorkOrderFilter::default(), &ask, now)?;
            rows.into_iter().map(|row| row.body).collect()
        }
        Kind::Review => {
            reviews::list(conn, actor, &ReviewFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::StockMove => {
            stock::moves(conn, actor, &MoveFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::StockCount => {
            stock::counts(conn, actor, &CountFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::StockLevel => {
            let ask = Ask { after: None, limit: EVERYTHING };
            stock::levels(conn, actor, &LevelFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::StockSerial => {
            let ask = Ask { after: None, limit: EVERYTHING };
            stock::serials(conn, actor, &SerialFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Webhook => {
            let ask = Ask { after: None, limit: EVERYTHING };
            webhooks::list(conn, actor, &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Handover => {
            let ask = Ask { after: None, limit: EVERYTHING };
            handovers::list(conn, actor, &HandoverFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Complaint => {
            let rows = complaints::list(conn, actor, &ComplaintFilter::default(), &ask, now)?;
            rows.into_iter().map(|row| row.body).collect()
        }
        Kind::ReturnVisit => {
            let (ask, filter) = (Ask { after: None, limit: EVERYTHING }, VisitFilter::default());
            visits::list(conn, actor, &filter, &ask, now)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Asset => {
            let ask = Ask { after: None, limit: EVERYTHING };
            assets::list(conn, actor, &AssetFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::AssetReading => {
            assets::readings(conn, actor, &ReadingFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::MaintenancePlan => {
            let ask = Ask { after: None, limit: EVERYTHING };
            maintenance::plans(conn, actor, &PlanFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Shutdown => {
            let filter = ShutdownFilter::default();
            maintenance::shutdowns(conn, actor, &filter, &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::ShutdownNotice => {
            maintenance::notices(conn, actor, &NoticeFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Template => {
            let ask = Ask { after: None, limit: EVERYTHING };
            let filter = TemplateFilter::default();
            inspections::templates(conn, actor, &filter, &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Round => {
            let ask = Ask { after: None, limit: EVERYTHING };
            inspections::rounds(conn, actor, &RoundFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Inspection => {
            let filter = InspectionFilter::default();
            inspections::inspections(conn, actor, &filter, &ask)?.into_iter().map(|row| row.body).collect()
        }
        Kind::Device => {
            devices::list(conn, actor, &DeviceFilter::default(), &ask)?.into_iter().map(|row| row.body).collect()
        }
        kind => {
            let ask = Ask { after: None, limit: EVERYTHING };
            let rows = directory::list(conn, actor, kind, &DirectoryFilter::default(), &ask)?;
            rows.into_iter().map(|row| row.body).collect()
        }
    })
}

async fn everything(house: &House, actor: &Actor, kind: Kind) -> Vec<Record> {
    let (actor, now) = (actor.clone(), house.clock.now());
    let bodies = house.db.read(move |conn| rows(conn, &actor, kind, now)).await.unwrap();
    bodies.iter().map(|body| Record::from_json(kind, body).unwrap()).collect()
}

stories! {
    async fn lists_show_what_the_rules_allow(house: House) {
        let (sites, teams) = furnish(&house).await;
        for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Organisation) {
            let all = everything(&house, &Actor::system(house.firm.org), kind).await;
            assert!(!all.is_empty(), "{kind}");
            for actor in actors(&house.firm, &sites, &teams) {
                let listed: BTreeSet<Uuid> =
                    everything(&house, &actor, kind).await.iter().map(|record| record.address().id).collect();
                let allowed: BTreeSet<Uuid> = all
                    .iter()
                    .filter(|record| record.visible_to(&actor))
                    .map(|record| record.address().id)
                    .collect();
                if kind == Kind::WorkOrder && actor.role == Role::Technician {
                    // Of those that are over or somebody else's now, a technician may read but is not shown.
                    assert!(listed.is_subset(&allowed), "{actor:?}");
                    continue;
                }
                // Customers do not sign in yet; whatever the catalogue shows them, no list needs to.
                if actor.role == Role::Customer {
                    assert!(listed.is_subset(&allowed), "{kind}: {actor:?}");
                    continue;
                }
                assert_eq!(listed, allowed, "{kind}: {actor:?}");
            }
        }
    }
}
