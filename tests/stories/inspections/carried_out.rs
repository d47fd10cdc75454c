//! One inspection, from the plan to what it came to.

use mobile_api::{
    inspection::{
        AddInspectionPhoto, InspectionStatus, Presence, RoundPoint, RoundSave, SignInspection, SignerRole, VisitPoint,
    },
    photo::{Blob, NewPhoto, PhotoRole},
    signing::digest,
};

use super::*;
use crate::repair::strokes;

stories! {
    /// Wang is told of it at his next sync, walks through the flat without signal, and the office reads what he found.
    async fn an_inspection_is_carried_out_without_signal(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, of(house.firm.wang)).await;
        let wang = house.phone_of("wang").await;
        let on_phone: Inspection = wang.get(id).unwrap().expect("it is on his phone");
        assert_eq!(on_phone.status(), InspectionStatus::Planned);
        wang.did(id, begin());
        wang.did(id, pass("leaks"));
        wang.did(id, pass("windows"));
        wang.did(id, number("meter", 1_204_500));
        wang.did(id, done());
        let shown: Inspection = wang.get(id).unwrap().unwrap();
        let result = shown.result().expect("the phone knows what it came to");
        assert_eq!((result.passed, result.percent), (true, Some(100)));

        reads!(synced(&wang).await, @r"
        start         applied
        answer        applied
        answer        applied
        answer        applied
        finish        applied
        ");
        let held = inspection(&house, id).await;
        reads!(told(&house, &held), @r"
        leaks    pass   wang of 1
        windows  pass   wang of 1
        meter    1204500 wang of 1
        ");
        assert_eq!(held.result(), shown.result(), "phone and server come to the same");
        let page = house.li().await.get("/v1/inspections?status=finished&passed=true").await.body;
        assert_eq!(uuid(&page["items"][0]["record"]["id"]), id.uuid());
    }

    /// Who waits for the answer is told what is missing; who was in the basement has finished, and a person is asked.
    async fn what_is_missing_is_refused_online_and_flagged_later(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let id = planned(&house, form, of(house.firm.wang)).await;
        let li = house.li().await;
        li.perform(id, begin()).await.applied();
        li.perform(id, pass("leaks")).await.applied();
        let refused = li.perform(id, done()).await;
        let missing: Vec<_> =
            refused.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(missing, ["/answers/windows", "/answers/meter"]);
        assert_eq!(refused.problem(409), "answers_missing");
        assert_eq!(inspection(&house, id).await.status(), InspectionStatus::Running);

        let wang = house.phone_of("wang").await;
        wang.did(id, done());
        reads!(synced(&wang).await, @"finish        applied_flagged answers_missing");
        assert_eq!(inspection(&house, id).await.result().unwrap().missing.len(), 2);
    }

    /// The customer cannot come, and names a delegate in writing (委托验收): the letter is photographed.
    async fn a_delegate_signs_with_their_written_authority(house: House) {
        let mut acceptance = empty_flat(&house);
        acceptance.form.sections[0].items.push(item("customer", "Customer", Ask::Signature { role: SignerRole::Customer }));
        let form = published(&house, acceptance).await;
        let wang = house.phone_of("wang").await;
        let id = fresh(&wang);
        wang.did(id, begin_new(&house, form));
        for answer in [pass("leaks"), pass("windows"), number("meter", 7)] {
            wang.did(id, answer);
        }
        let blob = Blob::of(b"a letter, photographed", "image/jpeg");
        let photo = NewPhoto { role: PhotoRole::Document, caption: None, blob };
        let letter = wang.did(id, AddInspectionPhoto { point: None, item: None, photo });
        let sign = |authority| {
            let content = wang.get::<Inspection>(id).unwrap().unwrap().report_to_sign("Mr Chen junior", SignerRole::Delegate);
            SignInspection { digest: digest(&content).unwrap(), content, opinion: None, authority, strokes: strokes() }
        };
        wang.did(id, sign(Some(letter)));
        wang.did(id, done());
        reads!(synced(&wang).await, @r"
        start         applied
        answer        applied
        answer        applied
        answer        applied
        add_photo     applied
        sign          applied
        finish        applied
        ");
        let held = inspection(&house, id).await;
        assert_eq!((held.signatures[0].authority, held.signatures[0].differs.len()), (Some(letter), 0));
        assert!(held.result().unwrap().missing.is_empty(), "the delegate's signature is the customer's");
        let unsupported = wang.did(id, sign(None));
        reads!(synced(&wang).await, @"sign          applied_flagged authority_missing");
        assert!(inspection(&house, id).await.signatures.iter().any(|signature| signature.op == unsupported));
    }

    /// Who scans the tag of a point was there; a torn-off tag needs a reason, and another point's tag is noticed.
    async fn presence_is_proved_by_the_code_of_the_point(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let point = |key: &str| RoundPoint {
            key: key.into(),
            name: key.into(),
            building: None,
            unit: None,
            asset: None,
            code: Some(format!("TAG-{key}")),
            sections: vec![],
        };
        let round = RoundSave {
            name: "Empty flats".into(),
            template: form,
            spot: Spot { unit: None, ..flat(&house) },
            points: ["a", "b", "c"].map(point).to_vec(),
            assignee: of(house.firm.wang),
            repeats: None,
        };
        let round_id = house.clock.new_id();
        house.li().await.perform(round_id, round).await.applied();
        let wang = house.phone_of("wang").await;
        let id = fresh(&wang);
        let template = Some(form);
        wang.did(id, StartInspection { round: Some(round_id.into()), template, ..StartInspection::default() });
        let at = |point: &str, presence| VisitPoint { point: point.into(), presence };
        wang.did(id, at("a", Presence::Qr { code: "TAG-a".into() }));
        wang.did(id, at("b", Presence::None { reason: "The tag is torn off".into() }));
        wang.did(id, at("b", Presence::Nfc { code: "TAG-a".into() }));
        reads!(synced(&wang).await, @r"
        start         applied
        visit_point   applied
        visit_point   applied
        visit_point   applied_flagged other_code
        ");
        let held = inspection(&house, id).await;
        assert_eq!(held.visits.iter().map(|visit| visit.proved).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(held.late_and_missed().1, ["c"]);
    }
}
