//! What the stories of stock share: a store with valves and a drill, and the storekeeper.

use doorstep::stock::store;
use mobile_api::{
    Kind, Ref, Role,
    directory::{Label, UserSave},
    ids::{ArticleId, UserId, WorkOrderId},
    money::Quantity,
    operation::Payload,
    stock::{
        Article, ArticleKind, ArticleSave, Pack, Place, RecordMove, StockLevel, StockPlaceKind, StockPlaceSave,
        StockSerial,
    },
    work_order::{
        WorkOrder,
        material::FromStock,
        visit::{UseMaterial, VoidEntry},
    },
};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Answer, Handset, House, Office};

pub fn valves() -> ArticleId {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0050).into()
}

pub fn drill() -> ArticleId {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0051).into()
}

pub fn store_id() -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0060)
}

pub fn van_id() -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0061)
}

pub fn the_store() -> Place {
    Place::Store(store_id().into())
}

pub fn van() -> Place {
    Place::Store(van_id().into())
}

pub fn bag(user: UserId) -> Place {
    Place::Bag(user)
}

pub fn valve() -> ArticleSave {
    ArticleSave {
        code: "VALVE-15".into(),
        name: Label::new("角阀 15 毫米", "Angle valve 15 mm"),
        kind: ArticleKind::Material,
        unit: "pc".into(),
        packs: vec![Pack { unit: "box".into(), holds_milli: Quantity(10_000) }],
        tracked: false,
        item: None,
        minimums: vec![],
        active: true,
    }
}

/// The storekeeper Ku at her browser, with a hundred valves and the drill D-7 in the store.
pub async fn stocked(house: &House) -> Office {
    let firm = &house.firm;
    let ku: UserId = house.clock.new_id().into();
    let account = UserSave {
        name: "Ku".into(),
        login: "ku".into(),
        role: Role::Storekeeper,
        sites: vec![],
        teams: vec![],
        skills: vec![],
        certificates: vec![],
        calendar: None,
        active: true,
    };
    house.account(firm, ku, account).await;
    house.system(firm, store_id(), StockPlaceSave::example()).await;
    house.system(firm, valves(), valve()).await;
    let tool = ArticleSave {
        code: "DRILL".into(),
        name: Label::new("电钻", "Drill"),
        kind: ArticleKind::Tool,
        packs: vec![],
        tracked: true,
        ..valve()
    };
    house.system(firm, drill(), tool).await;
    let ku = house.office("ku").await;
    ku.perform(house.clock.new_id(), carried(valves(), Place::Supplier, the_store(), 100)).await.applied();
    ku.perform(house.clock.new_id(), numbered(Place::Supplier, the_store(), "D-7")).await.applied();
    ku
}

/// A van that both technicians drive.
pub async fn drive_a_van(house: &House) {
    let holders = vec![house.firm.wang, house.firm.zhao];
    let van = StockPlaceSave { name: "Van 1".into(), kind: StockPlaceKind::Van, holders, ..StockPlaceSave::example() };
    house.system(&house.firm, van_id(), van).await;
}

/// Whole pieces that went from one place to another.
pub fn carried(article: ArticleId, from: Place, to: Place, pieces: i64) -> RecordMove {
    let quantity_milli = Quantity(pieces * 1000);
    RecordMove { article, from, to, quantity_milli, unit: None, serials: vec![], reason: None }
}

/// The drill with this number.
pub fn numbered(from: Place, to: Place, serial: &str) -> RecordMove {
    RecordMove { serials: vec![serial.into()], ..carried(drill(), from, to, 1) }
}

/// So many valves that were used, out of the bag of who says so.
pub fn used(pieces: i64) -> UseMaterial {
    let stock = Some(FromStock { article: valves(), from: None, serials: vec![] });
    let (name, quantity_milli) = ("Angle valve".into(), Quantity(pieces * 1000));
    UseMaterial { item: None, name, quantity_milli, unit: "pc".into(), stock }
}

pub fn void(entry: Uuid) -> VoidEntry {
    VoidEntry { entry, reason: "It was another flat".into() }
}

/// Somebody carries something online.
pub async fn carry(house: &House, office: &Office, what: RecordMove) -> Uuid {
    let id = house.clock.new_id();
    office.perform(id, what).await.applied();
    id
}

/// How many whole pieces lie at a place, as a screen of the office shows it.
pub async fn pieces(office: &Office, place: Place, article: ArticleId) -> i64 {
    let page = office.get(&format!("/v1/stock-levels?place={place}&article={article}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let milli = page.body["items"][0]["record"]["milli"].as_i64().unwrap_or(0);
    assert_eq!(milli % 1000, 0);
    milli / 1000
}

/// How many whole pieces a phone shows at a place; `None` if it knows nothing of it.
pub fn shown(phone: &Handset, place: Place, article: ArticleId) -> Option<i64> {
    let level: Option<StockLevel> = phone.get(StockLevel::id_of(place, article).into()).unwrap();
    level.map(|level| level.milli / 1000)
}

/// Who holds the drill, as a screen of the office shows it.
pub async fn holder(office: &Office, serial: &str) -> String {
    let page = office.get(&format!("/v1/stock-serials?article={}&serial={serial}", drill())).await.body;
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "one piece, one place: {page}");
    page["items"][0]["record"]["place"].as_str().unwrap().to_owned()
}

/// Whether a phone shows the drill in its owner's bag.
pub fn holds(phone: &Handset, user: UserId, serial: &str) -> bool {
    let piece: Option<StockSerial> = phone.get(StockSerial::id_of(drill(), serial).into()).unwrap();
    piece.is_some_and(|piece| piece.place == bag(user))
}

/// Every level is the sum of its moves.
pub async fn agree(house: &House) {
    let org = house.firm.org;
    let balances = house.db.read(move |conn| store::balances(conn, org)).await.unwrap();
    assert!(!balances.is_empty());
    for balance in balances {
        assert_eq!(balance.milli, balance.moves_milli, "{balance:?}");
    }
}

/// The lines of the ledger, oldest first: what, how many, from where to where.
pub async fn ledger(house: &House, office: &Office, query: &str) -> String {
    let page = office.get(&format!("/v1/stock-moves{query}")).await.body;
    let mut lines: Vec<String> =
        page["items"].as_array().unwrap().iter().map(|item| line(house, &item["record"])).collect();
    lines.reverse();
    lines.join("\n")
}

fn line(house: &House, entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let pieces = entry["quantity_milli"].as_i64().unwrap() / 1000;
    format!("{:<8} {pieces:>3} {} > {}", text("kind"), called(house, &text("from")), called(house, &text("to")))
}

/// A place in words.
fn called(house: &House, place: &str) -> String {
    let named =
        [(the_store(), "store"), (van(), "van"), (bag(house.firm.wang), "Wang"), (bag(house.firm.zhao), "Zhao")];
    let known = named.iter().find(|(known, _)| known.to_string() == place).map(|(_, name)| (*name).to_owned());
    known.unwrap_or_else(|| place.split(':').next().unwrap_or_default().to_owned())
}

/// What the server has of an order.
pub async fn order(office: &Office, id: WorkOrderId) -> WorkOrder {
    serde_json::from_value(office.get(&format!("/v1/work-orders/{id}")).await.body).unwrap()
}

/// The open questions, by what was noticed.
pub async fn questions(office: &Office) -> Vec<(Uuid, Vec<String>)> {
    let page = office.get("/v1/reviews?status=open").await.body;
    let of = |item: &Value| {
        let record = &item["record"];
        let flags = record["flags"].as_array().into_iter().flatten();
        let flags = flags.map(|flag| flag["flag"].as_str().unwrap().to_owned()).collect();
        (record["id"].as_str().unwrap().parse().unwrap(), flags)
    };
    page["items"].as_array().unwrap().iter().map(of).collect()
}

/// Sheets that somebody still has to count or to close.
pub async fn open_sheets(office: &Office) -> Vec<Value> {
    let page = office.get("/v1/stock-counts?open=true").await.body;
    page["items"].as_array().unwrap().iter().map(|item| item["record"].clone()).collect()
}

pub fn sheet(sheet: &Value) -> Uuid {
    sheet["id"].as_str().unwrap().parse().unwrap()
}

/// The article on a phone, by which it can be used without signal.
pub fn knows_articles(phone: &Handset) -> bool {
    let article: Option<Article> = phone.get(valves()).unwrap();
    article.is_some() && phone.show(Ref::new(Kind::StockPlace, store_id())).unwrap().is_some()
}

/// A field of a problem: pointer and code.
pub fn complaint(answer: &Answer) -> String {
    let error = &answer.body["errors"][0];
    format!("{} {}", error["pointer"].as_str().unwrap_or("-"), error["code"].as_str().unwrap_or("-"))
}
