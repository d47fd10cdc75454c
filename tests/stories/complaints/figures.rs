//! The month's complaints as figures: counted by written definitions, with the complaints behind each number.

use mobile_api::complaint::{MergeComplaint, RespondToComplaint};
use serde_json::json;

use super::*;

fn responded() -> RespondToComplaint {
    RespondToComplaint { text: "Called her".into() }
}

async fn figure(office: &Office, query: &str, name: &str) -> Value {
    let answer = office.get(&format!("/v1/figures?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let figures = answer.body["figures"].as_array().unwrap().clone();
    figures.into_iter().find(|figure| figure["figure"] == name).unwrap()
}

/// Each figure of complaints that counts anything: `numerator of denominator, unprovable`.
async fn month(office: &Office) -> String {
    let answer = office.get("/v1/figures?period=2026-03&trend=0").await.body;
    let figures = answer["figures"].as_array().unwrap().iter().filter(|figure| figure["of"] == "complaints");
    let line = |figure: &Value| {
        let number = |name: &str| figure[name].as_u64().unwrap();
        let name = figure["figure"].as_str().unwrap();
        format!("{name:<20} {} of {}, {}", number("numerator"), number("denominator"), number("unprovable"))
    };
    figures.map(line).collect::<Vec<_>>().join("\n")
}

async fn behind(office: &Office, path: &str) -> Vec<Uuid> {
    let page = office.get(&format!("/v1/figures/{path}")).await;
    let items = page.body["items"].as_array().unwrap_or_else(|| panic!("{}", page.body));
    items.iter().map(|item| item["complaint"].as_str().unwrap().parse().unwrap()).collect()
}

/// Settled at once, and summed up.
async fn settled(house: &House, id: ComplaintId) {
    let li = house.li().await;
    li.perform(id, responded()).await.applied();
    li.perform(id, carried_out("A new seal")).await.applied();
    li.perform(id, signed(&complaint(house, id).await)).await.applied();
    li.perform(id, summed_up()).await.applied();
}

stories! {
    /// One is settled the same hour, one is left lying, one is unfounded, one is a duplicate; one goes round again. As hours pass what
    /// nobody did is late, and what was judged stays judged.
    async fn a_month_of_complaints_is_counted(house: House) {
        let good = in_hand(&house, says(&house, "The tap drips")).await;
        settled(&house, good).await;
        let again = in_hand(&house, says(&house, "It drips again")).await;
        let li = house.li().await;
        li.perform(again, carried_out("A new seal")).await.applied();
        li.perform(again, refuses("It still drips")).await.applied();
        let unjust = received(&house, says(&house, "The lift stood still")).await;
        li.perform(unjust, unfounded()).await.applied();
        let lying = received(&house, says(&house, "Noise at night")).await;
        let twice = received(&house, says(&house, "Such a noise at night")).await;
        li.perform(twice, MergeComplaint { into: lying }).await.applied();
        reads!(month(&li).await, @r"
        complaints           4 of 4, 0
        complaint_told       3 of 3, 0
        complaint_responded  2 of 2, 0
        complaint_resolved   1 of 1, 0
        complaint_called     0 of 0, 0
        complaint_founded    2 of 3, 0
        complaint_accepted   1 of 2, 0
        complaint_again      1 of 4, 0
        ");

        house.pass(minutes(61), &[]);
        let li = house.li().await;
        reads!(month(&li).await, @r"
        complaints           4 of 4, 0
        complaint_told       3 of 4, 0
        complaint_responded  2 of 4, 0
        complaint_resolved   1 of 1, 0
        complaint_called     0 of 0, 0
        complaint_founded    2 of 3, 0
        complaint_accepted   1 of 2, 0
        complaint_again      1 of 4, 0
        ");
        assert_eq!(behind(&li, "complaint_told/complaints?period=2026-03&part=numerator").await, [good, again, unjust].map(|id| id.uuid()));
        assert_eq!(behind(&li, "complaint_responded/complaints?period=2026-03&part=numerator").await, [good, again].map(|id| id.uuid()), "who refuses has heard from the firm");
        assert_eq!(behind(&li, "complaint_again/complaints?period=2026-03&part=numerator").await, [again.uuid()]);
        let request = li.client.get(format!("{}/v1/figures/complaint_again/complaints?period=2026-03&part=numerator", li.base));
        let table = li.send(request.header("accept", "text/csv").header("accept-language", "en")).await.body;
        let rows: Vec<&str> = table.as_str().unwrap().lines().skip(1).collect();
        assert!(rows.len() == 1 && rows[0].ends_with(&again.to_string()), "{table}");
        assert_eq!(behind(&li, "complaints/complaints?period=2026-03").await, [good, again, unjust, lying].map(|id| id.uuid()));
        let of_plumbers = format!("complaints/complaints?period=2026-03&team={}", house.firm.plumbers);
        assert_eq!(behind(&li, &of_plumbers).await, [good, again].map(|id| id.uuid()));
        let late = li.get("/v1/figures/complaint_told/complaints?period=2026-03&limit=1").await.body;
        let clock = &late["items"][0]["clocks"][0];
        assert_eq!((&late["items"][0]["counted"], &clock["verdict"]), (&json!(true), &json!("on_time")), "{late}");
        let next = late["next"].as_str().unwrap();
        let rest = format!("complaint_told/complaints?period=2026-03&cursor={next}");
        assert_eq!(behind(&li, &rest).await, [again, unjust, lying].map(|id| id.uuid()));

        house.pass(minutes(4 * 24 * 60), &[]);
        let li = house.li().await;
        reads!(month(&li).await, @r"
        complaints           4 of 4, 0
        complaint_told       3 of 4, 0
        complaint_responded  2 of 4, 0
        complaint_resolved   1 of 4, 0
        complaint_called     0 of 1, 0
        complaint_founded    2 of 3, 0
        complaint_accepted   1 of 2, 0
        complaint_again      1 of 4, 0
        ");
        assert_eq!(figure(&li, "period=2026-04&trend=1", "complaints").await["trend"][0]["numerator"], 4);
    }

    /// By department and by cause, for spreadsheets and for the meeting.
    async fn causes_and_departments_divide_them(house: House) {
        let first = in_hand(&house, says(&house, "The tap drips")).await;
        settled(&house, first).await;
        let second = in_hand(&house, says(&house, "The sink leaks")).await;
        settled(&house, second).await;
        received(&house, says(&house, "Noise")).await;
        let li = house.li().await;
        let groups = async |by: &str| {
            let complaints = figure(&li, &format!("period=2026-03&by={by}"), "complaints").await;
            let groups = complaints["groups"].as_array().cloned().unwrap_or_default();
            let lines = groups.iter().map(|group| format!("{} {}", group["name"].as_str().unwrap(), group["numerator"]));
            lines.collect::<Vec<_>>().join("\n")
        };
        reads!(groups("cause").await, @r"
        Old part 2
        not said 1
        ");
        reads!(groups("team").await, @r"
        Plumbers 2
        not said 1
        ");
        assert_eq!(groups("technician").await, "", "nobody's work");
        let by_cause = "complaint_resolved/complaints?period=2026-03&cause=Old%20part";
        assert_eq!(behind(&li, by_cause).await, [first, second].map(|id| id.uuid()));
        let get = |accept: &'static str| {
            let request = li.client.get(format!("{}/v1/figures?period=2026-03&by=cause&trend=0", li.base));
            li.send(request.header("accept", accept).header("accept-language", "zh-CN"))
        };
        let table = get("text/csv").await.body;
        let lines = table.as_str().unwrap().lines().filter(|line| line.contains("投诉量") || line.contains("响应"));
        reads!(lines.collect::<Vec<_>>().join("\n"), @r"
        2026-03,首次响应,,,分钟,0,0,0,
        2026-03,投诉量,,3,,3,3,0,
        2026-03,投诉量,Old part,2,,2,2,0,
        2026-03,投诉量,未填写,1,,1,1,0,
        2026-03,响应及时率,,100.00,%,2,2,0,
        2026-03,响应及时率,Old part,100.00,%,2,2,0,
        2026-03,响应及时率,未填写,,%,0,0,0,
        ");
        let request = li.client.get(format!("{}/v1/figures?period=2026-03&by=cause", li.base));
        let pdf = request.bearer_auth(&li.token).header("accept", "application/pdf").send().await.unwrap();
        let text = pdf_extract::extract_text_from_mem(&pdf.bytes().await.unwrap()).unwrap();
        assert!(text.contains("Complaints received") && text.contains("Old part"), "{text}");
    }

    /// A response that nobody can date is in neither number; and orders' figures know no complaints.
    async fn what_nobody_can_prove_is_told_apart(house: House) {
        let unproved = in_hand(&house, says(&house, "The tap drips")).await;
        let mut wang = house.phone_of("wang").await;
        wang.sync().await;
        wang.restart();
        house.pass(minutes(40), &[&wang]);
        wang.did(unproved, responded());
        house.pass(minutes(600), &[&wang]);
        wang.restart();
        wang.sync().await;
        let li = house.li().await;
        let responded = figure(&li, "period=2026-03", "complaint_responded").await;
        assert_eq!((&responded["denominator"], &responded["unprovable"]), (&json!(0), &json!(1)));
        let apart = "complaint_responded/complaints?period=2026-03&part=unprovable";
        assert_eq!(behind(&li, apart).await, [unproved.uuid()]);
        for path in ["complaint_told/orders", "on_time/complaints", "luck/complaints"] {
            assert_eq!(li.get(&format!("/v1/figures/{path}")).await.problem(404), "not_found", "{path}");
        }
        assert_eq!(house.office("wang").await.get("/v1/figures/complaints/complaints").await.problem(403), "forbidden");
        let elsewhere = format!("period=2026-03&site={}", house.firm.org);
        assert_eq!(figure(&li, &elsewhere, "complaints").await["numerator"], 0);
    }
}
