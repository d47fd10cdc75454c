//! S10: nothing shows what lies outside the caller's scopes.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use mobile_api::{
    Role,
    catalogue::Action,
    directory::{CustomerSave, SiteSave, TeamSave, UnitSave, UserSave},
    ids::{CustomerId, SiteId, TeamId, UnitId, UserId, WorkOrderId},
    operation::Payload,
    record::Kind,
    stock::StockLevel,
    work_order::{dispatch::Assign, request::Request},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    books::Books,
    kit::{Copy, Hand, note},
};
use crate::{
    harness::{Firm, House, Office},
    stock::kit::{bag, carried, carry, stocked, the_store, used, valves},
};

/// A word that stands in everything that must not be seen.
const SECRET: &str = "Nightingale";

/// Something that lies out of somebody's sight: every id that belongs to it.
#[derive(Clone, Default)]
struct Hidden {
    ids: Vec<(Kind, Uuid)>,
    operations: Vec<Uuid>,
}

impl Hidden {
    fn add(&mut self, kind: Kind, id: impl Into<Uuid>) {
        self.ids.push((kind, id.into()));
    }

    /// What an answer must not contain, whatever its status.
    #[track_caller]
    fn is_not_in(&self, text: &str, asked: &str) {
        assert!(!text.contains(SECRET), "{asked} shows {SECRET}: {text:.2000}");
        for id in self.ids.iter().map(|(_, id)| id).chain(&self.operations) {
            let id = id.to_string();
            assert!(asked.contains(&id) || !text.contains(&id), "{asked} shows {id}: {text:.2000}");
        }
    }
}

/// A house with a second firm, a second site with a dispatcher of its own, and a second crew.
struct Street {
    house: House,
    north: SiteId,
    /// What the first firm's Wang must not see: another crew's and other people's orders.
    from_wang: Hidden,
    /// What the dispatcher of the north site must not see: the lake site's.
    from_north: Hidden,
    /// What nobody of the first firm may see.
    from_all: Hidden,
}

async fn request(house: &House, office: &Office, particulars: Request) -> (WorkOrderId, Uuid) {
    let order: WorkOrderId = house.clock.new_id().into();
    let verdict = office.perform(order, particulars).await.applied();
    (order, verdict["id"].as_str().unwrap().parse().unwrap())
}

fn customer(site: SiteId, name: &str) -> CustomerSave {
    CustomerSave {
        site,
        unit: None,
        name: format!("{SECRET} {name}"),
        note: Some(SECRET.into()),
        ..CustomerSave::example()
    }
}

async fn technician(house: &House, firm: &Firm, login: &str, team: TeamId) -> UserId {
    let id: UserId = house.clock.new_id().into();
    let user = UserSave {
        name: login.into(),
        login: login.into(),
        role: Role::Technician,
        sites: vec![],
        teams: vec![team],
        skills: vec![],
        certificates: vec![],
        calendar: None,
        active: true,
    };
    house.system(firm, id, user).await;
    house.password(firm, id, login).await;
    id
}

async fn street(house: House) -> Street {
    let firm = house.firm;
    let (mut from_wang, mut from_north, mut from_all) = (Hidden::default(), Hidden::default(), Hidden::default());
    let li = house.li().await;

    // The north site, with a dispatcher who is limited to it.
    let north: SiteId = house.clock.new_id().into();
    house
        .system(
            &firm,
            north,
            SiteSave { name: "North Gate".into(), address: "1 North Road".into(), location: None, time_zone: None },
        )
        .await;
    let dispatcher: UserId = house.clock.new_id().into();
    let user = UserSave {
        name: "Dispatcher North".into(),
        login: "north".into(),
        role: Role::Dispatcher,
        sites: vec![north],
        teams: vec![],
        skills: vec![],
        certificates: vec![],
        calendar: None,
        active: true,
    };
    house.system(&firm, dispatcher, user).await;
    house.password(&firm, dispatcher, "north").await;

    // At the lake site: a customer, and orders of another crew and of another technician.
    let electricians: TeamId = house.clock.new_id().into();
    house.system(&firm, electricians, TeamSave { name: "Electricians".into(), site: None }).await;
    let sun = technician(&house, &firm, "sun", electricians).await;
    let lake_customer: CustomerId = house.clock.new_id().into();
    house.system(&firm, lake_customer, customer(firm.site, "of the lake")).await;
    let lake_unit: UnitId = house.clock.new_id().into();
    let unit = UnitSave { site: firm.site, building: None, name: format!("{SECRET} unit"), access_note: None };
    house.system(&firm, lake_unit, unit).await;
    let particulars = Request {
        unit: Some(lake_unit),
        customer: Some(lake_customer),
        team: Some(electricians),
        fault: format!("{SECRET} has no light"),
        ..house.request_for(firm.check_up)
    };
    let (pooled, first) = request(&house, &li, particulars.clone()).await;
    let (assigned, second) = request(&house, &li, particulars).await;
    li.perform(assigned, Assign { technician: sun }).await.applied();
    // Sun does something that is applied and something that is kept.
    let hand = Hand::of(&house, "sun").await;
    let (good, bad) = (hand.op(1, assigned, note(SECRET)), hand.op(2, pooled, note(SECRET)));
    let verdicts = hand.push(&[good.clone(), bad.clone()]).await;
    for hidden in [&mut from_wang, &mut from_north] {
        for id in [pooled, assigned] {
            hidden.add(Kind::WorkOrder, id);
        }
        hidden.add(Kind::Customer, lake_customer);
        hidden.add(Kind::Unit, lake_unit);
        hidden.operations.extend([first, second]);
        hidden.operations.extend([&good, &bad].map(|o| o["id"].as_str().unwrap().parse::<Uuid>().unwrap()));
        hidden.add(Kind::Device, hand.device);
        if let Some(review) = verdicts[1]["review"].as_str() {
            hidden.add(Kind::Review, review.parse::<Uuid>().unwrap());
        }
    }
    from_wang.add(Kind::Site, north);

    // What lies in Sun's bag, and what was used out of it at the lake site.
    let ku = stocked(&house).await;
    let issued = carry(&house, &ku, carried(valves(), the_store(), bag(sun), 2)).await;
    li.perform(assigned, used(1)).await.applied();
    let page = li.get(&format!("/v1/stock-moves?kind=use&place={}", bag(sun))).await.body;
    let used: Uuid = page["items"][0]["record"]["id"].as_str().unwrap().parse().unwrap();
    from_wang.add(Kind::StockMove, issued);
    from_wang.add(Kind::StockLevel, StockLevel::id_of(bag(sun), valves()));
    for hidden in [&mut from_wang, &mut from_north] {
        hidden.add(Kind::StockMove, used);
    }

    // Another firm.
    let other = Firm::with(1);
    house.found(&other, "other").await;
    let their_customer: CustomerId = house.clock.new_id().into();
    house.system(&other, their_customer, customer(other.site, "of the others")).await;
    let office = house.office("li@other").await;
    let particulars = Request {
        order_type: other.check_up,
        site: other.site,
        unit: Some(other.unit),
        customer: Some(their_customer),
        team: Some(other.plumbers),
        fault: SECRET.into(),
        ..house.request_for(other.check_up)
    };
    let (theirs, operation) = request(&house, &office, particulars).await;
    office.perform(theirs, Assign { technician: other.wang }).await.applied();
    let their_hand = Hand::of(&house, "wang@other").await;
    let bad = their_hand.op(1, other.org, note(SECRET));
    let review = their_hand.push_one(&bad).await["review"].as_str().unwrap().parse::<Uuid>().unwrap();
    from_all.add(Kind::WorkOrder, theirs);
    from_all.add(Kind::Customer, their_customer);
    from_all.add(Kind::Review, review);
    from_all.add(Kind::Device, their_hand.device);
    from_all.operations.push(operation);
    let kinds = [
        (Kind::Organisation, other.org),
        (Kind::Site, other.site.uuid()),
        (Kind::Unit, other.unit.uuid()),
        (Kind::Customer, other.customer.uuid()),
        (Kind::Team, other.plumbers.uuid()),
        (Kind::User, other.wang.uuid()),
        (Kind::User, other.admin.uuid()),
        (Kind::OrderType, other.check_up.uuid()),
        (Kind::PriceItem, other.hour.uuid()),
    ];
    kinds.into_iter().for_each(|(kind, id)| from_all.add(kind, id));
    Street { house, north, from_wang, from_north, from_all }
}

/// Asks for everything that the API has, with ids that are none of the caller's business, and looks for traces of them.
async fn walk(hand: &Hand, hidden: &Hidden) {
    let office = &hand.office;
    // Every read with an id, and every list, that the API document knows.
    let document = serde_json::to_value(doorstep::openapi::document()).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if item.get("get").is_none() || path.ends_with("/events") {
            continue;
        }
        if !path.contains("{id}") {
            for query in ["", "?limit=500"] {
                let answer = office.get(&format!("{path}{query}")).await;
                hidden.is_not_in(&answer.body.to_string(), path);
                asked += 1;
            }
            continue;
        }
        let kind = Kind::ALL.iter().find(|kind| path.starts_with(&format!("/v1/{}/", kind.path())));
        let of_kind = |(of, id): &(Kind, Uuid)| (Some(of) == kind).then_some(*id);
        let ids: Vec<Uuid> = match kind {
            Some(_) => hidden.ids.iter().filter_map(of_kind).collect(),
            None => hidden.operations.clone(),
        };
        for id in ids {
            let path = path.replace("{id}", &id.to_string());
            let answer = office.get(&path).await;
            let unknown = kind.is_none() && answer.body == json!({ "id": id, "status": "unknown" });
            assert!(answer.status == 404 || unknown, "GET {path}: {}", answer.body);
            hidden.is_not_in(&answer.body.to_string(), &path);
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");

    // Filters that name them.
    for (kind, id) in &hidden.ids {
        let name = kind.as_str();
        for path in ["work-orders", "customers", "units", "reviews", "users", "devices", "buildings"] {
            let answer = office.get(&format!("/v1/{path}?{name}={id}")).await;
            hidden.is_not_in(&answer.body.to_string(), &format!("/v1/{path}?{name}={id}"));
        }
    }
    let answer = office.get(&format!("/v1/customers?q={SECRET}")).await;
    assert!(!answer.body.to_string().contains("of the"), "{}", answer.body);

    // Every operation of the catalogue on them: not found or not allowed, and nothing in the answer.
    for action in Action::examples() {
        let ids = hidden.ids.iter().filter(|(kind, _)| *kind == action.spec().kind);
        for (_, id) in ids {
            if action.spec().on == mobile_api::operation::On::Existing {
                let answer = office.perform(*id, action.clone()).await;
                assert!([403, 404].contains(&answer.status.as_u16()), "{} {id}: {}", action.spec().name, answer.body);
                hidden.is_not_in(&answer.body.to_string(), &format!("{} {id}", action.spec().name));
            }
        }
    }

    // Verdicts: of operations that are not theirs nothing is known.
    for verdict in hand.lookup(&hidden.operations).await {
        assert_eq!(verdict["status"], "unknown");
        assert_eq!(verdict.as_object().unwrap().len(), 2, "{verdict}");
    }

    // What a push says about them does not depend on whether they exist.
    let nobody = hand.new_id();
    for (kind, id) in &hidden.ids {
        let action: Action = match kind {
            Kind::WorkOrder => note("x").into(),
            Kind::Customer => mobile_api::directory::AddContact { name: "x".into(), reach: "1".into() }.into(),
            _ => continue,
        };
        let [on_theirs, on_nothing] = [*id, nobody].map(|entity| hand.op(None, entity, action.clone()));
        let verdicts = hand.push(&[on_theirs, on_nothing]).await;
        let codes = [0, 1].map(|n| (verdicts[n]["status"].clone(), verdicts[n]["problem"].clone()));
        assert_eq!(codes[0], codes[1], "{kind} {id}");
    }

    // The copy of a device, fetched whole.
    let copy = Copy::fetched(hand, 7).await;
    for ((scope, kind, id), (_, body)) in &copy.rows {
        if kind != "verdict" {
            hidden.is_not_in(&format!("{id} {body}"), &format!("{scope} {kind}"));
        }
    }
    assert!(!copy.rows.is_empty());
}

stories! {
    /// A technician sees neither another crew's pool, nor other people's orders, nor what these brought, nor another
    /// firm's anything.
    async fn s10_a_technician_sees_only_what_is_theirs(house: House) {
        let street = street(house).await;
        let house = &street.house;
        house.assigned(house.firm.check_up, house.firm.wang).await;
        let wang = Hand::of(house, "wang").await;
        walk(&wang, &street.from_wang).await;
        walk(&wang, &street.from_all).await;
    }

    /// A dispatcher of one site sees nothing of another site, nor of another firm.
    async fn s10_a_dispatcher_of_one_site_sees_only_that_site(house: House) {
        let street = street(house).await;
        let north = Hand::of(&street.house, "north").await;
        walk(&north, &street.from_north).await;
        walk(&north, &street.from_all).await;
        let site = street.north.uuid();
        assert_eq!(north.office.get(&format!("/v1/sites/{site}")).await.status, 200, "it does see its own");
    }

    /// The office of one firm sees everything of its own and nothing of the other.
    async fn s10_one_firm_sees_nothing_of_another(house: House) {
        let street = street(house).await;
        for login in ["li", "admin"] {
            let hidden = &street.from_all;
            let hand = Hand::of(&street.house, login).await;
            // What it does see contains the word, so only ids are looked for.
            for (kind, id) in &hidden.ids {
                for path in [format!("/v1/{}/{id}", kind.path()), format!("/v1/{}/{id}/history", kind.path())] {
                    assert_eq!(hand.office.get(&path).await.status, 404, "{login} GET {path}");
                }
            }
            let copy = Copy::fetched(&hand, 50).await;
            let held: BTreeSet<Uuid> = copy.rows.keys().map(|(_, _, id)| *id).collect();
            assert!(hidden.ids.iter().all(|(_, id)| !held.contains(id)));
        }
    }

    /// What has left a technician's scope is no longer read by them: the customer of an order that was given to
    /// somebody else.
    async fn s10_what_left_is_out_of_sight(house: House) {
        let firm = house.firm;
        let order = house.assigned(firm.check_up, firm.wang).await;
        let wang = Hand::of(&house, "wang").await;
        let path = format!("/v1/customers/{}", firm.customer);
        assert_eq!(wang.office.get(&path).await.status, 200);
        house.li().await.perform(order, Assign { technician: firm.zhao }).await.applied();
        assert_eq!(wang.office.get(&path).await.status, 404);
        let zhao = Hand::of(&house, "zhao").await;
        assert_eq!(zhao.office.get(&path).await.status, 200);
    }

    /// A device is spoken for by the account that registered it, and by nobody else.
    async fn s10_nobody_speaks_for_another_persons_device(house: House) {
        let (wang, zhao) = (Hand::of(&house, "wang").await, Hand::of(&house, "zhao").await);
        let stranger = Hand { device: wang.device, ..zhao.clone() };
        assert_eq!(stranger.pull(None, 10).await.problem(404), "not_found");
        let digest = stranger.office.post("/v1/sync/digest", &json!({ "device": wang.device })).await;
        assert_eq!(digest.problem(404), "not_found");
        assert_eq!(stranger.office.push(wang.device, &[]).await.problem(404), "not_found");
        let again = json!({ "id": wang.device, "name": "mine now", "platform": "test", "app_version": "1" });
        assert_eq!(stranger.office.post("/v1/sync/devices", &again).await.problem(409), "already_exists");
    }

    /// A poke tells that one's own firm has moved on, and nothing of another firm or of what changed.
    async fn s10_a_poke_says_nothing_but_a_number(house: House) {
        let other = Firm::with(1);
        house.found(&other, "other").await;
        let wang = Hand::of(&house, "wang").await;
        let request = wang.office.client.get(format!("{}/v1/sync/events", wang.office.base));
        let answer = request.bearer_auth(&wang.office.token).send().await.unwrap();
        let mut events = answer.bytes_stream();
        let mut next = async || String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();
        let version = async |org| Books::of(&house.db, org).await.version;
        let expected = |version: u64| format!("event: changed\ndata: {{\"version\":{version}}}\n\n");
        assert_eq!(next().await, expected(version(house.firm.org).await));
        // The other firm moves on, and then this one: only this one is heard of.
        for n in 0..5 {
            house.system(&other, house.clock.new_id(), TeamSave { name: format!("{n}"), site: None }).await;
        }
        house.request(house.firm.check_up).await;
        assert_eq!(next().await, expected(version(house.firm.org).await));
    }
}
