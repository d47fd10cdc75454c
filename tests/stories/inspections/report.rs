//! The report of an inspection, to print: what it says, in whose language, and whose eyes it is for.

use mobile_api::{
    inspection::{AddInspectionPhoto, Presence, RoundPoint, RoundSave, SignInspection, SignerRole, VisitPoint},
    phone::Draft,
    photo::{Blob, NewPhoto, PhotoRole},
    signing::digest,
};

use super::*;
use crate::{
    certificate::{file, tamper, text_of},
    photos::kit::{arrive, picture, work},
    repair::strokes,
};

fn address(id: InspectionId) -> String {
    format!("/v1/inspections/{id}/report")
}

/// An acceptance of the flat: a leak with its photo, and Mrs Chen's signature under everything. Answers the signature's operation.
async fn accepted(house: &House) -> (InspectionId, Uuid) {
    let mut acceptance = empty_flat(house);
    acceptance.name = Label::new("竣工验收", "Final acceptance");
    acceptance.form.sections[0].items[0].text = Label::new("无漏水", "No leaks");
    acceptance.form.sections[0].items.push(item("customer", "Customer", Ask::Signature { role: SignerRole::Customer }));
    let form = published(house, acceptance).await;
    let wang = house.phone_of("wang").await;
    let id = fresh(&wang);
    wang.did(id, begin_new(house, form));
    for answer in [fail("leaks", "Drips under the sink 水槽下滴水"), pass("windows"), number("meter", 1_204_500)] {
        wang.did(id, answer);
    }
    let bytes = picture("exif-orientation/Landscape_6.jpg");
    let caption = Some("The trap 存水弯".into());
    let photo = NewPhoto { role: PhotoRole::Before, caption, blob: Blob::of(&bytes, "image/jpeg") };
    let leak = AddInspectionPhoto { point: None, item: Some("leaks".into()), photo };
    wang.phone.record_photo(Draft::new(id, leak).unwrap(), &bytes).unwrap();
    let content = wang.get::<Inspection>(id).unwrap().unwrap().report_to_sign("Mrs Chen 陈女士", SignerRole::Customer);
    let opinion = Some("Mend the leak, the rest is fine".into());
    let sign =
        SignInspection { digest: digest(&content).unwrap(), content, opinion, authority: None, strokes: strokes() };
    let op = wang.did(id, sign);
    wang.did(id, done());
    wang.sync().await;
    arrive(house, &bytes).await;
    work(house).await;
    (id, op)
}

stories! {
    async fn an_acceptance_is_printed_in_both_languages(house: House) {
        let (id, _) = accepted(&house).await;
        let li = house.li().await;
        let order = orders(&li).await.remove(0).number.unwrap();
        let words = [
            ("en", ["Finalacceptance", "Notpassed", "Notinorder", "Workorder"]),
            ("zh-CN", ["竣工验收", "不合格", "不合格项及处理", "工单"]),
        ];
        for (language, words) in words {
            let pdf = file(&li, &address(id), "*/*", language).await;
            assert_eq!((pdf.status.as_u16(), pdf.header("content-type")), (200, "application/pdf"));
            assert_eq!(pdf.header("content-language"), language);
            let text = text_of(&pdf.bytes);
            let said = ["水槽下滴水", "1204.5m³", "Thetrap存水弯", "陈女士", "Mendtheleak,therestisfine", &order];
            for word in words.into_iter().chain(said) {
                assert!(text.contains(word), "{word} is missing in {text}");
            }
            assert!(pdf.bytes.windows(11).any(|bytes| bytes == b"/DCTDecode "  || bytes.starts_with(b"/DCTDecode")), "the photo");
            assert!(file(&li, &address(id), "*/*", language).await.bytes == pdf.bytes, "the same report, byte for byte");
        }
    }

    /// Who sees the inspection may print it; to others it is not there.
    async fn it_is_for_whom_the_inspection_is(house: House) {
        let (id, _) = accepted(&house).await;
        for (who, status) in [("wang", 200), ("zhao", 404), ("admin", 200)] {
            let answer = file(&house.office(who).await, &address(id), "*/*", "en").await;
            assert_eq!(answer.status.as_u16(), status, "{who}");
        }
        let unknown = address(InspectionId::new(house.clock.new_id()));
        assert_eq!(house.li().await.get(&unknown).await.problem(404), "not_found");
    }

    /// Somebody changed the journal: the report says so where the name was.
    async fn a_signature_that_was_tampered_with_is_not_drawn(house: House) {
        let (id, op) = accepted(&house).await;
        let untrue = "Whatisstoredisnotwhatwassigned";
        let before = text_of(&file(&house.li().await, &address(id), "*/*", "en").await.bytes);
        assert!(!before.contains(untrue), "{before}");
        tamper(&house, "UPDATE journal SET body = ? WHERE op_id = ?", op, "{}".into()).await;
        let after = text_of(&file(&house.li().await, &address(id), "*/*", "en").await.bytes);
        assert!(after.contains(untrue), "{after}");
    }

    /// The second turn of a round that is still under way: which points were visited, what proves it, and what was said the last time.
    async fn a_round_under_way_says_what_is_missing(house: House) {
        let form = published(&house, empty_flat(&house)).await;
        let point = |key: &str| RoundPoint {
            key: key.into(),
            name: format!("Point {key}"),
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
            points: ["a", "b"].map(point).to_vec(),
            assignee: of(house.firm.wang),
            repeats: None,
        };
        let round_id = house.clock.new_id();
        house.li().await.perform(round_id, round).await.applied();
        let wang = house.phone_of("wang").await;
        let turn = || StartInspection { round: Some(round_id.into()), template: Some(form), ..StartInspection::default() };
        let at = |item| AnswerItem { point: Some("a".into()), ..item };
        let first = fresh(&wang);
        wang.did(first, turn());
        wang.did(first, at(fail("leaks", "Drips")));
        wang.did(first, done());
        wang.sync().await;
        let second = fresh(&wang);
        wang.did(second, turn());
        wang.did(second, VisitPoint { point: "a".into(), presence: Presence::Qr { code: "TAG-a".into() } });
        wang.did(second, at(pass("leaks")));
        wang.sync().await;
        let text = text_of(&file(&house.li().await, &address(second), "*/*", "en").await.bytes);
        let said = ["Emptyflats", "Notfinishedyet", "Pointa", "provedbyitstag", "Before:Notinorder", "Pointb", "Notvisited", "Noanswer"];
        for word in said {
            assert!(text.contains(word), "{word} is missing in {text}");
        }
    }
}
