//! A server with a firm in it: technicians with phones, and their orders.

use std::{path::Path, sync::Arc};

use doorstep::{
    access::{Access, AccessConfig, PasswordConfig, set_password},
    app::AppState,
    clock::Clock,
    config::{Config, Http, Tokens},
    db::{Db, DbError, DbOptions, SqliteWriter},
    media::depot::Depot,
    operations::Online,
    server::{self, Server},
};
use mobile_api::{
    Actor, Role,
    catalogue::Action,
    directory::{CustomerSave, Deadlines, Found, Label, OrderTypeSave, SiteSave, UnitSave, UserSave},
    ids::{CustomerId, OrderTypeId, SiteId, UnitId, UserId},
    money::Currency,
    operation::Payload,
    work_order::{Caller, Channel, Priority, dispatch::Assign, request::Request},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::line::Line;

pub const PASSWORD: &str = "correct horse battery";

/// Flats, each with its customer; orders are spread over them.
const FLATS: u32 = 100;

/// How large the firm is.
#[derive(Clone, Copy)]
pub struct Size {
    pub technicians: u32,
    /// Orders that each technician has.
    pub orders: u32,
}

/// A server that listens, and the firm.
pub struct House {
    pub size: Size,
    server: Option<Server>,
    runtime: Runtime,
    pub folder: TempDir,
}

/// An id of the firm.
fn id(what: u128) -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + what)
}

pub fn org() -> Uuid {
    id(1)
}

pub fn site() -> SiteId {
    id(2).into()
}

fn order_type() -> OrderTypeId {
    id(3).into()
}

fn unit(n: u32) -> UnitId {
    id(0x1_0000 + u128::from(n)).into()
}

fn customer(n: u32) -> CustomerId {
    id(0x2_0000 + u128::from(n)).into()
}

pub fn technician(n: u32) -> UserId {
    id(0x3_0000 + u128::from(n)).into()
}

pub fn device(technician: u32) -> Uuid {
    id(0x4_0000 + u128::from(technician))
}

pub fn order(technician: u32, n: u32) -> Uuid {
    id(0x1_0000_0000 * (u128::from(technician) + 1) + u128::from(n))
}

impl House {
    /// On SQLite.
    pub fn sqlite(size: Size, writer: SqliteWriter) -> Self {
        Self::build(size, DbOptions { writer, ..DbOptions::default() })
    }

    /// On an empty PostgreSQL database.
    pub fn postgres(size: Size, url: &str) -> Self {
        Self::build(size, DbOptions { url: Some(url.to_owned()), ..DbOptions::default() })
    }

    fn build(size: Size, options: DbOptions) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let options = DbOptions { data_dir: folder.path().to_owned(), ..options };
        let server = runtime.block_on(async {
            let db = Db::open(options).await.expect("the database opens");
            db.migrate().await.expect("the tables are made");
            let server = serve(&db, &folder.path().join("photos")).await;
            fill(&server.state, size).await;
            server
        });
        Self { size, server: Some(server), runtime, folder }
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.server.as_ref().expect("it runs").addr
    }

    pub fn state(&self) -> &AppState {
        &self.server.as_ref().expect("it runs").state
    }

    /// The SQLite file.
    pub fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("doorstep.sqlite3")
    }

    /// A copy of the SQLite database as it is now.
    pub fn copy(&self, to: &Path) {
        let conn = rusqlite::Connection::open(self.file()).expect("the file opens");
        conn.execute("VACUUM INTO ?1", [to.to_str().expect("a path in UTF-8")]).expect("the copy is written");
    }

    /// From now on what is due is done in the background.
    pub fn run_timers(&self) {
        self.runtime.block_on(async { self.server.as_ref().expect("it runs").run_timers() });
    }

    /// Waits for something on the server's side.
    pub fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The access token of a technician's phone, which is registered if it was not.
    pub async fn sign_in(&self, technician: u32) -> String {
        let mut line = Line::open(self.address(), None).await.expect("a connection");
        let device = device(technician);
        let body = format!(r#"{{"login":"t{technician}","password":"{PASSWORD}","device_id":"{device}"}}"#);
        let answer = line.post("/v1/auth/login", &body).await.expect("an answer");
        let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
        let mut line = Line::open(self.address(), Some(&token)).await.expect("a connection");
        let body = format!(r#"{{"id":"{device}","name":"phone","platform":"android","app_version":"1"}}"#);
        let answer = line.post("/v1/sync/devices", &body).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
        token
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.kill());
        }
    }
}

pub async fn serve(db: &Db, folder: &Path) -> Server {
    let config = Config {
        http: Http { listen: ([127, 0, 0, 1], 0).into(), ..Http::default() },
        // No part of the benchmark lasts longer.
        tokens: Tokens { access_seconds: 86_400, ..Tokens::default() },
        ..Config::default()
    };
    let cheap = AccessConfig { password: PasswordConfig::cheap(), ..AccessConfig::from(&config.tokens) };
    let clock = Clock::system();
    let access = Access::new(db.clone(), clock.clone(), cheap).expect("cheap parameters are permitted");
    let depot = Depot::folder(folder).expect("a folder");
    server::start(AppState::new(config, db.clone(), clock, access, depot)).await.expect("a free port")
}

async fn fill(state: &AppState, size: Size) {
    let found = Found {
        name: "Bright Home Services".into(),
        time_zone: "Asia/Shanghai".into(),
        currency: Currency::CNY,
        deadlines: Deadlines::TRADE,
    };
    let founding = Online { id: Clock::system().new_id(), action: found.into(), entity: org(), expected_rev: None };
    state.door.found("bright".into(), founding).await.expect("the firm is founded");
    let system = Actor::system(org());
    let place =
        SiteSave { name: "Lakeside Garden".into(), address: "18 Lake Road".into(), location: None, time_zone: None };
    perform(state, &system, vec![(site().uuid(), place.into())]).await;
    let sort = OrderTypeSave {
        code: "plumbing".into(),
        name: Label::new("水工", "Plumbing"),
        free_of_charge: false,
        certificate: None,
        deadlines: None,
        photos: Vec::new(),
        timing: Default::default(),
        warranty_days: None,
        active: true,
    };
    perform(state, &system, vec![(order_type().uuid(), sort.into())]).await;
    let flat = |n| UnitSave { site: site(), building: None, name: format!("7-{n:04}"), access_note: None };
    perform(state, &system, (0..FLATS).map(|n| (unit(n).uuid(), flat(n).into())).collect()).await;
    let owner =
        |n| CustomerSave { unit: Some(unit(n)), site: site(), note: None, ..<CustomerSave as Payload>::example() };
    perform(state, &system, (0..FLATS).map(|n| (customer(n).uuid(), owner(n).into())).collect()).await;
    perform(state, &system, (0..size.technicians).map(|n| (technician(n).uuid(), account(n).into())).collect()).await;
    let hash = state.access.passwords().hash_new(PASSWORD.to_owned()).await.expect("a hash");
    let passwords = move |conn: &mut doorstep::db::Conn| {
        for n in 0..size.technicians {
            let now = Clock::system().now();
            set_password(conn, org(), technician(n).uuid(), &format!("t{n}"), &hash, now)
                .map_err(|error| DbError::Panicked(error.to_string()))?;
        }
        Ok::<_, DbError>(())
    };
    state.db.write(passwords).await.expect("passwords are set");
    let dispatcher = Actor { role: Role::Dispatcher, ..Actor::system(org()) };
    for n in 0..size.technicians {
        let orders = 0..size.orders;
        perform(state, &dispatcher, orders.clone().map(|i| (order(n, i), request(i).into())).collect()).await;
        let assign = || Assign { technician: technician(n) };
        perform(state, &dispatcher, orders.map(|i| (order(n, i), assign().into())).collect()).await;
    }
}

fn account(n: u32) -> UserSave {
    UserSave {
        name: format!("Technician {n}"),
        login: format!("t{n}"),
        role: Role::Technician,
        sites: vec![],
        teams: vec![],
        skills: vec![],
        certificates: vec![],
        calendar: None,
        active: true,
    }
}

fn request(n: u32) -> Request {
    Request {
        order_type: order_type(),
        site: site(),
        building: None,
        unit: Some(unit(n % FLATS)),
        customer: Some(customer(n % FLATS)),
        asset: None,
        team: None,
        place: format!("7-{:04}, kitchen", n % FLATS),
        fault: "Water drips from under the sink, the cupboard is wet; she has put a bucket there".into(),
        caller: Caller { name: "Mrs Chen".into(), phone: Some("021-5550101".into()) },
        channel: Channel::Phone,
        priority: Priority::Normal,
        preferred: None,
        called_at: None,
    }
}

/// Lets the door carry everything out, 500 at a time.
async fn perform(state: &AppState, actor: &Actor, actions: Vec<(Uuid, Action)>) {
    let clock = Clock::system();
    let online = |(entity, action)| Online { id: clock.new_id(), action, entity, expected_rev: None };
    let all: Vec<Online> = actions.into_iter().map(online).collect();
    for some in all.chunks(500) {
        let verdicts = state.door.perform_all(actor.clone(), Arc::new(some.to_vec())).await.expect("it is stored");
        for verdict in verdicts {
            verdict.expect("it is permitted");
        }
    }
}
