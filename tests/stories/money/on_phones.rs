//! The price list on a phone: what travels, and that today's orders do not wait for it.

use doorstep::{
    clock::Clock,
    events::Pokes,
    import::{
        Input,
        prices::{PriceMapping, PriceOptions, prices},
    },
    language::Language,
    operations::{Door, Holds},
};
use mobile_api::{Kind, directory::PriceItemSave, operation::Payload, work_order::WorkOrder};

use crate::harness::House;

/// As many items as the largest list that we met.
const ITEMS: usize = 7_184;

async fn list(house: &House) {
    let rows = (0..ITEMS).map(|n| format!("N{n},材料{n},Material {n},pc,{}.50\n", n + 1));
    let table: String = std::iter::once("code,zh,en,unit,price\n".to_owned()).chain(rows).collect();
    let mapping = PriceMapping::parse(
        "[columns]\ncode='code'\nname_zh='zh'\nname_en='en'\nunit='unit'\nprice='price'\n[kind]\nother='material'\n",
    );
    let door = Door::new((*house.db).clone(), Clock::fixed(house.clock.now()), Pokes::default(), Holds::default());
    let options = PriceOptions::new(house.firm.org, Language::English);
    let report = prices(&door, &mapping.unwrap(), Input::memory(table).unwrap(), &options, |_| {}).await.unwrap();
    assert_eq!(report.stored, ITEMS as u64, "{:?}", report.first_refused);
}

stories! {
    /// The whole list is on the phone after its first sync, and the order of the day came with the first page.
    async fn a_long_price_list_comes_after_the_orders_of_the_day(house: House) {
        list(&house).await;
        let order = house.assigned(house.firm.plumbing, house.firm.wang).await;
        let wang = house.office("wang").await;
        let device = house.clock.new_id();
        wang.register(device).await;
        let ask = |cursor: Option<String>| serde_json::json!({ "device": device, "schema": 1, "cursor": cursor, "limit": 500 });
        let first = wang.post("/v1/sync/pull", &ask(None)).await.body;
        let has = |page: &serde_json::Value, id: String| {
            page["changes"].as_array().unwrap().iter().any(|change| change["id"] == id)
        };
        assert!(has(&first, order.to_string()), "today's orders first");
        assert!(!first["complete"].as_bool().unwrap());
        let (mut page, mut pages, mut items) = (first, 0, 0);
        loop {
            pages += 1;
            let changes = page["changes"].as_array().unwrap();
            items += changes.iter().filter(|change| change["kind"] == "price_item").count();
            if page["complete"].as_bool().unwrap() {
                break;
            }
            let cursor = page["cursor"].as_str().unwrap().to_owned();
            page = wang.post("/v1/sync/pull", &ask(Some(cursor))).await.body;
        }
        assert_eq!(items, ITEMS + 1, "and the hour of plumbing");
        assert!(pages <= ITEMS / 500 + 2, "{pages} pages");

        let phone = house.phone_of("wang").await;
        assert_eq!(phone.list(Kind::PriceItem).unwrap().len(), ITEMS + 1);
        assert!(phone.get::<WorkOrder>(order).unwrap().is_some());
    }

    /// What is taken out of use leaves the phones; what is put into use comes.
    async fn only_what_may_be_quoted_is_on_a_phone(house: House) {
        let phone = house.phone_of("wang").await;
        let held = |expected: usize| assert_eq!(phone.list(Kind::PriceItem).unwrap().len(), expected);
        held(1);
        let hour = |active| PriceItemSave { code: "LAB".into(), active, ..PriceItemSave::example() };
        let admin = house.office("admin").await;
        admin.perform(house.firm.hour, hour(false)).await.applied();
        phone.sync().await;
        held(0);
        let listed = admin.get("/v1/price-items?active=false&q=lab").await.body;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "the office still finds it: {listed}");
        admin.perform(house.firm.hour, hour(true)).await.applied();
        phone.sync().await;
        held(1);
    }
}
