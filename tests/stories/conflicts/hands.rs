//! Who gets an order: proposals, the pool, and passing on.

use mobile_api::{
    directory::{Location, OrganisationSave, SiteSave, UserSave},
    ids::SiteId,
    operation::Payload,
    work_order::{
        dispatch::Accept,
        pool::{Grab, PassOn},
        request::Request,
    },
};

use super::*;

/// An order of this sort in the plumbers' pool.
async fn in_pool(house: &House, sort: mobile_api::ids::OrderTypeId) -> WorkOrderId {
    let order: WorkOrderId = house.clock.new_id().into();
    let request = Request { team: Some(house.firm.plumbers), ..house.request_for(sort) };
    house.li().await.perform(order, request).await.applied();
    order
}

async fn proposed(house: &House, order: WorkOrderId) -> Vec<Value> {
    let answer = house.li().await.get(&format!("/v1/work-orders/{order}/candidates")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["candidates"].as_array().unwrap().clone()
}

fn names(candidates: &[Value]) -> Vec<&str> {
    candidates.iter().map(|one| one["name"].as_str().unwrap()).collect()
}

stories! {
    async fn technicians_are_proposed_with_their_reasons(house: House) {
        let firm = &house.firm;
        let here = Location { latitude: 31.2304, longitude: 121.4737 };
        let lakeside = SiteSave { location: Some(here), ..SiteSave::example() };
        house.system(firm, firm.site, lakeside).await;
        let far: SiteId = house.clock.new_id().into();
        let there = Location { latitude: 31.3304, ..here };
        house.system(firm, far, SiteSave { location: Some(there), ..SiteSave::example() }).await;
        // Only Zhao holds the certificate for lifts.
        let lift = in_pool(&house, firm.lift).await;
        let candidates = proposed(&house, lift).await;
        assert_eq!(names(&candidates), ["ZHAO", "WANG"]);
        assert_eq!((&candidates[0]["may_go"], &candidates[1]["may_go"]), (&true.into(), &false.into()));
        assert_eq!(candidates[1]["lacks"], "lift");
        // Wang is busy at a site far away; a third stands next door with nothing to do.
        let ma: UserId = house.clock.new_id().into();
        let account = UserSave { name: "MA".into(), login: "ma".into(), teams: vec![firm.plumbers], ..UserSave::example() };
        house.account(firm, ma, account).await;
        let away: WorkOrderId = house.clock.new_id().into();
        let request = Request { site: far, unit: None, customer: None, ..house.request_for(firm.check_up) };
        house.li().await.perform(away, request).await.applied();
        office_does(&house, away, mobile_api::work_order::dispatch::Assign { technician: firm.wang }).await;
        let phone = house.phone_of("wang").await;
        phone.did(away, Arrive {});
        phone.sync().await;
        let tap = in_pool(&house, firm.plumbing).await;
        let candidates = proposed(&house, tap).await;
        assert_eq!(names(&candidates), ["MA", "ZHAO", "WANG"], "trained, then free, then busy");
        assert_eq!(candidates[2]["open_orders"], 1);
        assert!(candidates[2]["metres"].as_u64().unwrap().abs_diff(11_120) < 50, "{:?}", candidates[2]);
        assert_eq!(candidates[0]["metres"], Value::Null);
        // For those who assign.
        let wang = house.office("wang").await;
        assert_eq!(wang.get(&format!("/v1/work-orders/{tap}/candidates")).await.problem(403), "forbidden");
        let missing = house.clock.new_id();
        assert_eq!(house.li().await.get(&format!("/v1/work-orders/{missing}/candidates")).await.problem(404), "not_found");
    }

    /// Two grab the same order at once; nobody takes more than the firm allows.
    async fn an_order_is_grabbed_once_and_not_too_many_by_one(house: House) {
        let firm = &house.firm;
        let cap = OrganisationSave { pool_cap: Some(2), ..OrganisationSave::example() };
        house.system(firm, firm.org, cap).await;
        let (wang, zhao) = (house.office("wang").await, house.office("zhao").await);
        let order = in_pool(&house, firm.plumbing).await;
        let (one, other) = tokio::join!(wang.perform(order, Grab {}), zhao.perform(order, Grab {}));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort();
        assert!(statuses[0] == 200 && [403, 404, 409].contains(&statuses[1]), "{statuses:?}");
        let taken = order_of(&house, order).await;
        assert_eq!((status(&taken), taken.assignments.len()), ("assigned", 1));
        assert_eq!(verdict_of(&taken.clocks.dispatch), Some("on_time"));

        let mine = in_pool(&house, firm.lift).await;
        assert_eq!(wang.perform(mine, Grab {}).await.problem(409), "not_qualified");
        let mut refused = None;
        for _ in 0..3 {
            let next = in_pool(&house, firm.plumbing).await;
            let answer = wang.perform(next, Grab {}).await;
            if answer.status != 200 {
                refused = Some(answer.problem(409));
            }
        }
        assert_eq!(refused.as_deref(), Some("enough_to_do"));
        let elsewhere: WorkOrderId = house.clock.new_id().into();
        let request = Request { team: None, ..house.request_for(firm.plumbing) };
        house.li().await.perform(elsewhere, request).await.applied();
        assert_eq!(zhao.perform(elsewhere, Grab {}).await.problem(404), "not_found", "in nobody's pool");
    }

    /// He passes it on while his own phone still shows it as his: what he recorded is attached, and moves nothing.
    async fn an_order_passed_on_is_the_colleagues(house: House) {
        let firm = &house.firm;
        let order = house.assigned(firm.plumbing, firm.wang).await;
        let (phone, hers) = (house.phone_of("wang").await, house.phone_of("zhao").await);
        phone.did(order, Accept {});
        phone.sync().await;
        let wang = house.office("wang").await;
        let pass = |to| PassOn { to, reason: "She is next door".into() };
        assert_eq!(wang.perform(order, pass(firm.wang)).await.problem(422), "bad_reference");
        assert_eq!(wang.perform(order, pass(firm.li)).await.problem(422), "bad_reference", "no technician of his crew");
        phone.did(order, Arrive {});
        wang.perform(order, pass(firm.zhao)).await.applied();
        let report = phone.sync().await;
        let flags: Vec<_> = report.verdicts.iter().flat_map(|verdict| &verdict.flags).map(|f| f.flag.as_str()).collect();
        assert_eq!(flags, ["reassigned_meanwhile"]);
        hers.sync().await;
        let shown: WorkOrder = hers.get(order).unwrap().expect("on her phone");
        assert_eq!(shown.assignments[0].handed_back.as_deref(), Some("She is next door"));
        assert_eq!(shown.technician(), Some(firm.zhao));
        let lift = house.assigned(firm.lift, firm.zhao).await;
        let zhao = house.office("zhao").await;
        assert_eq!(zhao.perform(lift, pass(firm.wang)).await.problem(409), "not_qualified");
    }
}
