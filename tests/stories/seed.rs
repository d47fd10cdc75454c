//! The firm that never was: made once, however often it is interrupted, and by the same rules as any other.

use doorstep::seed::{Firm, Size, Stage, Step, seed};
use tokio_util::sync::CancellationToken;

use crate::harness::House;

/// Seeds until `last` has got halfway.
async fn until(house: &House, last: Stage) -> Option<Firm> {
    let stop = CancellationToken::new();
    let watch = |step: Step| {
        if step.stage == last && step.done * 2 >= step.of {
            stop.cancel();
        }
    };
    seed(&house.state().door, Size::Small, &stop, watch).await.unwrap()
}

async fn version(house: &House, firm: &Firm) -> u64 {
    let org = firm.org;
    house.state().db.read(move |conn| doorstep::operations::store::version(conn, org)).await.unwrap()
}

stories! {
    /// It is stopped among the orders, goes on to the end, and a third time there is nothing left to do.
    async fn a_seed_that_was_stopped_goes_on(house: House) {
        assert!(until(&house, Stage::Orders).await.is_none(), "it says that it was stopped");
        let mut stages = Vec::new();
        let watch = |step: Step| {
            if step.done == step.of {
                stages.push((step.stage, step.of));
            }
        };
        let firm = seed(&house.state().door, Size::Small, &CancellationToken::new(), watch).await.unwrap().unwrap();
        let counts = Size::Small.counts();
        assert_eq!(stages[1..], [
            (Stage::Assets, counts.assets),
            (Stage::Orders, counts.orders),
            (Stage::Inspections, counts.inspections),
            (Stage::Complaints, counts.complaints),
            (Stage::Assignments, 100),
        ]);
        let made = version(&house, &firm).await;
        seed(&house.state().door, Size::Small, &CancellationToken::new(), |_| {}).await.unwrap().unwrap();
        assert_eq!(version(&house, &firm).await, made, "nothing was written the third time");
    }

    /// What it made stands where people look for it.
    async fn a_seeded_firm_can_be_looked_at(house: House) {
        let firm = seed(&house.state().door, Size::Small, &CancellationToken::new(), |_| {}).await.unwrap().unwrap();
        let (org, dispatcher, now) = (firm.org, firm.dispatcher().uuid(), house.clock.now());
        let hash = house.state().access.passwords().hash_new(crate::harness::PASSWORD.into()).await.unwrap();
        let set = move |conn: &mut _| doorstep::access::set_password(conn, org, dispatcher, "seed.office", &hash, now);
        house.state().db.write(set).await.unwrap();
        let office = house.office("seed.office").await;
        let record = office.get(&format!("/v1/assets/{}/maintenance-record?limit=200", firm.asset(0))).await.body;
        let kinds = |kind: &str| record["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).count();
        assert_eq!(kinds("inspection"), 8, "{record}");
        assert!(kinds("job") > 2, "{record}");
        let expiring = office.get("/v1/assets?certificate_expires_before=2100-01-01&limit=100").await.body;
        assert_eq!(expiring["items"].as_array().map(Vec::len), Some(40));
        let complaints = office.get("/v1/complaints?limit=100").await.body;
        let open = office.get("/v1/complaints?status=investigating,explained").await.body;
        let many = |page: &serde_json::Value| page["items"].as_array().map(Vec::len);
        assert_eq!((many(&complaints), many(&open)), (Some(50), Some(1)), "{open}");
        let figures = office.get("/v1/figures?period=2025-12").await.body;
        let satisfied = &figures["figures"].as_array().unwrap()[3];
        assert_eq!(satisfied["figure"], "satisfaction", "{figures}");
        assert!(satisfied["denominator"].as_u64() > Some(0), "{satisfied}");
        let reviews = office.get("/v1/reviews?status=open").await.body;
        assert_eq!(reviews["items"].as_array().map(Vec::len), Some(0), "{reviews}");
    }
}
