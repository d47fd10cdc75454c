//! A part of a text is found, Chinese or Latin, whatever signs are in it; fast among very many.

use std::time::Instant;

use diesel::{ExpressionMethods, RunQueryDsl};
use doorstep::{
    backfill::{self, Target},
    complaint::list::{self, ComplaintFilter},
    db::{
        Conn, DbError, both,
        schema::{records, search_texts},
        types::Uid,
    },
    operations::DoorError,
    paging::Ask,
    search,
};
use mobile_api::{
    Actor,
    complaint::EditComplaint,
    record::{Kind, Record},
    work_order::{dispatch::Cancel, request::Request},
};

use super::*;

/// What the office finds.
async fn finds(office: &Office, list: &str, text: &str) -> Vec<Uuid> {
    let url = reqwest::Url::parse_with_params(&format!("http://x/v1/{list}"), [("text", text)]).unwrap();
    let page = office.get(&format!("{}?{}", url.path(), url.query().unwrap())).await;
    let items = page.body["items"].as_array().unwrap_or_else(|| panic!("{text:?}: {}", page.body));
    items.iter().map(|item| item["record"]["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// The orders that the office finds, page after page.
async fn finds_by_pages(office: &Office, text: &str, limit: usize, beside: &str) -> Vec<Uuid> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let url = reqwest::Url::parse_with_params("http://x/v1/work-orders", [("text", text)]).unwrap();
        let page = office.get(&format!("{}?{}&limit={limit}{beside}{cursor}", url.path(), url.query().unwrap())).await;
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        found.extend(items.iter().map(|item| item["record"]["id"].as_str().unwrap().parse::<Uuid>().unwrap()));
        match page.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

stories! {
    async fn a_part_of_what_was_said_is_found(house: House) {
        let li = house.li().await;
        let tap = received(&house, says(&house, "厨房的水龙头又漏水了")).await;
        let lift = received(&house, says(&house, "The Lift in building B12 stood STILL")).await;
        let both = received(&house, says(&house, "Ｂ１２栋的电梯 stops, 水 everywhere 100%_sure")).await;
        for (text, found) in [
            ("水龙头", vec![tap]),
            ("漏", vec![tap]),
            ("水", vec![both, tap]),
            ("龙头又", vec![tap]),
            ("lift", vec![lift]),
            ("ift in bui", vec![lift]),
            ("b12", vec![both, lift]),
            ("B12栋", vec![both]),
            ("STILL", vec![lift]),
            ("l", vec![lift]),
            ("电梯 stops", vec![both]),
            ("100%_s", vec![both]),
            ("100x", vec![]),
            ("龙水", vec![]),
            ("lift tap", vec![]),
            ("C2026-000002", vec![lift]),
        ] {
            let found: Vec<Uuid> = found.into_iter().map(Id::uuid).collect();
            let mut there = finds(&li, "complaints", text).await;
            // All were written down in one instant.
            there.sort_by(|a, b| b.cmp(a));
            let mut wanted = found;
            wanted.sort_by(|a, b| b.cmp(a));
            assert_eq!(there, wanted, "{text:?}");
        }
        let text = Some("The boiler".to_owned());
        li.perform(tap, EditComplaint { text, ..EditComplaint::default() }).await.applied();
        assert_eq!(finds(&li, "complaints", "水龙头").await, Vec::<Uuid>::new(), "what was corrected is not found any more");
        assert_eq!(finds(&li, "complaints", "boiler").await, [tap.uuid()]);
        let wang = house.office("wang").await;
        assert!(finds(&wang, "complaints", "lift").await.is_empty(), "it is none of his");
    }

    async fn orders_are_found_by_what_is_wrong(house: House) {
        let li = house.li().await;
        let order = house.request(house.firm.plumbing).await;
        let other = Request { fault: "马桶堵了".into(), ..house.request_for(house.firm.plumbing) };
        let toilet = house.clock.new_id();
        li.perform(toilet, other).await.applied();
        assert_eq!(finds(&li, "work-orders", "马桶").await, [toilet]);
        assert_eq!(finds(&li, "work-orders", "DRIPS").await, [order.uuid()]);
        assert_eq!(finds(&li, "work-orders", "kitchen").await.len(), 2);
        assert!(finds(&li, "complaints", "马桶").await.is_empty());
    }

    /// A year's orders are found newest first, however far apart they are and wherever a page ends; and all of them.
    async fn a_year_is_found_page_by_page(house: House) {
        let mut wrong: Vec<(Uuid, String)> = Vec::new();
        for days in [0, 1, 2, 5, 30, 70, 130, 1] {
            house.clock.advance(chrono::TimeDelta::days(days));
            let li = house.li().await;
            for (n, fault) in ["漏水（1-0101）", "boiler 11-0101 leaks", "锁坏了 1-0102"].into_iter().enumerate() {
                house.clock.advance(chrono::TimeDelta::minutes(1));
                let (order, fault) = (house.clock.new_id(), format!("{fault} after {days} days"));
                let request = Request { fault: fault.clone(), ..house.request_for(house.firm.plumbing) };
                li.perform(order, request).await.applied();
                if n == 0 {
                    li.perform(order, Cancel { reason: "Dry again".into() }).await.applied();
                }
                wrong.insert(0, (order, fault));
            }
        }
        let li = house.li().await;
        for text in ["漏水", "漏", "1-0101", "（1-0101）", "0101 leaks", "1-010", "leaks after 30", "days", "1", "nowhere", "days 1"] {
            let wide = text.replace('（', "(").replace('）', ")");
            let expected = |called_off: bool| -> Vec<Uuid> {
                let fits = |fault: &str| fault.replace('（', "(").replace('）', ")").contains(&wide);
                // The place holds a 1 as well.
                let of = wrong.iter().filter(|(_, fault)| text == "1" || fits(fault));
                of.filter(|(_, fault)| !called_off || fault.starts_with('漏')).map(|(order, _)| *order).collect()
            };
            for limit in [1, 2, 5, 100] {
                assert_eq!(finds_by_pages(&li, text, limit, "").await, expected(false), "{text:?} by {limit}");
                assert_eq!(finds_by_pages(&li, text, limit, "&status=cancelled").await, expected(true), "{text:?} by {limit}");
            }
        }
    }

    /// Orders and complaints of before the search, or of before texts were cut as now, are entered by the server while it does all the rest,
    /// as they are by then. It begins again when an administrator wants it, and meanwhile everything is found.
    async fn what_was_there_before_is_entered_by_the_server(house: House) {
        let order = house.request(house.firm.plumbing).await;
        let complaint = received(&house, says(&house, "水龙头漏水")).await;
        let org = house.firm.org;
        let forget = move |conn: &mut Conn| -> Result<(), DbError> {
            both!(&mut *conn, c => diesel::delete(search_texts::table).execute(c))?;
            both!(&mut *conn, c => diesel::sql_query("DELETE FROM search_grams").execute(c))?;
            backfill::begin_again(conn, org, Target::Search).map(drop)
        };
        house.db.write(forget).await.unwrap();
        let li = house.li().await;
        assert!(finds(&li, "complaints", "水龙头").await.is_empty());
        li.perform(complaint, EditComplaint { text: Some("厨房水龙头".into()), ..EditComplaint::default() }).await.applied();
        for _ in 0..2 {
            assert!(house.state().timers().backfill().await.unwrap(), "all is entered");
            assert_eq!(finds(&li, "complaints", "厨房水龙头").await.len(), 1);
            assert_eq!(finds(&li, "work-orders", "drips").await, [order.uuid()]);
        }
        house.db.write(move |conn: &mut Conn| backfill::begin_again(conn, org, Target::Search)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(finds(&li, "complaints", "水龙头").await.len(), 1);
            assert_eq!(finds(&li, "work-orders", "drips").await, [order.uuid()]);
            let (one, other) = (house.state().timers(), house.state().timers());
            let (one, other) = tokio::join!(one.backfill(), other.backfill());
            assert!(one.unwrap() && other.unwrap(), "two servers share the work");
        }
    }

    /// Every string of the list is answered, with what it finds or with the reason why it cannot be sought.
    async fn naughty_strings_are_no_trouble(house: House) {
        received(&house, says(&house, "The tap drips 水龙头")).await;
        let list = std::fs::read(crate::bad_input::conformance("naughty-strings/blns.json")).unwrap();
        let mut strings: Vec<String> = serde_json::from_slice(&list).unwrap();
        strings.extend(["\0", "'", "\"", "*", "a*", "NEAR(", "AND", "OR NOT", "'a' & 'b':*", "%", "_", "\\", "(", "a\0b", "-a", "^tap"].map(Into::into));
        strings.push("漏".repeat(5000));
        let mut refused = 0;
        let li = house.li().await;
        for text in &strings {
            let url = reqwest::Url::parse_with_params("http://x/v1/complaints", [("text", text)]).unwrap();
            let answer = li.get(&format!("{}?{}", url.path(), url.query().unwrap())).await;
            match answer.status.as_u16() {
                200 => {}
                400 => {
                    refused += 1;
                    assert_eq!(answer.problem(400), "invalid_query", "{text:?}");
                }
                other => panic!("{text:?}: {other} {}", answer.body),
            }
        }
        assert!(refused > 10 && refused < strings.len() / 2, "{refused} of {}", strings.len());
    }

    /// Measured, and printed: how long a search takes among so many texts as DOORSTEP_SEARCH_TEXTS says, 3,100 if it says nothing: more than
    /// are asked of the index.
    async fn a_search_among_many_is_soon_answered(house: House) {
        let many: u128 = std::env::var("DOORSTEP_SEARCH_TEXTS").ok().and_then(|many| many.parse().ok()).unwrap_or(3_100);
        let template = complaint(&house, received(&house, says(&house, "x")).await).await;
        let org = house.firm.org;
        for chunk in (0..many).collect::<Vec<_>>().chunks(500) {
            let (chunk, template) = (chunk.to_vec(), template.clone());
            let enter = move |conn: &mut Conn| -> Result<(), DoorError> {
                for number in &chunk {
                    enter_one(conn, org, &template, *number)?;
                }
                Ok(())
            };
            house.db.write(enter).await.unwrap();
        }
        let actor = Actor::system(org);
        let now = house.clock.now();
        for text in ["漏", "水龙头", "楼栋 7", "1203", "water", "wat", "e", "Complaint 10", "nowhere", "没有这样的词"] {
            let filter = ComplaintFilter { text: search::Sought::read(text), ..ComplaintFilter::default() };
            let (actor, filter) = (actor.clone(), filter);
            let ask = move |conn: &mut Conn| {
                let began = Instant::now();
                let ask = Ask { after: None, limit: 100 };
                list::list(conn, &actor, &filter, &ask, now).map(|rows| (rows.len(), began.elapsed()))
            };
            let (found, took) = house.db.read(ask).await.unwrap();
            println!("{text}: {found} of {many} in {:.1} ms", took.as_secs_f64() * 1000.0);
            assert!(took < std::time::Duration::from_secs(2), "{text}: {took:?}");
            assert_eq!(found == 0, ["nowhere", "没有这样的词"].contains(&text), "{text}");
        }
    }
}

/// One more complaint with a text like real ones, written as the door writes it.
fn enter_one(conn: &mut Conn, org: Uuid, template: &Complaint, number: u128) -> Result<(), DoorError> {
    let wrong = [
        "水龙头漏水",
        "电梯停运",
        "楼道照明不亮",
        "暖气不热",
        "The water is cold",
        "Noise at night",
        "门锁坏了",
        "Damp in the corner",
    ];
    let nouns = ["kitchen", "bathroom", "lift lobby", "garage", "roof", "地下室", "阳台", "走廊", "配电间"];
    let at = |list: &[&str], step: u128| list[usize::try_from(number / step % list.len() as u128).unwrap()].to_owned();
    let text = format!(
        "楼栋 {} 房 {}: {}，{}。 Complaint {number:x}",
        number % 97,
        100 + number % 2900,
        at(&wrong, 1),
        at(&nouns, 8)
    );
    let complaint =
        Complaint { id: Id::new(Uuid::from_u128(0x0194 << 112 | number)), text, number: None, ..template.clone() };
    doorstep::complaint::store::project(conn, org, None, &complaint, template.recorded.latest)?;
    let record = Record::from(complaint);
    let row = diesel::insert_into(records::table).values((
        records::org_id.eq(Uid(org)),
        records::kind.eq(Kind::Complaint.as_str()),
        records::id.eq(Uid(record.address().id)),
        records::rev.eq(1),
        records::deleted.eq(false),
        records::body.eq(record.to_json().unwrap()),
        records::reach.eq("[]"),
    ));
    both!(conn, c => row.execute(c)).map_err(DbError::from)?;
    search::store::enter(conn, org, None, &record)?;
    Ok(())
}
