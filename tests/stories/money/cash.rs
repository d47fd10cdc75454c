//! The cash at the end of the day.

use std::time::Duration;

use mobile_api::{
    ids::WorkOrderId,
    money::{Currency, Money},
    work_order::{
        PaymentMethod,
        merge::Merge,
        payment::{RecordPayment, RefundPayment},
    },
};
use serde_json::{Value, json};

use crate::harness::{House, Office};

fn paid(yuans: i64, method: PaymentMethod, reference: Option<&str>) -> RecordPayment {
    let amount = Money { minor: yuans * 100, currency: Currency::CNY };
    RecordPayment { amount, method, reference: reference.map(Into::into) }
}

async fn assigned(house: &House) -> WorkOrderId {
    house.assigned(house.firm.plumbing, house.firm.wang).await
}

async fn report(office: &Office, query: &str) -> Value {
    let answer = office.get(&format!("/v1/reports/cash{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn take(office: &Office, order: WorkOrderId, payment: RecordPayment) -> String {
    let answer = office.perform(order, payment).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

stories! {
    /// Wang takes cash and WeChat, Li a transfer; a part is given back. Each sees what is theirs to see.
    async fn everybody_knows_what_must_be_in_the_bag(house: House) {
        let order = assigned(&house).await;
        let (wang, li, admin) = (house.office("wang").await, house.li().await, house.office("admin").await);
        let first = take(&wang, order, paid(120, PaymentMethod::Cash, None)).await;
        house.pass(Duration::from_secs(300), &[]);
        take(&wang, order, paid(30, PaymentMethod::Wechat, Some("=4200001"))).await;
        take(&li, order, paid(200, PaymentMethod::Transfer, None)).await;
        let amount = Money { minor: 2_000, currency: Currency::CNY };
        let back = RefundPayment { payment: first.parse().unwrap(), amount, reason: "Too much".into() };
        admin.perform(order, back).await.applied();

        let all = report(&li, "").await;
        assert_eq!((&all["time_zone"], &all["currency"]), (&json!("Asia/Shanghai"), &json!("CNY")));
        let takers = all["takers"].as_array().unwrap();
        let cash = |user: mobile_api::ids::UserId| {
            takers.iter().find(|taker| taker["user"] == user.to_string()).map(|taker| taker["cash_minor"].clone())
        };
        let firm = house.firm;
        assert_eq!(cash(firm.wang), Some(json!(12_000)));
        assert_eq!(cash(firm.li), Some(json!(0)));
        assert_eq!(cash(firm.admin), Some(json!(-2_000)), "who gives back has it not any more");

        let own = report(&wang, "").await;
        assert_eq!(own["takers"].as_array().unwrap().len(), 1);
        assert_eq!(own["takers"][0]["name"], "WANG");
        assert_eq!(own["takers"][0]["receipts"][0]["receipt"], "R2026-000001");
        let methods = json!([
            { "method": "cash", "taken_minor": 12_000, "returned_minor": 0 },
            { "method": "wechat", "taken_minor": 3_000, "returned_minor": 0 },
        ]);
        assert_eq!(own["takers"][0]["methods"], methods);
        let other = wang.get(&format!("/v1/reports/cash?technician={}", firm.li)).await;
        assert_eq!(other.problem(403), "forbidden");
        let of_wang = report(&admin, &format!("?technician={}", firm.wang)).await;
        assert_eq!(of_wang["takers"], own["takers"]);
    }

    /// For a spreadsheet: Chinese is read right, and nothing in it runs.
    async fn the_day_can_be_opened_in_a_spreadsheet(house: House) {
        let order = assigned(&house).await;
        let wang = house.office("wang").await;
        take(&wang, order, paid(30, PaymentMethod::Wechat, Some("=4200001+1"))).await;
        let request = wang.client.get(format!("{}/v1/reports/cash", wang.base)).header("accept", "text/csv");
        let answer = wang.send(request).await;
        assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
        let text = answer.body.as_str().unwrap().trim_start_matches('\u{feff}').to_owned();
        let line = text.lines().nth(1).unwrap();
        assert!(line.ends_with("WANG,2026-000001,R2026-000001,wechat,30.00,CNY,'=4200001+1"), "{text}");
    }

    /// A day begins at midnight in Shanghai, whatever day it is in Greenwich.
    async fn the_day_is_that_of_the_firm(house: House) {
        let order = assigned(&house).await;
        let wang = house.office("wang").await;
        let now = house.clock.now();
        let zone = chrono_tz::Asia::Shanghai;
        let today = now.with_timezone(&zone).date_naive();
        let midnight = today.succ_opt().unwrap().and_time(chrono::NaiveTime::MIN).and_local_timezone(zone).unwrap();
        take(&wang, order, paid(1, PaymentMethod::Cash, None)).await;
        let until = (midnight.with_timezone(&chrono::Utc) - now).to_std().unwrap();
        house.pass(until - Duration::from_secs(1), &[]);
        let wang = house.office("wang").await;
        take(&wang, order, paid(2, PaymentMethod::Cash, None)).await;
        house.pass(Duration::from_secs(1), &[]);
        take(&wang, order, paid(4, PaymentMethod::Cash, None)).await;
        let cash = async |day: chrono::NaiveDate| {
            report(&wang, &format!("?day={day}")).await["takers"][0]["cash_minor"].clone()
        };
        assert_eq!(cash(today).await, 300);
        assert_eq!(cash(today.succ_opt().unwrap()).await, 400);
        assert_eq!(cash(today.pred_opt().unwrap()).await, Value::Null);
        assert_eq!(wang.get("/v1/reports/cash?day=yesterday").await.problem(400), "invalid_query");
    }

    /// A payment on a duplicate moves with everything else, and is counted once.
    async fn a_payment_on_a_duplicate_is_counted_once(house: House) {
        let (order, twin) = (assigned(&house).await, assigned(&house).await);
        let (wang, li) = (house.office("wang").await, house.li().await);
        take(&wang, twin, paid(50, PaymentMethod::Cash, None)).await;
        li.perform(twin, Merge { into: order }).await.applied();
        let day = report(&wang, "").await;
        assert_eq!(day["takers"][0]["cash_minor"], 5_000);
        assert_eq!(day["takers"][0]["receipts"][0]["work_order"], order.to_string());
    }
}
