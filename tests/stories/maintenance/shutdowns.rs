//! A shutdown from the draft to the record.

use mobile_api::{
    asset::{Asset, MaintenanceRules, Serves, SetMaintenanceRules},
    directory::{BuildingSave, SiteSave, TeamSave, UnitSave},
    ids::{BuildingId, TeamId, UnitId},
    maintenance::{
        Affected, AnnounceResumption, EditionReason, RecordShutdown, RescheduleShutdown, RestoreShutdown,
        SendBackShutdown, SetAffected, ShutdownStatus, StartShutdown, WithdrawShutdown,
    },
    phone::Outcome,
    refusal::Refusal,
    work_order::{
        Running,
        dispatch::{Assign, Cancel},
        request::Request,
        result::RecordResult,
        visit::{Arrive, Finish, Start},
    },
};
use serde_json::json;

use super::*;

async fn unit(house: &House, building: Option<BuildingId>, name: &str) -> UnitId {
    let unit = UnitId::new(house.clock.new_id());
    let save = UnitSave { site: house.firm.site, building, name: name.into(), access_note: None };
    house.system(&house.firm, unit, save).await;
    unit
}

async fn building(house: &House, name: &str) -> BuildingId {
    let building = BuildingId::new(house.clock.new_id());
    house.system(&house.firm, building, BuildingSave { site: house.firm.site, name: name.into() }).await;
    building
}

/// An asset that stands there and serves that.
async fn standing(house: &House, building: Option<BuildingId>, unit: Option<UnitId>, serves: Serves) -> AssetId {
    let asset = AssetId::new(house.clock.new_id());
    let site = house.firm.site;
    let save = AssetSave { serial: None, site, building, unit, serves, certificate: None, ..AssetSave::example() };
    house.li().await.perform(asset, save).await.applied();
    asset
}

async fn affected(house: &House, asset: AssetId) -> Affected {
    let shutdown = drafted(house, asset, soon(house)).await;
    shutdown_of(house, shutdown).await.affected
}

fn sorted<T: Ord>(ids: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<T> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}

stories! {
    /// Everything by the book, and the technician in the plant room without signal.
    async fn a_shutdown_goes_from_the_draft_to_the_record(house: House) {
        let pump = pump(&house).await;
        let window = soon(&house);
        let shutdown = drafted(&house, pump, window).await;
        let status = async || shutdown_of(&house, shutdown).await.status();
        assert_eq!(status().await, ShutdownStatus::Draft);
        assert_eq!(house.li().await.perform(shutdown, ApproveShutdown {}).await.problem(403), "forbidden", "a manager's word");
        let early = SendBackShutdown { reason: "Say why".into() };
        house.office("admin").await.perform(shutdown, early).await.applied();
        let save = ShutdownSave {
            asset: pump, window, assignee: Assignee { user: Some(house.firm.wang), team: None }, ..ShutdownSave::example()
        };
        house.li().await.perform(shutdown, save.clone()).await.applied();
        assert_eq!(house.li().await.perform(shutdown, GiveNotice::default()).await.problem(409), "shutdown_not_approved");
        house.office("admin").await.perform(shutdown, ApproveShutdown {}).await.applied();
        assert_eq!(status().await, ShutdownStatus::Approved);
        assert_eq!(house.li().await.perform(shutdown, save).await.problem(409), "shutdown_step", "approved is what was approved");
        house.li().await.perform(shutdown, GiveNotice::default()).await.applied();
        assert_eq!(status().await, ShutdownStatus::Announced);

        let wang = house.phone_of("wang").await;
        wang.did(shutdown, MeasureReady { measure: 0 });
        house.pass((window.from - house.clock.now()).to_std().unwrap(), &[&wang]);
        wang.did(shutdown, StartShutdown::default());
        // A little more than forty minutes: a phone proves its times to the second.
        house.pass(TimeDelta::seconds(40 * 60 + 30).to_std().unwrap(), &[&wang]);
        wang.did(shutdown, RestoreShutdown { note: Some("Measures lifted".into()) });
        wang.did(shutdown, RecordShutdown { note: Some("Tested twice".into()), ..RecordShutdown::example() });
        wang.sign_in("wang").await;
        reads!(synced(&wang).await, @r"
        shutdown.measure_ready applied
        shutdown.start         applied
        shutdown.restore       applied
        shutdown.record        applied
        ");
        assert_eq!(status().await, ShutdownStatus::Restored, "nobody has told those affected yet");
        house.li().await.perform(shutdown, AnnounceResumption { text: "Let the taps run".into() }).await.applied();
        let held = shutdown_of(&house, shutdown).await;
        assert_eq!(held.status(), ShutdownStatus::Recorded);
        let told: Vec<_> = held.editions.iter().map(|edition| edition.reason).collect();
        assert_eq!(told, [EditionReason::Planned, EditionReason::Resumed]);

        // It stands in the record of the pump, and nobody typed it there.
        let record = house.li().await.get(&format!("/v1/assets/{pump}/maintenance-record")).await.body;
        let entry = &record["items"][0];
        assert_eq!((&entry["kind"], &entry["shutdown"]["stops"]), (&json!("shutdown"), &json!(["water"])));
        assert_eq!(entry["shutdown"]["result"]["parts"], "Valve DN50");
        let book = house.li().await.get(&format!("/v1/assets/{pump}/logbook")).await.body;
        let row = book.as_str().unwrap().lines().nth(1).unwrap().to_owned();
        assert!(row.contains("Shutdown,,water,Tested twice,Wear and tear,Valve DN50,40,WANG,runs well"), "{row}");
    }

    /// Each step that is missing has its own word; an emergency needs none of them but its reason, and a person is told.
    async fn starting_without_what_it_needs_is_refused_but_in_an_emergency(house: House) {
        let pump = pump(&house).await;
        let shutdown = drafted(&house, pump, soon(&house)).await;
        let start = || StartShutdown::default();
        assert_eq!(house.li().await.perform(shutdown, start()).await.problem(409), "shutdown_not_approved");
        house.office("admin").await.perform(shutdown, ApproveShutdown {}).await.applied();
        assert_eq!(house.li().await.perform(shutdown, start()).await.problem(409), "shutdown_not_announced");
        house.li().await.perform(shutdown, GiveNotice::default()).await.applied();
        assert_eq!(house.li().await.perform(shutdown, start()).await.problem(409), "shutdown_not_ready");
        house.li().await.perform(shutdown, MeasureReady { measure: 0 }).await.applied();
        assert_eq!(house.li().await.perform(shutdown, MeasureReady { measure: 1 }).await.problem(422), "bad_reference");
        assert_eq!(house.li().await.perform(shutdown, start()).await.problem(409), "shutdown_too_early");
        assert_eq!(house.li().await.perform(shutdown, RestoreShutdown { note: None }).await.problem(409), "shutdown_step");

        let burst = drafted(&house, pump, soon(&house)).await;
        let wang = house.phone_of("wang").await;
        wang.did(burst, StartShutdown { emergency: Some("The riser has burst".into()) });
        reads!(synced(&wang).await, @"shutdown.start         applied_flagged emergency_shutdown");
        assert_eq!(questions(&house).await, ["emergency_shutdown"]);
        let held = shutdown_of(&house, burst).await;
        let emergency = held.emergency.as_ref().unwrap();
        assert_eq!((emergency.reason.as_str(), emergency.lacked.as_deref()), ("The riser has burst", Some("shutdown_not_approved")));
        assert_eq!(held.status(), ShutdownStatus::Running);
        house.office("admin").await.perform(burst, ApproveShutdown {}).await.applied();
        let urgent = GiveNotice { urgent: None };
        assert!(shutdown_of(&house, burst).await.approved.is_some(), "afterwards, so that it is on record");
        // The time that it was to have is two days away, so those affected can still be told by the book.
        house.li().await.perform(burst, urgent).await.applied();
        assert_eq!(house.li().await.perform(burst, WithdrawShutdown { reason: "x".into() }).await.problem(409), "shutdown_step");
    }

    /// Less than a day before: only with a reason, which a person reads. How long is the firm's own affair.
    async fn notice_is_given_in_time(house: House) {
        let pump = pump(&house).await;
        let from = house.clock.now() + TimeDelta::hours(23);
        let shutdown = drafted(&house, pump, Window { from, until: from + TimeDelta::hours(1) }).await;
        house.office("admin").await.perform(shutdown, ApproveShutdown {}).await.applied();
        assert_eq!(house.li().await.perform(shutdown, GiveNotice::default()).await.problem(409), "notice_too_short");
        let rules = MaintenanceRules { notice_hours: 12, ..MaintenanceRules::default() };
        house.office("admin").await.perform(house.firm.org, SetMaintenanceRules { rules }).await.applied();
        house.li().await.perform(shutdown, GiveNotice::default()).await.applied();
        house.clock.advance(TimeDelta::hours(20));
        let next = drafted(&house, pump, Window { from, until: from + TimeDelta::hours(1) }).await;
        house.office("admin").await.perform(next, ApproveShutdown {}).await.applied();
        let urgent = GiveNotice { urgent: Some("The riser may burst".into()) };
        assert_eq!(flagged(house.li().await.perform(next, urgent).await), ["short_notice"]);
    }

    /// A unit's asset affects that unit; a building's its units; a site's all; and what an asset names itself takes the place of that.
    async fn whom_it_affects_follows_from_where_the_asset_stands(house: House) {
        let (seven, eight) = (building(&house, "7").await, building(&house, "8").await);
        let (a, b) = (unit(&house, Some(seven), "7-1").await, unit(&house, Some(seven), "7-2").await);
        let c = unit(&house, Some(eight), "8-1").await;
        let department = TeamId::new(house.clock.new_id());
        house.system(&house.firm, department, TeamSave { name: "Night desk".into(), site: Some(house.firm.site) }).await;
        let units = async |asset| affected(&house, asset).await.units;
        let here = async |building, unit, serves| standing(&house, building, unit, serves).await;
        assert_eq!(units(here(Some(seven), Some(a), Serves::default()).await).await, [a]);
        assert_eq!(units(here(Some(seven), None, Serves::default()).await).await, sorted([a, b]));
        assert_eq!(units(here(None, None, Serves::default()).await).await, sorted([a, b, c, house.firm.unit]));
        let both = Serves { buildings: vec![eight], units: vec![b] };
        let main = here(Some(seven), None, both).await;
        assert_eq!(units(main).await, sorted([b, c]));
        assert_eq!(affected(&house, main).await.teams, [department]);
        let kept: Asset = serde_json::from_value(house.li().await.get(&format!("/v1/assets/{main}")).await.body).unwrap();
        assert_eq!(kept.serves.buildings, [eight]);

        let hill = Id::new(house.clock.new_id());
        house.system(&house.firm, hill, SiteSave { name: "Hill".into(), address: String::new(), location: None, time_zone: None }).await;
        let elsewhere = BuildingId::new(house.clock.new_id());
        house.system(&house.firm, elsewhere, BuildingSave { site: hill, name: "1".into() }).await;
        let serves = Serves { buildings: vec![elsewhere], units: vec![] };
        let far = AssetSave { serial: None, site: house.firm.site, serves, ..AssetSave::example() };
        let answer = house.li().await.perform(house.clock.new_id(), far).await;
        assert_eq!(answer.body["errors"][0]["pointer"], "/serves/buildings/0", "{}", answer.body);

        // Only the riser of one of them, and why; who comes to it later is told as well.
        let shutdown = drafted(&house, main, soon(&house)).await;
        let only = |units: Vec<UnitId>| SetAffected {
            affected: Affected { units, teams: vec![], changed: Some("Only this riser".into()) },
        };
        house.li().await.perform(shutdown, only(vec![b])).await.applied();
        announced(&house, shutdown).await;
        let notices = async || house.li().await.get(&format!("/v1/shutdown-notices?shutdown={shutdown}")).await.body["items"].as_array().unwrap().len();
        assert_eq!(notices().await, 1);
        house.li().await.perform(shutdown, only(vec![b, c])).await.applied();
        assert_eq!(notices().await, 2);
        let fewer = house.li().await.perform(shutdown, only(vec![c])).await;
        assert_eq!(fewer.problem(403), "forbidden", "approved is what was approved");
        house.office("admin").await.perform(shutdown, only(vec![c])).await.applied();
        assert_eq!(notices().await, 2, "who was told stays told");
    }

    /// A plan that stops the water: its order comes with a shutdown in draft, and cannot be begun before that may.
    async fn the_order_of_a_plan_waits_for_its_shutdown(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, dry(&house, pump, weekly(7))).await;
        timers(&house).await;
        let order = orders(&house, plan).await.remove(0);
        let shutdown = order.shutdown.expect("a draft with it");
        let draft = shutdown_of(&house, shutdown).await;
        assert_eq!((draft.order, draft.plan, draft.status()), (Some(order.id), Some(plan), ShutdownStatus::Draft));
        assert_eq!((draft.window.from, draft.affected.units.clone()), (at("2026-03-09T00:00:00Z"), vec![house.firm.unit]));
        let listed = house.li().await.get(&format!("/v1/shutdowns?plan={plan}&status=draft&work_order={}", order.id)).await;
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);

        house.li().await.perform(order.id, Arrive {}).await.applied();
        assert_eq!(house.li().await.perform(order.id, Start {}).await.problem(409), "shutdown_not_approved");
        ready(&house, shutdown).await;
        assert_eq!(house.li().await.perform(order.id, Start {}).await.problem(409), "shutdown_too_early");
        let wang = house.phone_of("wang").await;
        assert!(wang.get::<Shutdown>(shutdown).unwrap().is_some(), "the order brings it along");
        wang.did(order.id, Start {});
        let outcome = wang.pending().unwrap().remove(0).outcome;
        let window = shutdown_of(&house, shutdown).await.window;
        assert_eq!(outcome, Outcome::Refused(Refusal::ShutdownTooEarly { from: window.from }), "the phone knows as well");
        reads!(synced(&wang).await, @"work_order.start       applied_flagged shutdown_not_allowed");
    }

    /// For an order, cause and parts stand there: nobody says them twice.
    async fn the_record_of_a_shutdown_for_an_order_is_the_orders(house: House) {
        let pump = pump(&house).await;
        let order = WorkOrderId::new(house.clock.new_id());
        let request = Request { asset: Some(pump), customer: None, ..house.request_for(house.firm.check_up) };
        house.li().await.perform(order, request).await.applied();
        house.li().await.perform(order, Assign { technician: house.firm.wang }).await.applied();
        let (shutdown, window) = (fresh(&house), soon(&house));
        house.li().await.perform(shutdown, ShutdownSave { asset: pump, window, order: Some(order), ..ShutdownSave::example() }).await.applied();
        let second = ShutdownSave { asset: pump, window, order: Some(order), ..ShutdownSave::example() };
        assert_eq!(house.li().await.perform(fresh(&house), second).await.problem(422), "bad_reference", "it has one");
        ready(&house, shutdown).await;
        let wang = house.phone_of("wang").await;
        house.pass(TimeDelta::days(2).to_std().unwrap(), &[&wang]);
        wang.did(order, Arrive {});
        wang.did(shutdown, StartShutdown::default());
        wang.did(order, Start {});
        wang.did(order, RecordResult { main_cause: Some("wear".into()), running: Running::Normal, note: None });
        wang.did(order, Finish { summary: None });
        wang.did(shutdown, RestoreShutdown { note: None });
        wang.did(shutdown, RecordShutdown::default());
        wang.sign_in("wang").await;
        reads!(synced(&wang).await, @r"
        work_order.arrive      applied
        shutdown.start         applied
        work_order.start       applied
        work_order.record_result applied
        work_order.finish      applied
        shutdown.restore       applied
        shutdown.record        applied
        ");
        let record = house.li().await.get(&format!("/v1/assets/{pump}/maintenance-record")).await.body;
        let kinds: Vec<_> = record["items"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["shutdown", "job"]);
        assert_eq!(record["items"][1]["job"]["result"]["main_cause"], "wear");
        assert!(record["items"][0]["shutdown"]["result"]["main_cause"].is_null());
    }

    /// The job is cancelled: nobody waits without water for a technician who does not come. What has begun is not called off with it.
    async fn a_cancelled_order_takes_its_shutdown_along(house: House) {
        let (pump, li) = (pump(&house).await, house.li().await);
        let mut shutdowns = Vec::new();
        for _ in 0..2 {
            let (order, shutdown) = (WorkOrderId::new(house.clock.new_id()), fresh(&house));
            let request = Request { asset: Some(pump), customer: None, ..house.request_for(house.firm.check_up) };
            li.perform(order, request).await.applied();
            li.perform(order, Assign { technician: house.firm.wang }).await.applied();
            let save = ShutdownSave { asset: pump, window: soon(&house), order: Some(order), ..ShutdownSave::example() };
            li.perform(shutdown, save).await.applied();
            ready(&house, shutdown).await;
            shutdowns.push((order, shutdown));
        }
        let [(order, shutdown), (begun_order, begun)] = shutdowns[..] else { panic!("two") };
        li.perform(order, Cancel { reason: "The tenant mended it".into() }).await.applied();
        let called_off = shutdown_of(&house, shutdown).await;
        let reason = called_off.withdrawn.as_ref().map(|withdrawn| withdrawn.reason.as_str());
        assert_eq!(reason, Some("its order was cancelled: The tenant mended it"));
        assert_eq!(called_off.editions.last().map(|edition| edition.reason), Some(EditionReason::Withdrawn), "and they are told");
        house.clock.advance(TimeDelta::days(2));
        let li = house.li().await;
        li.perform(begun, StartShutdown::default()).await.applied();
        li.perform(begun_order, Cancel { reason: "Another day".into() }).await.applied();
        assert_eq!(shutdown_of(&house, begun).await.status(), ShutdownStatus::Running, "somebody has to turn it on again");
    }

    /// A dispatcher puts off what a manager approved; sooner or longer than that is the manager's to say.
    async fn what_was_approved_is_not_brought_forward_by_the_office(house: House) {
        let pump = pump(&house).await;
        let shutdown = drafted(&house, pump, soon(&house)).await;
        ready(&house, shutdown).await;
        let (li, admin) = (house.li().await, house.office("admin").await);
        let at = |hours: i64, long: i64| {
            let from = soon(&house).from + TimeDelta::hours(hours);
            RescheduleShutdown { window: Window { from, until: from + TimeDelta::hours(long) }, reason: "The part".into() }
        };
        let long = (soon(&house).until - soon(&house).from).num_hours();
        assert_eq!(li.perform(shutdown, at(-1, long)).await.problem(403), "forbidden");
        assert_eq!(li.perform(shutdown, at(0, long + 1)).await.problem(403), "forbidden");
        li.perform(shutdown, at(24, long)).await.applied();
        assert_eq!(admin.perform(shutdown, at(23, long + 1)).await.status, 200);
    }

    /// Sent back after those affected had been told: approved and told again, and they read that it changed.
    async fn what_is_sent_back_is_approved_and_announced_again(house: House) {
        let pump = pump(&house).await;
        let shutdown = drafted(&house, pump, soon(&house)).await;
        ready(&house, shutdown).await;
        house.office("admin").await.perform(shutdown, SendBackShutdown { reason: "Not this week".into() }).await.applied();
        assert_eq!(shutdown_of(&house, shutdown).await.status(), ShutdownStatus::Draft);
        let from = soon(&house).from + TimeDelta::days(7);
        let window = Window { from, until: from + TimeDelta::hours(1) };
        house.li().await.perform(shutdown, RescheduleShutdown { window, reason: "Next week".into() }).await.applied();
        announced(&house, shutdown).await;
        let held = shutdown_of(&house, shutdown).await;
        assert_eq!((held.status(), held.edition()), (ShutdownStatus::Ready, 3));
        let notices = house.li().await.get(&format!("/v1/shutdown-notices?shutdown={shutdown}&read=false")).await.body;
        assert_eq!(notices["items"].as_array().unwrap().len(), 1, "one notice, of three editions");
    }
}
