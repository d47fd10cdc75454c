//! A database from before a step of the schema: what was done then counts, and is told, as what is done now.

use std::time::Duration;

use diesel::{connection::SimpleConnection, prelude::*};
use doorstep::{
    backfill::{self, Target, Waiting},
    db::{
        Conn, DbError, both,
        schema::{backfills, records},
        types::Uid,
    },
};
use mobile_api::{
    complaint::{About, Intake, RespondToComplaint},
    ids::{ComplaintId, WorkOrderId},
    operation::Payload,
    record::Kind,
    work_order::{Source, history::Import},
};
use serde_json::Value;

use crate::{
    harness::{House, Office, morning},
    return_visits::accepted,
};

macro_rules! step {
    ($database:literal, $step:literal, $way:literal) => {
        include_str!(concat!("../../migrations/", $database, "/2026-11-22-0000", $step, "/", $way, ".sql"))
    };
}

macro_rules! steps {
    ($database:literal, $lost:expr) => {
        [
            step!($database, "24_monthly_counts", "down"),
            step!($database, "23_backfills", "down"),
            step!($database, "22_search_words", "down"),
            step!($database, "21_more_figures", "down"),
            $lost,
            step!($database, "21_more_figures", "up"),
            step!($database, "22_search_words", "up"),
            step!($database, "23_backfills", "up"),
            step!($database, "24_monthly_counts", "up"),
        ]
        .concat()
    };
}

/// Takes the steps back that came since, loses the facts that a still older version did not have, and takes the steps again.
async fn upgraded(house: &House) {
    let lost = "DELETE FROM order_facts;";
    let upgrade = move |conn: &mut Conn| {
        match conn {
            Conn::Sqlite(c) => c.batch_execute(&steps!("sqlite", lost))?,
            Conn::Pg(c) => c.batch_execute(&steps!("postgres", lost))?,
        }
        Ok::<_, DbError>(())
    };
    house.db.write(upgrade).await.unwrap();
}

/// Orders of the old system, closed one after the other.
async fn closed(house: &House, orders: u32) {
    for n in 0..orders {
        let received = morning() + chrono::TimeDelta::hours(n.into());
        let due = received + chrono::TimeDelta::hours(24);
        let import = Import {
            source: Source { system: "old".into(), id: n.to_string() },
            order_type: house.firm.plumbing,
            site: house.firm.site,
            technician: Some(house.firm.wang),
            received_at: received,
            due: Some(due),
            closed_at: Some(due + chrono::TimeDelta::hours(i64::from(n) - 2)),
            ..Import::example()
        };
        house.office("admin").await.perform(WorkOrderId::new(house.clock.new_id()), import).await.applied();
    }
}

fn says(house: &House) -> Intake {
    Intake { about: About { site: Some(house.firm.site), ..About::default() }, ..Intake::example() }
}

async fn figures(office: &Office) -> Value {
    office.get("/v1/figures?period=2026-03&by=team&trend=2").await.body["figures"].clone()
}

fn count(figures: &Value, name: &str) -> u64 {
    let found = figures.as_array().unwrap().iter().find(|figure| figure["figure"] == name).unwrap();
    found["denominator"].as_u64().unwrap()
}

async fn left_to_do(house: &House) -> i64 {
    let read = |conn: &mut Conn| Ok::<i64, DbError>(both!(conn, c => backfills::table.count().get_result(c))?);
    house.db.read(read).await.unwrap()
}

stories! {
    /// Five old orders, one signed for, two complaints. A server enters some of them and dies, an order is closed meanwhile, and two
    /// servers enter the rest: the figures are what they were, and a later start finds nothing to do.
    async fn what_was_settled_before_there_were_figures_counts(house: House) {
        let mut house = house;
        closed(&house, 5).await;
        accepted(&house, house.request_for(house.firm.check_up)).await;
        for _ in 0..2 {
            let id = ComplaintId::new(house.clock.new_id());
            let li = house.li().await;
            li.perform(id, says(&house)).await.applied();
            li.perform(id, RespondToComplaint { text: "Called her".into() }).await.applied();
        }
        let li = house.li().await;
        let before = figures(&li).await;
        assert_eq!((count(&before, "resolution"), count(&before, "complaint_responded")), (6, 2));

        upgraded(&house).await;
        let lost = figures(&li).await;
        assert_eq!((count(&lost, "resolution"), count(&lost, "complaint_responded")), (0, 0));
        let org = house.firm.org;
        let orders = Waiting { org, target: Target::Figures, kind: Kind::WorkOrder };
        let some = move |conn: &mut Conn| backfill::enter_next(conn, &orders, 2);
        assert_eq!(house.db.write(some).await.unwrap(), 2, "and there are more");
        assert_eq!(count(&figures(&li).await, "resolution"), 2);
        house.kill().await;
        house.start().await;
        let (one, other) = (house.state().timers(), house.state().timers());
        let (one, other) = tokio::join!(one.backfill(), other.backfill());
        assert!(one.unwrap() && other.unwrap());
        let li = house.li().await;
        assert_eq!(figures(&li).await, before);
        assert_eq!(left_to_do(&house).await, 0);
        assert!(house.state().timers().backfill().await.unwrap());
        assert_eq!(figures(&li).await, before, "once");
    }

    /// An order that is written while old ones are entered counts once, before it had its turn and after.
    async fn what_is_settled_meanwhile_counts_once(house: House) {
        closed(&house, 3).await;
        upgraded(&house).await;
        accepted(&house, house.request_for(house.firm.check_up)).await;
        let li = house.li().await;
        assert_eq!(count(&figures(&li).await, "resolution"), 1);
        assert!(house.state().timers().backfill().await.unwrap());
        assert_eq!(count(&figures(&li).await, "resolution"), 4);
        assert_eq!(left_to_do(&house).await, 0);
    }

    /// A disk that lost the end of one order: that one counts nowhere, the others as ever.
    async fn one_that_cannot_be_read_keeps_no_others_from_being_counted(house: House) {
        closed(&house, 3).await;
        upgraded(&house).await;
        let torn = |conn: &mut Conn| {
            let orders = records::table.filter(records::kind.eq("work_order"));
            let first: Uid = both!(&mut *conn, c => orders.order(records::id).select(records::id).first(c))?;
            let one = records::table.filter(records::kind.eq("work_order")).filter(records::id.eq(first));
            both!(conn, c => diesel::update(one).set(records::body.eq("{\"id\":")).execute(c))?;
            Ok::<_, DbError>(())
        };
        house.db.write(torn).await.unwrap();
        assert!(house.state().timers().backfill().await.unwrap());
        assert_eq!(count(&figures(&house.li().await).await, "resolution"), 2);
    }

    /// A customer whom nobody had called by the day of the upgrade is told of after it.
    async fn who_was_not_called_before_is_told_after(house: House) {
        let (_, visit) = accepted(&house, house.request_for(house.firm.check_up)).await;
        house.pass(Duration::from_secs(4 * 24 * 3600), &[]);
        upgraded(&house).await;
        house.state().timers().watch_visits().await.unwrap();
        let reviews = house.li().await.get("/v1/reviews").await.body;
        let review = &reviews["items"][0]["record"];
        assert_eq!((&review["about"]["id"], &review["flags"][0]["flag"]), (&visit.to_string().into(), &"call_missed".into()));
    }
}
