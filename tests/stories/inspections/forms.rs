//! Forms: made, tried out, put into use, carried from house to house.

use mobile_api::inspection::{ConditionIs, FormCondition, WithdrawTemplate};
use serde_json::json;

use super::*;

stories! {
    async fn a_form_is_tried_out_before_it_is_used(house: House) {
        let admin = house.office("admin").await;
        let id = house.clock.new_id();
        let mut form = empty_flat(&house);
        let mut photo = item("photo", "Where it drips", Ask::Photo { least: 1 });
        photo.show_if = vec![FormCondition { item: "leaks".into(), is: ConditionIs::Failed }];
        form.form.sections[0].items.push(photo);
        form.form.pass_percent = Some(50);
        admin.perform(id, form).await.applied();
        let trial = json!({ "answers": [
            { "item": "leaks", "value": { "type": "fail" } }, { "item": "windows", "value": { "type": "pass" } },
        ] });
        let tried = admin.post(&format!("/v1/templates/{id}/try"), &trial).await;
        assert_eq!(tried.status, 200, "{}", tried.body);
        let shown: Vec<_> = tried.body["items"].as_array().unwrap().iter().map(|item| item["item"].as_str().unwrap()).collect();
        assert_eq!(shown, ["leaks", "windows", "meter", "photo"], "the photo is asked for because it leaks");
        assert_eq!(tried.body["result"]["percent"], 50);
        assert_eq!(tried.body["result"]["passed"], true);
        assert_eq!(tried.body["result"]["missing"], json!([{ "item": "meter", "lacks": "answer" }, { "item": "photo", "lacks": "photo" }]));
        let wrong = json!({ "answers": [{ "item": "meter", "value": { "type": "pass" } }] });
        let wrong = admin.post(&format!("/v1/templates/{id}/try"), &wrong).await;
        assert_eq!(wrong.body["errors"][0]["code"], "wrong_type");
        let page = admin.get("/v1/inspections").await.body;
        assert_eq!(page["items"], json!([]), "nothing is stored");
    }

    async fn a_published_form_never_changes(house: House) {
        let id = published(&house, empty_flat(&house)).await;
        let admin = house.office("admin").await;
        assert_eq!(admin.perform(id, empty_flat(&house)).await.problem(409), "still_in_use");
        let next = TemplateId::new(house.clock.new_id());
        let save = TemplateSave { revises: Some(id), ..empty_flat(&house) };
        admin.perform(next, save.clone()).await.applied();
        let rival = house.clock.new_id();
        admin.perform(rival, save).await.applied();
        admin.perform(next, PublishTemplate {}).await.applied();
        let late = admin.perform(rival, PublishTemplate {}).await;
        assert_eq!(late.problem(422), "bad_reference", "the version was replaced by another already");
        let page = admin.get("/v1/templates?status=published").await.body;
        assert_eq!((uuid(&page["items"][0]["record"]["id"]), page["items"].as_array().unwrap().len()), (next.uuid(), 1));
        admin.perform(next, WithdrawTemplate {}).await.applied();
        let begun = house.li().await.perform(house.clock.new_id(), begin_new(&house, next)).await;
        assert_eq!(begun.problem(422), "bad_reference");
    }

    async fn an_exported_form_is_imported_as_it_was(house: House) {
        let id = published(&house, empty_flat(&house)).await;
        let admin = house.office("admin").await;
        let mut exported = admin.get(&format!("/v1/templates/{id}/export")).await.body;
        assert_eq!(exported["form"].get("repair_type"), None, "sorts of order are the other firm's own");
        let copy = house.clock.new_id();
        let path = format!("/v1/templates/{copy}/save");
        admin.post(&path, &exported).await.applied();
        let unclear = admin.perform(copy, PublishTemplate {}).await;
        assert_eq!(unclear.body["errors"][0]["pointer"], "/form/repair_type", "somebody must say which");
        exported["form"]["repair_type"] = json!(house.firm.plumbing);
        admin.post(&path, &exported).await.applied();
        admin.perform(copy, PublishTemplate {}).await.applied();
        let again = admin.get(&format!("/v1/templates/{copy}")).await.body;
        let first = admin.get(&format!("/v1/templates/{id}")).await.body;
        assert_eq!(again["form"], first["form"]);
    }
}
