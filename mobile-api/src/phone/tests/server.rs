//! A small server in memory, with the real rules: enough for a phone to be wrong against.

mod ledger;
mod routes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(super) use self::ledger::Ledger;
use crate::{
    actor::Role,
    catalogue::Action,
    directory::{Deadlines, Found, Label, OrderType, OrderTypeSave, Site, SiteSave, User, UserSave},
    ids::Id,
    money::Currency,
    phone::{
        SimulatedClock, Transport,
        transport::{Answer, Request, Response},
    },
    work_order::{Caller, Channel, Priority, WorkOrder, dispatch::Assign, request},
};

pub(super) const ORG: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
pub(super) const WANG: Id<User> = Id::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0011));
pub(super) const CHEN: Id<User> = Id::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0012));
const BOSS: Id<User> = Id::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0013));
const SITE: Id<Site> = Id::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0021));
/// Work that is paid for.
pub(super) const HEATING: Id<OrderType> = Id::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0032));
const PLUMBING: Id<OrderType> = Id::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0031));

/// The n-th work order.
pub(super) fn order(number: u128) -> Id<WorkOrder> {
    Id::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0001_0000 + number))
}

/// Clones are the same server.
#[derive(Clone)]
pub(super) struct Server {
    ledger: Arc<Mutex<Ledger>>,
    clock: Arc<SimulatedClock>,
}

impl Server {
    /// A firm with two technicians, a boss and `orders` orders, all of them Wang's.
    pub(super) fn new(clock: Arc<SimulatedClock>, orders: u128) -> Self {
        let server = Self { ledger: Arc::new(Mutex::new(Ledger::new(Uuid::from_u128(0xe90c)))), clock };
        let found = Found {
            name: "Bright Home Services".into(),
            time_zone: "Asia/Shanghai".into(),
            currency: Currency::CNY,
            deadlines: Deadlines::TRADE,
        };
        server.office(Role::System, ORG, found);
        let site = SiteSave { name: "Riverside".into(), address: String::new(), location: None, time_zone: None };
        server.office(Role::Admin, SITE.uuid(), site);
        server.office(Role::Admin, PLUMBING.uuid(), order_type("plumbing", true));
        server.office(Role::Admin, HEATING.uuid(), order_type("heating", false));
        for (id, login, role) in
            [(WANG, "wang", Role::Technician), (CHEN, "chen", Role::Technician), (BOSS, "boss", Role::Dispatcher)]
        {
            server.office(Role::Admin, id.uuid(), user(login, role));
            server.ledger().accounts.insert(login.into(), ("secret".into(), id));
        }
        for number in 0..orders {
            server.request(order(number));
            server.office(Role::Dispatcher, order(number).uuid(), Assign { technician: WANG });
        }
        server
    }

    /// The front desk writes a request down.
    pub(super) fn request(&self, id: Id<WorkOrder>) {
        self.office(Role::Dispatcher, id.uuid(), request());
    }

    /// Somebody in the office does something. It must succeed.
    pub(super) fn office(&self, role: Role, entity: Uuid, action: impl Into<Action>) {
        let now = self.clock.truth();
        self.ledger().office(role, entity, action.into(), now);
    }

    /// Judges what was held and need not be any more.
    pub(super) fn release(&self) {
        let now = self.clock.truth();
        let mut ledger = self.ledger();
        let device = ledger.devices.keys().copied().next().expect("a device");
        ledger.version += 1;
        ledger.release(device);
        ledger.refresh_feed(now);
    }

    /// From now on every cursor that a phone may have is too old.
    pub(super) fn forget_cursors(&self) {
        let mut ledger = self.ledger();
        ledger.oldest_cursor = ledger.version + 1;
        ledger.version += 1;
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.truth()
    }
}

impl Transport for Server {
    fn send(&self, request: Request) -> Answer<'_, Response> {
        Box::pin(async move { Ok(routes::answer(&mut self.ledger(), &request, self.now())) })
    }
}

fn order_type(code: &str, free_of_charge: bool) -> OrderTypeSave {
    let name = Label::new("维修", code);
    OrderTypeSave {
        code: code.into(),
        name,
        free_of_charge,
        certificate: None,
        deadlines: None,
        photos: vec![],
        timing: Default::default(),
        warranty_days: None,
        active: true,
    }
}

fn user(login: &str, role: Role) -> UserSave {
    UserSave {
        name: login.into(),
        login: login.into(),
        role,
        sites: vec![],
        teams: vec![],
        skills: vec![],
        certificates: vec![],
        calendar: None,
        active: true,
    }
}

/// A dripping tap.
pub(super) fn request() -> request::Request {
    request::Request {
        order_type: PLUMBING,
        site: SITE,
        building: None,
        unit: None,
        customer: None,
        asset: None,
        team: None,
        place: "7-1203, kitchen".into(),
        fault: "The tap drips".into(),
        caller: Caller { name: "Mrs Li".into(), phone: None },
        channel: Channel::Phone,
        priority: Priority::Normal,
        preferred: None,
        called_at: None,
    }
}
