//! Lists: their filters, their pages, and their tags.

use std::time::Duration;

use mobile_api::{
    directory::{SiteSave, UserSave},
    operation::Payload,
    work_order::{
        Source,
        dispatch::{Assign, Cancel},
        history::Import,
        merge::Merge,
    },
};
use reqwest::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    harness::{House, Office, morning},
    promises::kit::note,
};

const NONE: [Uuid; 0] = [];

/// The ids of a page's records.
fn ids(page: &Value) -> Vec<Uuid> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    items.iter().map(|item| item["record"]["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// The ids of all pages.
async fn all(office: &Office, path: &str) -> Vec<Uuid> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = office.get(&format!("{path}{joint}limit=2{cursor}")).await.body;
        let here = ids(&page);
        assert!(here.len() <= 2);
        found.extend(here);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

stories! {
    async fn orders_come_page_by_page_newest_first(house: House) {
        let li = house.li().await;
        let mut orders = Vec::new();
        for _ in 0..5 {
            // Two at the same instant: then the id decides.
            orders.push(house.request(house.firm.plumbing).await.uuid());
            orders.push(house.request(house.firm.plumbing).await.uuid());
            house.clock.advance(chrono::TimeDelta::minutes(1));
        }
        orders.reverse();
        assert_eq!(all(&li, "/v1/work-orders").await, orders);
        let first = li.get("/v1/work-orders?limit=3").await.body;
        assert_eq!(ids(&first), orders[..3]);
        assert_eq!(first["items"][0]["rev"], 1);
        assert_eq!(first["items"][0]["record"]["state"]["status"], "requested");
        // What comes meanwhile neither repeats nor hides anything behind the cursor.
        house.request(house.firm.plumbing).await;
        let next = li.get(&format!("/v1/work-orders?limit=3&cursor={}", first["next"].as_str().unwrap())).await.body;
        assert_eq!(ids(&next), orders[3..6]);
    }

    async fn a_technician_pages_through_their_own_and_the_pool(house: House) {
        let firm = house.firm;
        let mut orders = Vec::new();
        for turn in 0..7 {
            let order = match turn % 3 {
                0 => house.assigned(firm.plumbing, firm.zhao).await,
                1 => house.assigned(firm.plumbing, firm.wang).await,
                _ => house.request(firm.plumbing).await,
            };
            if turn % 3 > 0 {
                orders.push(order.uuid());
            }
            house.clock.advance(chrono::TimeDelta::minutes(1));
        }
        orders.reverse();
        assert_eq!(all(&house.office("wang").await, "/v1/work-orders").await, orders);
    }

    async fn orders_are_found_by_what_is_known_of_them(house: House) {
        let firm = house.firm;
        let waiting = house.request(firm.plumbing).await.uuid();
        let assigned = house.assigned(firm.check_up, firm.wang).await.uuid();
        house.clock.advance(chrono::TimeDelta::hours(1));
        let li = house.li().await;
        let cancelled = house.request(firm.plumbing).await.uuid();
        li.perform(cancelled, Cancel { reason: "It stopped by itself".into() }).await.applied();
        let imported = house.clock.new_id();
        let source = Source { system: "boston-311".into(), id: "101000295613".into() };
        let import = Import { source, order_type: firm.plumbing, site: firm.site, ..Import::example() };
        house.system(&firm, imported, import).await;

        let find = async |query: &str| {
            let mut found = all(&li, &format!("/v1/work-orders?{query}")).await;
            found.sort_unstable();
            found
        };
        let sorted = |mut ids: Vec<Uuid>| {
            ids.sort_unstable();
            ids
        };
        assert_eq!(find("status=assigned").await, [assigned]);
        assert_eq!(find("status=requested,cancelled").await, sorted(vec![waiting, cancelled]));
        assert_eq!(find("status=requested&status=cancelled").await, sorted(vec![waiting, cancelled]));
        assert_eq!(find(&format!("assignee={}", firm.wang)).await, [assigned]);
        assert_eq!(find(&format!("team={}&status=requested", firm.plumbers)).await, [waiting]);
        assert_eq!(find(&format!("site={}", firm.site)).await.len(), 4);
        assert_eq!(find(&format!("site={}", firm.org)).await, NONE);
        assert_eq!(find(&format!("unit={}&status=requested", firm.unit)).await, [waiting]);
        assert_eq!(find(&format!("customer={}&status=assigned", firm.customer)).await, [assigned]);
        assert_eq!(find(&format!("order_type={}", firm.check_up)).await, [assigned]);
        assert_eq!(find("external_source=boston-311&external_id=101000295613").await, [imported]);
        assert_eq!(find("external_source=elsewhere").await, NONE);
        let number = li.get(&format!("/v1/work-orders/{waiting}")).await.body["number"].as_str().unwrap().to_owned();
        assert_eq!(find(&format!("number={number}")).await, [waiting]);
        let later = (morning() + Duration::from_secs(1)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        assert_eq!(find(&format!("received_from={later}")).await, [cancelled]);
        assert_eq!(find(&format!("received_until={later}")).await, sorted(vec![waiting, assigned, imported]));
        // An hour has passed since the first two, and nobody is there.
        assert_eq!(find("overdue=true").await, sorted(vec![waiting, assigned]));
        assert_eq!(find("overdue=false").await, sorted(vec![cancelled, imported]));
        assert_eq!(find("deadline=running").await, sorted(vec![waiting, assigned]));
        assert_eq!(find("deadline=on_time,dropped").await, sorted(vec![cancelled, imported]));
    }

    async fn changes_can_be_followed(house: House) {
        let (li, firm) = (house.li().await, house.firm);
        let orders = [house.request(firm.plumbing).await, house.request(firm.plumbing).await];
        let quiet = house.request(firm.plumbing).await;
        let version = li.get("/v1/work-orders?limit=1").await.body["version"].as_u64().unwrap();
        assert_eq!(all(&li, &format!("/v1/work-orders?changed_after={version}")).await, NONE);
        let [stays, goes] = orders;
        li.perform(goes, Merge { into: stays }).await.applied();
        let mut changed = all(&li, &format!("/v1/work-orders?changed_after={version}")).await;
        changed.sort_unstable();
        assert_eq!(changed, [stays.uuid(), goes.uuid()], "both of a merge, and not {quiet}");
        li.perform(quiet, note("Nobody at home")).await.applied();
        let after = version + 1;
        assert_eq!(all(&li, &format!("/v1/work-orders?changed_after={after}")).await, [quiet.uuid()]);
    }

    async fn the_directory_is_searched_by_name(house: House) {
        let (li, firm) = (house.li().await, house.firm);
        let strange = house.clock.new_id();
        house.system(&firm, strange, SiteSave { name: "50% Plaza_ \\ Nord".into(), address: String::new(), location: None, time_zone: None }).await;
        let find = async |query: &str| all(&li, &format!("/v1/sites?{query}")).await;
        assert_eq!(find("").await, [strange, firm.site.uuid()], "by name");
        assert_eq!(find("q=LAKE").await, [firm.site.uuid()]);
        assert_eq!(find("q=garden").await, [firm.site.uuid()]);
        for exact in ["50%25", "plaza_", "%5C"] {
            assert_eq!(find(&format!("q={exact}")).await, [strange], "{exact}");
        }
        assert_eq!(find("q=%00lake").await, [firm.site.uuid()], "a sign that PostgreSQL cannot store");
        assert_eq!(all(&li, &format!("/v1/units?parent={}", firm.site)).await, [firm.unit.uuid()]);
        assert_eq!(all(&li, &format!("/v1/customers?site={}", firm.site)).await, [firm.customer.uuid()]);
        assert_eq!(all(&li, "/v1/users?q=wang").await, [firm.wang.uuid()], "by login");
        assert_eq!(all(&li, "/v1/users").await.len(), 4);
        let away = UserSave { login: "zhao".into(), active: false, ..UserSave::example() };
        house.system(&firm, firm.zhao, away).await;
        assert_eq!(all(&li, "/v1/users?active=false").await, [firm.zhao.uuid()]);
        assert_eq!(all(&li, "/v1/order-types").await.len(), 3);
        assert_eq!(all(&li, "/v1/price-items?q=plumber").await, [firm.hour.uuid()]);
        assert_eq!(all(&li, "/v1/teams").await, [firm.plumbers.uuid()]);
    }

    async fn devices_and_reviews_are_listed_for_whom_they_concern(house: House) {
        let firm = house.firm;
        let (li, admin, wang) = (house.li().await, house.office("admin").await, house.office("wang").await);
        let (of_wang, of_li) = (house.clock.new_id(), house.clock.new_id());
        wang.register(of_wang).await;
        li.register(of_li).await;
        assert_eq!(all(&wang, "/v1/devices").await, [of_wang]);
        assert_eq!(all(&wang, &format!("/v1/devices?user={}", firm.li)).await, NONE);
        assert_eq!(all(&admin, "/v1/devices").await.len(), 2);
        assert_eq!(all(&admin, &format!("/v1/devices?user={}&revoked=false", firm.wang)).await, [of_wang]);
        assert!(admin.get("/v1/devices").await.body["items"][0]["last_seen_at"].is_string());

        let order = house.request(firm.plumbing).await;
        let kept = house.clock.new_id();
        let nonsense = serde_json::json!({ "id": kept, "type": "work_order.juggle", "entity": order, "payload": {} });
        wang.push(of_wang, &[nonsense]).await;
        assert_eq!(all(&li, "/v1/reviews?status=open").await, [kept]);
        assert_eq!(all(&li, "/v1/reviews?status=resolved").await, NONE);
        assert_eq!(all(&wang, "/v1/reviews").await, NONE);
        let settled = mobile_api::review::Resolve::example();
        li.perform(kept, settled).await.applied();
        assert_eq!(all(&li, "/v1/reviews?status=resolved").await, [kept]);
    }

    async fn lists_are_not_sent_again_while_nothing_changes(house: House) {
        let firm = house.firm;
        let (li, wang) = (house.li().await, house.office("wang").await);
        let order = house.assigned(firm.plumbing, firm.wang).await;
        let list = async |office: &Office, known: &str| {
            let request = office.client.get(format!("{}/v1/work-orders", office.base)).header("if-none-match", known);
            office.send(request).await
        };
        let first = list(&li, "\"x\"").await;
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(list(&li, &tag).await.status, StatusCode::NOT_MODIFIED);
        assert_eq!(list(&wang, &tag).await.status, StatusCode::OK, "another sees another list");
        li.perform(order, note("Call before you come")).await.applied();
        assert_eq!(list(&li, &tag).await.status, StatusCode::OK);
        let late = li.get("/v1/work-orders?overdue=true").await;
        assert!(!late.headers.contains_key("etag"), "time alone changes it");
    }

    async fn strange_queries_are_problems(house: House) {
        let li = house.li().await;
        for query in ["status=nowhere", "limit=x", "limit=-1", "overdue=perhaps", "assignee=wang", "stauts=assigned",
            "received_from=yesterday", "deadline=soon", "changed_after=-1"]
        {
            assert_eq!(li.get(&format!("/v1/work-orders?{query}")).await.problem(400), "invalid_query", "{query}");
        }
        for cursor in ["x", "e30", "WzEsMl0"] {
            assert_eq!(li.get(&format!("/v1/work-orders?cursor={cursor}")).await.problem(400), "cursor_invalid");
        }
        assert_eq!(li.get("/v1/work-orders?limit=0").await.status, StatusCode::OK, "the least is one");
        assert_eq!(li.get("/v1/work-orders?limit=4000000000").await.status, StatusCode::OK, "the most is the server's");
    }

    async fn orders_are_counted_by_their_deadlines(house: House) {
        let firm = house.firm;
        let (li, wang) = (house.li().await, house.office("wang").await);
        let report = async |query: &str| li.get(&format!("/v1/reports/deadlines?{query}")).await.body;
        let import = |received: i64, due: Option<i64>, closed: Option<i64>| {
            let at = |hour: i64| morning() + chrono::TimeDelta::hours(hour);
            let source = Source { system: "boston-311".into(), id: house.clock.new_id().to_string() };
            let (order_type, site) = (firm.plumbing, firm.site);
            let (received_at, due, closed_at) = (at(received), due.map(at), closed.map(at));
            Import { source, order_type, site, received_at, due, closed_at, ..Import::example() }
        };
        let cases = [
            (-100, Some(-50), Some(-60)),
            (-100, Some(-50), Some(-50)),
            (-100, Some(-50), Some(-40)),
            (-100, Some(-50), None),
            (-90, Some(10), None),
            (-90, None, None),
            (-90, None, Some(-80)),
        ];
        for (received, due, closed) in cases {
            house.system(&firm, house.clock.new_id(), import(received, due, closed)).await;
        }
        let cancelled = house.request(firm.plumbing).await;
        li.perform(cancelled, Cancel { reason: "It stopped by itself".into() }).await.applied();
        let whole = serde_json::json!({
            "total": 8, "in_time": 2, "late": 1, "unprovable": 0, "open_past_deadline": 1, "open_within_deadline": 1,
            "dropped": 1, "without_deadline": 2
        });
        assert_eq!(report("").await, whole);
        let later = (morning() + Duration::from_secs(20 * 3600)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let then = report(&format!("as_of={later}")).await;
        assert_eq!((then["open_past_deadline"].as_u64(), then["open_within_deadline"].as_u64()), (Some(2), Some(0)));
        assert_eq!(report("source=boston-311").await["total"], 7);
        assert_eq!(report("source=elsewhere").await["total"], 0);
        let from = (morning() - Duration::from_secs(95 * 3600)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        assert_eq!(report(&format!("from={from}")).await["total"], 4);
        assert_eq!(report(&format!("until={from}")).await["total"], 4);
        assert_eq!(report(&format!("site={}", firm.org)).await["total"], 0);
        assert_eq!(wang.get("/v1/reports/deadlines").await.problem(403), "forbidden");
    }

    async fn somebody_else_is_assigned_and_the_list_follows(house: House) {
        let firm = house.firm;
        let (wang, zhao) = (house.office("wang").await, house.office("zhao").await);
        let order = house.assigned(firm.plumbing, firm.wang).await;
        assert_eq!(all(&wang, "/v1/work-orders").await, [order.uuid()]);
        assert_eq!(all(&zhao, "/v1/work-orders").await, NONE);
        house.li().await.perform(order, Assign { technician: firm.zhao }).await.applied();
        assert_eq!(all(&wang, "/v1/work-orders").await, NONE);
        assert_eq!(all(&zhao, "/v1/work-orders").await, [order.uuid()]);
        let pool = house.request(firm.plumbing).await;
        assert_eq!(all(&wang, "/v1/work-orders").await, [pool.uuid()], "nobody has it yet");
    }
}
