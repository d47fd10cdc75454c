//! What becomes of work that was recorded without signal while the office withdrew the plan, moved the shutdown, or retired the asset;
//! and of two phones that take the same step.

use mobile_api::{
    asset::Retire,
    maintenance::{
        RescheduleShutdown, RestoreShutdown, SendBackShutdown, ShutdownStatus, StartShutdown, WithdrawPlan,
        WithdrawShutdown,
    },
    work_order::{
        Status,
        visit::{Arrive, Start},
    },
};

use super::*;

/// Ready, and its time has come, by the phones as well.
async fn due(house: &House, shutdown: ShutdownId, phones: &[&Handset]) {
    let wait = shutdown_of(house, shutdown).await.window.from - house.clock.now();
    house.pass(wait.to_std().unwrap(), phones);
}

stories! {
    /// Wang is at work on the plan's order when the office withdraws the plan: what he did is attached, and it stays withdrawn.
    async fn the_plan_was_withdrawn_meanwhile(house: House) {
        let pump = pump(&house).await;
        let plan = planned(&house, dry(&house, pump, weekly(7))).await;
        timers(&house).await;
        let order = orders(&house, plan).await.remove(0);
        let shutdown = order.shutdown.unwrap();
        ready(&house, shutdown).await;
        let wang = house.phone_of("wang").await;
        due(&house, shutdown, &[&wang]).await;
        wang.did(order.id, Arrive {});
        wang.did(shutdown, StartShutdown::default());
        wang.did(order.id, Start {});
        wang.did(shutdown, RestoreShutdown { note: None });
        house.li().await.perform(plan, WithdrawPlan { reason: "Contract with the maker".into() }).await.applied();
        wang.sign_in("wang").await;
        reads!(synced(&wang).await, @r"
        work_order.arrive      applied_flagged plan_withdrawn_meanwhile
        shutdown.start         applied_flagged plan_withdrawn_meanwhile
        work_order.start       applied_flagged plan_withdrawn_meanwhile
        shutdown.restore       applied_flagged plan_withdrawn_meanwhile
        ");
        let order = orders(&house, plan).await.remove(0);
        assert_eq!((order.status(), order.timeline.len()), (Status::Cancelled, 4), "with what he did");
        let held = shutdown_of(&house, shutdown).await;
        assert_eq!(held.status(), ShutdownStatus::Withdrawn);
        let attached: Vec<_> = held.timeline.iter().filter(|step| step.overtaken.is_some()).map(|step| step.what.as_str()).collect();
        assert_eq!(attached, ["start", "restore"]);
        assert_eq!(questions(&house).await.len(), 4);
    }

    async fn the_shutdown_alone_was_withdrawn_meanwhile(house: House) {
        let pump = pump(&house).await;
        let shutdown = drafted(&house, pump, soon(&house)).await;
        ready(&house, shutdown).await;
        let wang = house.phone_of("wang").await;
        due(&house, shutdown, &[&wang]).await;
        wang.did(shutdown, StartShutdown::default());
        house.li().await.perform(shutdown, WithdrawShutdown { reason: "Mended otherwise".into() }).await.applied();
        wang.sign_in("wang").await;
        reads!(synced(&wang).await, @"shutdown.start         applied_flagged plan_withdrawn_meanwhile");
        assert_eq!(shutdown_of(&house, shutdown).await.status(), ShutdownStatus::Withdrawn);
        assert_eq!(house.li().await.perform(shutdown, StartShutdown::default()).await.problem(409), "shutdown_step");
    }

    /// Moved to another day, or sent back, while Wang goes by what he was told: it stands still, and a person is asked.
    async fn the_shutdown_was_moved_meanwhile(house: House) {
        let pump = pump(&house).await;
        let (moved, sent_back) = (drafted(&house, pump, soon(&house)).await, drafted(&house, pump, soon(&house)).await);
        ready(&house, moved).await;
        ready(&house, sent_back).await;
        let wang = house.phone_of("wang").await;
        due(&house, moved, &[&wang]).await;
        wang.did(moved, StartShutdown::default());
        wang.did(sent_back, StartShutdown::default());
        let window = soon(&house);
        house.li().await.perform(moved, RescheduleShutdown { window, reason: "The part comes later".into() }).await.applied();
        house.office("admin").await.perform(sent_back, SendBackShutdown { reason: "Not today".into() }).await.applied();
        wang.sign_in("wang").await;
        reads!(synced(&wang).await, @r"
        shutdown.start         applied_flagged shutdown_changed_meanwhile
        shutdown.start         applied_flagged shutdown_changed_meanwhile
        ");
        assert_eq!(shutdown_of(&house, moved).await.status(), ShutdownStatus::Running, "the water is off");
        // Who knows of the new time and starts early is told no.
        let next = drafted(&house, pump, soon(&house)).await;
        ready(&house, next).await;
        assert_eq!(house.li().await.perform(next, StartShutdown::default()).await.problem(409), "shutdown_too_early");
    }

    async fn the_asset_was_retired_meanwhile(house: House) {
        let pump = pump(&house).await;
        let shutdown = drafted(&house, pump, soon(&house)).await;
        ready(&house, shutdown).await;
        let wang = house.phone_of("wang").await;
        due(&house, shutdown, &[&wang]).await;
        wang.did(shutdown, StartShutdown::default());
        wang.did(shutdown, RestoreShutdown { note: None });
        house.li().await.perform(pump, Retire { reason: "Replaced".into(), replaced_by: None }).await.applied();
        wang.sign_in("wang").await;
        reads!(synced(&wang).await, @r"
        shutdown.start         applied_flagged asset_retired
        shutdown.restore       applied
        ");
        let record = house.li().await.get(&format!("/v1/assets/{pump}/maintenance-record")).await.body;
        assert_eq!(record["items"][0]["kind"], "shutdown", "it stands in the record of what is gone");
    }

    /// Wang and Zhao in two plant rooms, each sure that he was the one.
    async fn two_phones_start_and_restore_the_same_shutdown(house: House) {
        let pump = pump(&house).await;
        let shutdown = fresh(&house);
        let assignee = Assignee { user: None, team: Some(house.firm.plumbers) };
        let save = ShutdownSave { asset: pump, window: soon(&house), assignee, ..ShutdownSave::example() };
        house.li().await.perform(shutdown, save).await.applied();
        announced(&house, shutdown).await;
        let (wang, zhao) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        due(&house, shutdown, &[&wang, &zhao]).await;
        for phone in [&wang, &zhao] {
            phone.did(shutdown, MeasureReady { measure: 0 });
            phone.did(shutdown, StartShutdown::default());
            phone.did(shutdown, RestoreShutdown { note: None });
        }
        wang.sign_in("wang").await;
        zhao.sign_in("zhao").await;
        reads!(synced(&wang).await, @r"
        shutdown.measure_ready applied
        shutdown.start         applied
        shutdown.restore       applied
        ");
        reads!(synced(&zhao).await, @r"
        shutdown.measure_ready applied_flagged already_done
        shutdown.start         applied_flagged already_done
        shutdown.restore       applied_flagged already_done
        ");
        let held = shutdown_of(&house, shutdown).await;
        assert_eq!(held.started.unwrap().by, house.firm.wang, "the first that came");
        assert_eq!(held.timeline.iter().filter(|step| step.step.by == house.firm.zhao).count(), 3, "and all that Zhao did");
    }
}
