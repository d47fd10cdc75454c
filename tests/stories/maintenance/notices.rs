//! The notice to each household, with a link of its own.

use mobile_api::maintenance::{
    AnnounceResumption, ReadNotice, RescheduleShutdown, RestoreShutdown, StartShutdown, WithdrawShutdown,
};
use reqwest::{StatusCode, header, redirect};

use super::*;

/// A browser that nobody is signed in with; it goes nowhere by itself.
struct Browser(reqwest::Client);

impl Browser {
    fn new() -> Self {
        Self(reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap())
    }

    async fn open(&self, address: &str) -> (StatusCode, String) {
        let answer = self.0.get(address).header("accept-language", "en").send().await.unwrap();
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("form-action 'self'") && !policy.contains("script"), "{policy}");
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        (answer.status(), answer.text().await.unwrap())
    }

    async fn press(&self, address: &str, edition: u32) -> StatusCode {
        let request = self.0.post(address).header("accept-language", "en");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(format!("edition={edition}")).send().await.unwrap().status()
    }
}

/// What the page says: its text, without what is markup and style.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let pieces = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
    pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The notice to the flat and its address.
async fn link(house: &House, shutdown: ShutdownId) -> (String, String) {
    let notices = house.li().await.get(&format!("/v1/shutdown-notices?shutdown={shutdown}")).await.body;
    let notice = notices["items"][0]["record"]["id"].as_str().unwrap().to_owned();
    let told = house.li().await.get(&format!("/v1/shutdown-notices/{notice}/link")).await.body;
    (notice, told["address"].as_str().unwrap().to_owned())
}

stories! {
    async fn those_affected_read_it_on_a_page_of_their_own(house: House) {
        let pump = pump(&house).await;
        let shutdown = drafted(&house, pump, soon(&house)).await;
        ready(&house, shutdown).await;
        let (notice, address) = link(&house, shutdown).await;
        let browser = Browser::new();
        let (status, page) = browser.open(&address).await;
        assert_eq!(status, StatusCode::OK);
        reads!(text(&page), @r"
        Bright Home Services
        Notice
        7-1203
        Please prepare
        What is named below will not be available during this time.
        Not available
        water
        From
        2026-03-04 08:00:00 (UTC+08:00)
        Until
        2026-03-04 09:00:00 (UTC+08:00)
        Work on
        Pump 1, Plant room
        About it
        The riser is mended. Please fill a kettle before.
        Edition
        1
        I have read it
        ");
        let read = async |read: bool| {
            let page = house.li().await.get(&format!("/v1/shutdown-notices?shutdown={shutdown}&read={read}")).await.body;
            page["items"].as_array().unwrap().len()
        };
        assert_eq!((read(true).await, read(false).await), (0, 1));
        let (a, b, c) = tokio::join!(browser.press(&address, 1), browser.press(&address, 1), browser.press(&address, 1));
        assert!([a, b, c].iter().all(|status| *status == StatusCode::SEE_OTHER));
        let held = house.li().await.get(&format!("/v1/shutdown-notices/{notice}")).await.body;
        assert_eq!(held["read"].as_array().unwrap().len(), 1, "once");
        assert_eq!((read(true).await, read(false).await), (1, 0));
        let (_, page) = browser.open(&address).await;
        assert!(page.contains("You have read this") && !page.contains("<form"), "{page}");

        // Another time: the same address says so, and what it was instead.
        let from = soon(&house).from + TimeDelta::days(1);
        let window = Window { from, until: from + TimeDelta::hours(1) };
        house.li().await.perform(shutdown, RescheduleShutdown { window, reason: "The part comes <later>".into() }).await.applied();
        let (_, page) = browser.open(&address).await;
        for said in ["The time has changed", "2026-03-05 08:00:00", "2026-03-04 08:00:00 (UTC+08:00) to", "&#60;later&#62;", "I have read it"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert_eq!(read(false).await, 1, "the new edition nobody has read");
        assert_eq!(browser.press(&address, 9).await, StatusCode::SEE_OTHER, "an edition that there is not");
        assert_eq!(read(false).await, 1);
        let chinese = browser.open(&format!("{address}?lang=zh-CN")).await.1;
        assert!(chinese.contains("时间有变更") && chinese.contains("供水") && chinese.contains("lang=\"zh-CN\""), "{chinese}");

        house.clock.advance(TimeDelta::days(3));
        house.li().await.perform(shutdown, StartShutdown::default()).await.applied();
        assert!(browser.open(&address).await.1.contains("It has begun"));
        house.li().await.perform(shutdown, RestoreShutdown { note: None }).await.applied();
        house.li().await.perform(shutdown, AnnounceResumption { text: "Let the taps run".into() }).await.applied();
        let (_, page) = browser.open(&address).await;
        assert!(page.contains("Everything runs again") && page.contains("Let the taps run"), "{page}");
    }

    async fn a_withdrawn_shutdown_says_so_and_a_wrong_link_leads_nowhere(house: House) {
        let pump = pump(&house).await;
        let shutdown = drafted(&house, pump, soon(&house)).await;
        announced(&house, shutdown).await;
        let (notice, address) = link(&house, shutdown).await;
        house.li().await.perform(shutdown, WithdrawShutdown { reason: "Mended otherwise".into() }).await.applied();
        let browser = Browser::new();
        let (_, page) = browser.open(&address).await;
        assert!(page.contains("It will not take place") && !page.contains("Mended otherwise"), "{page}");
        for wrong in ["7Q4M-XK2P-0R9T", "%3Cscript%3E", "x"] {
            let (status, page) = browser.open(&format!("{}/n/{wrong}", house.url())).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
            assert!(page.contains("This link leads nowhere") && !page.contains("<script"), "{page}");
        }
        // A quote's code is no notice's.
        let wang = house.office("wang").await;
        assert_eq!(wang.get(&format!("/v1/shutdown-notices/{notice}/link")).await.problem(404), "not_found");
        let id: uuid::Uuid = notice.parse().unwrap();
        assert_eq!(house.li().await.perform(id, ReadNotice { edition: 1 }).await.problem(403), "forbidden", "for those affected alone");
    }
}
