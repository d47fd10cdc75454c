//! A whole house: a server that listens, a firm with an office, two technicians and their phones.
//!
//! The server's clock stands still until the story moves it; each phone has a clock of its own.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use doorstep::{
    access::{Access, AccessConfig, PasswordConfig},
    app::AppState,
    clock::Clock,
    config::{Config, Http},
    media::depot::Depot,
    operations::Online,
    server::{self, Server},
};
use mobile_api::{
    Actor, Id, Role,
    catalogue::Action,
    directory::{
        Certificate, CustomerSave, Deadlines, Found, Label, OrderTypeSave, PauseReason, PriceItemSave, PriceKind,
        SiteSave, TeamSave, Timing, UnitSave, UserSave,
    },
    ids::{CustomerId, OrderTypeId, PriceItemId, SiteId, TeamId, UnitId, UserId, WorkOrderId},
    money::{Currency, Money},
    phone::{About, HttpTransport, Phone, PhoneClock, SimulatedClock, Transport},
    work_order::{Caller, Channel, Priority, dispatch::Assign, request::Request},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Backend, TestDb, World};

/// The password of every account of the house.
pub const PASSWORD: &str = "correct horse battery";

/// When every story begins.
pub fn morning() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// The server and the firm.
pub struct House {
    pub db: TestDb,
    pub clock: Clock,
    pub firm: Firm,
    server: Option<Server>,
    folder: TempDir,
}

/// The firm's ids.
#[derive(Clone, Copy, Debug)]
pub struct Firm {
    pub org: Uuid,
    pub site: SiteId,
    pub unit: UnitId,
    pub customer: CustomerId,
    pub plumbers: TeamId,
    pub admin: UserId,
    pub li: UserId,
    pub wang: UserId,
    pub zhao: UserId,
    /// Has to be quoted and paid for.
    pub plumbing: OrderTypeId,
    /// Free of charge.
    pub check_up: OrderTypeId,
    /// Needs the certificate `lift`, which Zhao holds.
    pub lift: OrderTypeId,
    pub hour: PriceItemId,
}

impl World for House {
    async fn on(backend: Backend) -> Self {
        let db = TestDb::on(backend).await;
        let clock = Clock::fixed(morning());
        let folder = tempfile::tempdir().unwrap();
        let firm = Firm::with(0);
        let mut house = Self { db, clock, firm, server: None, folder };
        house.start().await;
        house.found(&firm, "bright").await;
        house
    }
}

impl Firm {
    /// The ids of the n-th firm.
    pub fn with(n: u128) -> Self {
        let id = |what: u128| Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + (n << 32) + what);
        Self {
            org: id(1),
            site: id(2).into(),
            unit: id(3).into(),
            customer: id(4).into(),
            plumbers: id(5).into(),
            admin: id(0x10).into(),
            li: id(0x11).into(),
            wang: id(0x12).into(),
            zhao: id(0x13).into(),
            plumbing: id(0x20).into(),
            check_up: id(0x21).into(),
            lift: id(0x22).into(),
            hour: id(0x30).into(),
        }
    }
}

impl House {
    /// Starts the server (again) on the house's database.
    pub async fn start(&mut self) {
        self.start_with(Config::default()).await;
    }

    /// Starts the server with other settings.
    pub async fn start_with(&mut self, config: Config) {
        let depot = Depot::folder(&self.photos()).unwrap();
        self.start_on(config, depot).await;
    }

    /// Starts the server on another store of photos.
    pub async fn start_on(&mut self, config: Config, depot: Depot) {
        let http = Http { listen: ([127, 0, 0, 1], 0).into(), workers: 2, ..config.http.clone() };
        let config = Config { http, ..config };
        let db = (*self.db).clone();
        let cheap = AccessConfig { password: PasswordConfig::cheap(), ..AccessConfig::from(&config.tokens) };
        let access = Access::new(db.clone(), self.clock.clone(), cheap).unwrap();
        let state = AppState::new(config, db, self.clock.clone(), access, depot);
        self.server = Some(server::start(state).await.unwrap());
    }

    /// Where its photos lie.
    pub fn photos(&self) -> std::path::PathBuf {
        self.db.options().data_dir.join("photos")
    }

    /// Stops the server as a kill would: nothing is finished.
    pub async fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill().await;
        }
    }

    /// Lets the server do by itself what becomes due as the clock is moved.
    pub fn run_timers(&self) {
        self.server.as_ref().expect("the server runs").run_timers();
    }

    pub fn state(&self) -> &AppState {
        &self.server.as_ref().expect("the server runs").state
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.as_ref().expect("the server runs").addr)
    }

    /// Founds a firm with everything that stories need.
    pub async fn found(&self, firm: &Firm, slug: &str) {
        let found = Found {
            name: "Bright Home Services".into(),
            time_zone: "Asia/Shanghai".into(),
            currency: Currency::CNY,
            deadlines: Deadlines::TRADE,
        };
        self.state().door.found(slug.into(), self.online(firm.org, found)).await.unwrap();
        let site = SiteSave {
            name: "Lakeside Garden".into(),
            address: "18 Lake Road".into(),
            location: None,
            time_zone: None,
        };
        self.system(firm, firm.site, site).await;
        let unit = UnitSave { site: firm.site, building: None, name: "7-1203".into(), access_note: None };
        self.system(firm, firm.unit, unit).await;
        let customer = CustomerSave { unit: Some(firm.unit), site: firm.site, note: None, ..example() };
        self.system(firm, firm.customer, customer).await;
        self.system(firm, firm.plumbers, TeamSave { name: "Plumbers".into(), site: None }).await;
        self.user(firm, firm.admin, "admin", slug, Role::Admin).await;
        self.user(firm, firm.li, "li", slug, Role::Dispatcher).await;
        self.user(firm, firm.wang, "wang", slug, Role::Technician).await;
        self.user(firm, firm.zhao, "zhao", slug, Role::Technician).await;
        self.order_types(firm).await;
        let hour = PriceItemSave {
            code: "LAB".into(),
            name: Label::new("水工工时", "Plumber, one hour"),
            kind: PriceKind::Labour,
            unit: "h".into(),
            price: Money { minor: 8000, currency: Currency::CNY },
            active: true,
            terms: Default::default(),
            others: vec![],
        };
        self.system(firm, firm.hour, hour).await;
    }

    async fn order_types(&self, firm: &Firm) {
        let pause = |code: &str, needs_consent| PauseReason {
            code: code.into(),
            name: Label::new(
                if needs_consent { "客户要求" } else { "缺配件" },
                if needs_consent { "the customer's wish" } else { "a part is missing" },
            ),
            needs_consent,
        };
        let sort = |code: &str, free_of_charge, certificate: Option<&str>| OrderTypeSave {
            code: code.into(),
            name: Label::new(code, code),
            free_of_charge,
            certificate: certificate.map(Into::into),
            deadlines: None,
            photos: Vec::new(),
            timing: Timing { pauses: vec![pause("customer", true), pause("part", false)], ..Timing::default() },
            warranty_days: None,
            active: true,
        };
        self.system(firm, firm.plumbing, sort("plumbing", false, None)).await;
        self.system(firm, firm.check_up, sort("check-up", true, None)).await;
        self.system(firm, firm.lift, sort("lift", true, Some("lift"))).await;
    }

    async fn user(&self, firm: &Firm, id: UserId, name: &str, slug: &str, role: Role) {
        // The first firm's logins are plain names, the others' carry the firm's.
        let login = if slug == "bright" { name.to_owned() } else { format!("{name}@{slug}") };
        let certificate = Certificate { code: "lift".into(), expires_at: morning() + Duration::from_secs(86_400) };
        let user = UserSave {
            name: name.to_uppercase(),
            login: login.clone(),
            role,
            sites: vec![],
            teams: if role == Role::Technician { vec![firm.plumbers] } else { vec![] },
            skills: vec![],
            certificates: if name == "zhao" { vec![certificate] } else { vec![] },
            calendar: None,
            active: true,
        };
        self.account(firm, id, user).await;
    }

    /// One more account, which can sign in.
    pub async fn account(&self, firm: &Firm, id: UserId, user: UserSave) {
        let login = user.login.clone();
        self.system(firm, id, user).await;
        self.password(firm, id, &login).await;
    }

    /// Gives an account the house's password.
    pub async fn password(&self, firm: &Firm, id: UserId, login: &str) {
        let (org, access) = (firm.org, &self.state().access);
        access.reset_password(org, id.uuid(), login.to_owned(), PASSWORD.to_owned()).await.unwrap();
    }

    fn online(&self, entity: impl Into<Uuid>, action: impl Into<Action>) -> Online {
        Online { id: self.clock.new_id(), action: action.into(), entity: entity.into(), expected_rev: None }
    }

    /// Does something in the name of the firm itself.
    pub async fn system(&self, firm: &Firm, entity: impl Into<Uuid>, action: impl Into<Action>) {
        let online = self.online(entity, action);
        self.state().door.perform(Actor::system(firm.org), online).await.unwrap();
    }

    /// Somebody at a browser.
    pub async fn office(&self, login: &str) -> Office {
        let client = reqwest::Client::new();
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = client.post(format!("{}/v1/auth/login", self.url())).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{login} signs in");
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Office { client, base: self.url(), token }
    }

    /// The dispatcher at her browser.
    pub async fn li(&self) -> Office {
        self.office("li").await
    }

    /// A phone that is switched on for the first time, with its clock right.
    pub fn phone(&self, name: &str) -> Handset {
        self.phone_with(name, Arc::new(HttpTransport::new(&self.url(), "en").unwrap()))
    }

    /// A phone on a line that the story can disturb.
    pub fn phone_with(&self, name: &str, transport: Arc<dyn Transport>) -> Handset {
        let seed = name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let clock = Arc::new(SimulatedClock::new(self.clock.now(), seed));
        let path = self.folder.path().join(format!("{name}.sqlite3"));
        let phone = open(&path, &clock, &transport, name);
        Handset { phone, clock, path, transport, name: name.into() }
    }

    /// A technician's phone: signed in, with today's orders on it.
    pub async fn phone_of(&self, login: &str) -> Handset {
        let handset = self.phone(login);
        handset.sign_in(login).await;
        handset.sync().await;
        handset
    }

    /// Time passes, for the server and for these phones.
    pub fn pass(&self, time: Duration, phones: &[&Handset]) {
        self.clock.advance(chrono::TimeDelta::from_std(time).unwrap());
        phones.iter().for_each(|phone| phone.clock.advance(time));
    }

    /// A request that the front desk wrote down.
    pub async fn request(&self, order_type: OrderTypeId) -> WorkOrderId {
        let id = Id::new(self.clock.new_id());
        let li = self.li().await;
        li.perform(id, self.request_for(order_type)).await.applied();
        id
    }

    /// What the front desk writes down.
    pub fn request_for(&self, order_type: OrderTypeId) -> Request {
        let firm = self.firm;
        Request {
            order_type,
            site: firm.site,
            building: None,
            unit: Some(firm.unit),
            customer: Some(firm.customer),
            asset: None,
            team: Some(firm.plumbers),
            place: "7-1203, kitchen".into(),
            fault: "Water drips from under the sink".into(),
            caller: Caller { name: "Mrs Chen".into(), phone: Some("021-5550101".into()) },
            channel: Channel::Phone,
            priority: Priority::Normal,
            preferred: None,
            called_at: None,
        }
    }

    /// A request that was given to a technician.
    pub async fn assigned(&self, order_type: OrderTypeId, technician: UserId) -> WorkOrderId {
        let id = self.request(order_type).await;
        self.li().await.perform(id, Assign { technician }).await.applied();
        id
    }
}

fn example() -> CustomerSave {
    mobile_api::operation::Payload::example()
}

fn open(path: &std::path::Path, clock: &Arc<SimulatedClock>, transport: &Arc<dyn Transport>, name: &str) -> Phone {
    let about = About { name: format!("{name}'s phone"), platform: "android".into(), app_version: "1.0.0".into() };
    Phone::open(path, clock.clone() as Arc<dyn PhoneClock>, transport.clone(), about).unwrap()
}

/// A phone in a hand.
pub struct Handset {
    pub phone: Phone,
    pub clock: Arc<SimulatedClock>,
    path: PathBuf,
    transport: Arc<dyn Transport>,
    name: String,
}

impl std::ops::Deref for Handset {
    type Target = Phone;

    fn deref(&self) -> &Phone {
        &self.phone
    }
}

impl Handset {
    pub async fn sign_in(&self, login: &str) {
        self.phone.sign_in(login, PASSWORD).await.unwrap();
    }

    /// Sends and fetches everything.
    pub async fn sync(&self) -> mobile_api::phone::Report {
        self.phone.sync_once(&mobile_api::phone::go_on).await.unwrap()
    }

    /// Records what was done, and answers the operation's id.
    pub fn did(&self, order: impl Into<Uuid>, action: impl Into<Action>) -> Uuid {
        let draft = mobile_api::phone::Draft::new(order, action).unwrap();
        self.phone.record(draft).unwrap().id
    }

    /// Records what belongs together, all or none.
    pub fn did_together(&self, order: impl Into<Uuid>, actions: Vec<Action>) -> Vec<Uuid> {
        let order = order.into();
        let drafts = actions.into_iter().map(|action| mobile_api::phone::Draft::new(order, action).unwrap()).collect();
        self.phone.record_group(drafts).unwrap().into_iter().map(|recorded| recorded.id).collect()
    }

    /// The phone's file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Switches the phone off and on again: what is in memory is lost, the boot is another.
    pub fn restart(&mut self) {
        self.clock.reboot();
        self.phone = open(&self.path, &self.clock, &self.transport, &self.name);
    }
}

/// Somebody who speaks HTTP.
#[derive(Clone)]
pub struct Office {
    pub client: reqwest::Client,
    pub base: String,
    pub token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    /// The verdict, which must say that it was applied.
    #[track_caller]
    pub fn applied(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        assert_eq!(self.body["status"], "applied", "{}", self.body);
        self.body
    }

    /// The problem's code, which must come with this status.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.body["code"].as_str().unwrap().to_owned()
    }
}

impl Office {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.base))).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.client.post(format!("{}{path}", self.base)).json(body)).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.bearer_auth(&self.token).send().await.unwrap()).await
    }

    /// Carries out an operation.
    pub async fn perform(&self, entity: impl Into<Uuid>, action: impl Into<Action>) -> Answer {
        let action = action.into();
        let path = action.spec().path().replace("{id}", &entity.into().to_string());
        let payload: Value = serde_json::from_str(action.payload().unwrap().get()).unwrap();
        self.post(&path, &payload).await
    }

    /// Sends operations as a device would, and answers the verdicts.
    pub async fn push(&self, device: Uuid, operations: &[Value]) -> Answer {
        let body = json!({ "device": device, "schema": 1, "operations": operations });
        self.post("/v1/sync/push", &body).await
    }

    /// Registers a device that the story drives by hand.
    pub async fn register(&self, device: Uuid) {
        let body = json!({ "id": device, "name": "by hand", "platform": "test", "app_version": "1" });
        assert_eq!(self.post("/v1/sync/devices", &body).await.status, StatusCode::OK);
    }
}
