//! The register: who may write what down, what is refused, and how assets are found.

use mobile_api::{
    asset::{InService, Retire, SetService},
    directory::{BuildingSave, SiteSave, UnitSave},
    ids::{BuildingId, SiteId, UnitId},
    operation::Payload,
    work_order::{
        dispatch::Assign,
        request::{Edit, Request},
    },
};
use serde_json::json;

use super::*;
use crate::harness::Office;

fn retire(replaced_by: Option<AssetId>) -> Retire {
    Retire { reason: "Worn out".into(), replaced_by }
}

async fn refused(office: &Office, id: AssetId, asset: AssetSave) -> String {
    let answer = office.perform(id, asset).await;
    let pointer = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
    format!("{} {pointer}", answer.body["code"].as_str().unwrap()).trim_end().to_owned()
}

stories! {
    async fn assets_are_found_by_what_is_known_of_them(house: House) {
        let firm = house.firm;
        let hill = SiteId::new(house.clock.new_id());
        house.system(&firm, hill, SiteSave { name: "Hillside".into(), ..SiteSave::example() }).await;
        let seven = BuildingId::new(house.clock.new_id());
        house.system(&firm, seven, BuildingSave { site: firm.site, name: "7".into() }).await;
        let flat = UnitId::new(house.clock.new_id());
        let unit = UnitSave { site: firm.site, building: Some(seven), name: "7-1".into(), access_note: None };
        house.system(&firm, flat, unit).await;

        let one = AssetSave { building: Some(seven), certificate: until("2026-05-01"), ..lift(&house, "Lift 1", "A-1") };
        let one = made(&house, one).await;
        let doors = AssetSave { parent: Some(one), asset_type: "door drive".into(), ..lift(&house, "Doors of 1", "D-1") };
        made(&house, doors).await;
        let boiler = AssetSave {
            asset_type: "boiler".into(),
            building: Some(seven),
            unit: Some(flat),
            certificate: until("2026-04-01"),
            ..lift(&house, "Boiler", "B-7")
        };
        made(&house, boiler).await;
        let other = AssetSave { site: hill, certificate: until("2026-04-15"), ..lift(&house, "Lift 9", "A-9") };
        let other = made(&house, other).await;

        assert_eq!(named(&house, "").await, ["Boiler", "Doors of 1", "Lift 1", "Lift 9"]);
        assert_eq!(named(&house, "q=LIFT").await, ["Lift 1", "Lift 9"]);
        assert_eq!(named(&house, "q=b-7").await, ["Boiler"], "a part of the serial");
        assert_eq!(named(&house, "serial=A-9").await, ["Lift 9"]);
        assert_eq!(named(&house, "asset_type=boiler").await, ["Boiler"]);
        assert_eq!(named(&house, &format!("site={hill}")).await, ["Lift 9"]);
        assert_eq!(named(&house, &format!("building={seven}")).await, ["Boiler", "Lift 1"]);
        assert_eq!(named(&house, &format!("unit={flat}")).await, ["Boiler"]);
        assert_eq!(named(&house, &format!("parent={one}")).await, ["Doors of 1"]);
        // Those first whose time is over first; on the day itself it still is valid.
        assert_eq!(named(&house, "certificate_expires_before=2026-05-01").await, ["Boiler", "Lift 9"]);
        assert_eq!(named(&house, "certificate_expires_before=2026-05-02").await, ["Boiler", "Lift 9", "Lift 1"]);
        // Page by page the same.
        let first = house.li().await.get("/v1/assets?certificate_expires_before=2026-05-02&limit=2").await.body;
        let next = first["next"].as_str().unwrap();
        let rest = format!("certificate_expires_before=2026-05-02&limit=2&cursor={next}");
        assert_eq!((names(&first), named(&house, &rest).await), (vec!["Boiler", "Lift 9"], vec!["Lift 1".to_owned()]));

        house.li().await.perform(other, retire(None)).await.applied();
        assert_eq!(named(&house, "retired=true").await, ["Lift 9"]);
        assert_eq!(named(&house, "q=lift&retired=false").await, ["Lift 1"]);
        assert_eq!(named(&house, "certificate_expires_before=2026-05-02").await, ["Boiler", "Lift 1"], "nobody renews it");
        assert_eq!(house.office("wang").await.get("/v1/assets").await.body["items"], json!([]), "a technician sees what orders bring");
    }

    async fn what_does_not_fit_is_refused_with_its_place(house: House) {
        let (firm, li) = (house.firm, house.li().await);
        let hill = SiteId::new(house.clock.new_id());
        house.system(&firm, hill, SiteSave { name: "Hillside".into(), ..SiteSave::example() }).await;
        let one = made(&house, lift(&house, "Lift 1", "A-1")).await;
        let doors = made(&house, AssetSave { parent: Some(one), ..lift(&house, "Doors", "D-1") }).await;
        let motor = made(&house, AssetSave { parent: Some(doors), ..lift(&house, "Motor", "M-1") }).await;
        let far = made(&house, AssetSave { site: hill, ..lift(&house, "Lift 9", "A-9") }).await;
        let new = || AssetId::new(house.clock.new_id());
        let plain = |serial: &str| lift(&house, "Lift", serial);

        assert_eq!(refused(&li, new(), AssetSave { site: nobody().into(), ..plain("x") }).await, "bad_reference /site");
        assert_eq!(refused(&li, new(), AssetSave { building: Some(nobody().into()), ..plain("x") }).await, "bad_reference /building");
        assert_eq!(refused(&li, new(), AssetSave { unit: Some(nobody().into()), ..plain("x") }).await, "bad_reference /unit");
        assert_eq!(refused(&li, new(), AssetSave { parent: Some(far), ..plain("x") }).await, "bad_reference /parent");
        // Nothing is a part of itself, however long the way around.
        assert_eq!(refused(&li, one, AssetSave { parent: Some(one), ..lift(&house, "Lift 1", "A-1") }).await, "bad_reference /parent");
        assert_eq!(refused(&li, one, AssetSave { parent: Some(motor), ..lift(&house, "Lift 1", "A-1") }).await, "bad_reference /parent");
        assert_eq!(refused(&li, new(), plain(" a-1")).await, "serial_taken", "whatever its case");
        let other_maker = AssetSave { maker: Some("Otis".into()), ..plain("A-1") };
        li.perform(new(), other_maker).await.applied();
        li.perform(one, lift(&house, "Lift 1, north", "A-1")).await.applied();

        // A serial is free again once its machine is gone, or has another.
        li.perform(far, AssetSave { site: hill, ..lift(&house, "Lift 9", "A-90") }).await.applied();
        let replacement = made(&house, plain("A-9")).await;
        let answer = li.perform(one, retire(Some(far))).await;
        assert_eq!(answer.problem(422), "bad_reference", "at another site");
        li.perform(one, retire(Some(replacement))).await.applied();
        made(&house, plain("A-1")).await;
        assert_eq!(refused(&li, one, plain("A-77")).await, "asset_retired");
        assert_eq!(li.perform(one, retire(None)).await.problem(409), "asset_retired");
        let gone = li.get(&format!("/v1/assets/{one}")).await.body;
        assert_eq!(gone["service"]["status"], "retired");
        assert_eq!(gone["service"]["replaced_by"], json!(replacement));
    }

    /// Two people type the same plate in at the same instant: one of them is told.
    async fn of_two_who_write_one_machine_down_one_is_refused(house: House) {
        let li = house.li().await;
        let plate = || lift(&house, "Lift 1", "A-1");
        let writes = (0..8).map(|_| li.perform(house.clock.new_id(), plate()));
        let answers = futures_util::future::join_all(writes).await;
        let mut codes: Vec<_> = answers.iter().map(|answer| answer.body["code"].as_str().unwrap_or("applied")).collect();
        codes.sort_unstable();
        let mut expected = vec!["serial_taken"; 8];
        expected[0] = "applied";
        assert_eq!(codes, expected);
    }

    /// The order brings its asset to the technician's phone, as it brings the unit.
    async fn an_order_brings_its_asset_along(house: House) {
        let (firm, li) = (house.firm, house.li().await);
        let seven = BuildingId::new(house.clock.new_id());
        house.system(&firm, seven, BuildingSave { site: firm.site, name: "7".into() }).await;
        let one = made(&house, AssetSave { building: Some(seven), ..lift(&house, "Lift 1", "A-1") }).await;
        let two = made(&house, lift(&house, "Lift 2", "A-2")).await;
        let order = mobile_api::ids::WorkOrderId::new(house.clock.new_id());
        let request = Request { asset: Some(one), unit: None, customer: None, ..house.request_for(firm.plumbing) };
        li.perform(order, request.clone()).await.applied();
        li.perform(order, Assign { technician: firm.wang }).await.applied();
        let phone = house.phone_of("wang").await;
        assert_eq!(phone.get(one).unwrap().expect("on the phone").name, "Lift 1");
        assert_eq!(phone.get(order).unwrap().expect("on the phone").building, Some(seven), "where it stands nobody types");

        // It was the other one, as who stands before it sees.
        assert!(phone.get(two).unwrap().is_none());
        phone.did(order, Edit { asset: Some(two), ..Edit::default() });
        phone.did(one, SetService { status: InService::OutOfService, reason: "Taken for the other".into() });
        let report = phone.sync().await;
        assert!(report.verdicts.iter().all(|verdict| verdict.status.as_str() == "applied"), "{report:?}");
        phone.sync().await;
        assert_eq!(phone.get(two).unwrap().expect("on the phone").name, "Lift 2");
        assert!(phone.get(one).unwrap().is_none(), "the other has left");
        let page = li.get(&format!("/v1/work-orders?asset={two}")).await.body;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);

        let nowhere = Request { asset: Some(nobody().into()), ..request };
        let answer = li.perform(house.clock.new_id(), nowhere).await;
        assert_eq!(answer.problem(422), "bad_reference");
        li.perform(two, retire(None)).await.applied();
        let late = Request { asset: Some(two), ..house.request_for(firm.plumbing) };
        assert_eq!(li.perform(house.clock.new_id(), late).await.problem(409), "asset_retired");
    }

    /// Labels to be printed: as many pages as twenty-four to a page make, and nobody else's assets.
    async fn labels_are_printed_by_the_sheet(house: House) {
        for at in 0..25 {
            made(&house, lift(&house, &format!("电梯 {at}"), &format!("A-{at}"))).await;
        }
        let pdf = async |login: &str, query: &str| {
            let office = house.office(login).await;
            let url = format!("{}/v1/asset-labels.pdf{query}", office.base);
            let answer = office.client.get(url).bearer_auth(&office.token).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &"application/pdf".parse().unwrap()));
            answer.bytes().await.unwrap()
        };
        let pages = |pdf: &[u8]| String::from_utf8_lossy(pdf).matches("/Type /Page\n").count();
        let all = pdf("li", "").await;
        assert!(all.starts_with(b"%PDF-") && all.len() > 20_000, "{}", all.len());
        let one = pdf("li", "?serial=A-7").await;
        assert!(one.len() < all.len());
        assert_eq!(all, pdf("li", "").await, "the same assets make the same bytes");
        let none = pdf("wang", "").await;
        assert!(none.len() < one.len(), "{} {}", pages(&none), pages(&one));
    }
}
