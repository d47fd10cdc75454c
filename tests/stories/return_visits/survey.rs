//! The survey by link: Mrs Chen answers in her own time, once, and what contradicts the call is seen.

use mobile_api::{
    directory::OrganisationSave,
    return_visit::{AnswerSurvey, ReturnVisitRules, SendSurvey, SetReturnVisitRules, VisitStatus},
};
use reqwest::{StatusCode, Url, header, redirect};

use super::*;

/// A browser that nobody is signed in with; it goes nowhere by itself.
struct Browser(reqwest::Client);

impl Browser {
    fn new() -> Self {
        Self(reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap())
    }

    async fn open(&self, address: &str, language: &str) -> (StatusCode, String) {
        let answer = self.0.get(address).header("accept-language", language).send().await.unwrap();
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("form-action 'self'") && !policy.contains("script"), "{policy}");
        assert_eq!(answer.headers()[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        (answer.status(), answer.text().await.unwrap())
    }

    async fn send(&self, address: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let typed = Url::parse_with_params("http://form", form).unwrap();
        let request = self.0.post(address).header("accept-language", "en");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(typed.query().unwrap_or_default().to_owned()).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

/// What the page says: its text, without what is markup and style.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let pieces = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
    pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

async fn link(house: &House, visit: ReturnVisitId) -> String {
    let told = house.li().await.get(&format!("/v1/return-visits/{visit}/survey-link")).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    told.body["address"].as_str().unwrap().to_owned()
}

/// Mrs Chen's check-up, its return visit, and the link to the survey.
async fn asked(house: &House) -> (WorkOrderId, ReturnVisitId, String) {
    let (order, visit) = check_up(house).await;
    (order, visit, link(house, visit).await)
}

async fn answered(house: &House, visit: ReturnVisitId) -> Option<Satisfaction> {
    visit_of(house, visit).await.survey.unwrap().answer.map(|answer| answer.satisfaction)
}

async fn times_answered(house: &House, visit: ReturnVisitId) -> usize {
    let history = house.li().await.get(&format!("/v1/return-visits/{visit}/history")).await.body;
    let items = history["items"].as_array().unwrap();
    items.iter().filter(|item| item["operation"]["type"] == "return_visit.answer_survey").count()
}

stories! {
    /// In her language, without an account, and once: pressed again, it says thanks.
    async fn she_answers_in_her_own_time_and_it_counts_once(house: House) {
        let (order, visit, address) = asked(&house).await;
        let browser = Browser::new();
        let (status, page) = browser.open(&address, "en").await;
        let number = held(&house, order).await.number.unwrap();
        assert_eq!(status, StatusCode::OK);
        insta::allow_duplicates! { insta::assert_snapshot!("survey_page", text(&page).replace(&number, "[number]")) };
        let (_, page) = browser.open(&address, "zh-CN").await;
        insta::allow_duplicates! { insta::assert_snapshot!("survey_page_in_chinese", text(&page).replace(&number, "[number]")) };
        let form = [("satisfaction", "satisfied"), ("score-quality", "5"), ("score-price", ""), ("words", " <b>Good</b> ")];
        assert_eq!(browser.send(&address, &form).await.0, StatusCode::SEE_OTHER);
        let said = visit_of(&house, visit).await.survey.unwrap().answer.unwrap();
        assert_eq!((said.words.as_deref(), said.scores.len()), (Some("<b>Good</b>"), 1));
        let again = [("satisfaction", "dissatisfied")];
        assert_eq!(browser.send(&address, &again).await.0, StatusCode::SEE_OTHER);
        assert_eq!(answered(&house, visit).await, Some(Satisfaction::Satisfied));
        let (_, page) = browser.open(&address, "en").await;
        assert!(page.contains("Thank you") && !page.contains("<form"), "{page}");
        assert_eq!(times_answered(&house, visit).await, 1);
    }

    /// Two people of the household, two presses each, at the same instant.
    async fn pressed_four_times_at_once_it_counts_once(house: House) {
        let (_, visit, address) = asked(&house).await;
        let browser = Browser::new();
        let (good, bad) = ([("satisfaction", "satisfied")], [("satisfaction", "dissatisfied")]);
        let send = |form| browser.send(&address, form);
        let (a, b, c, d) = tokio::join!(send(&good), send(&good), send(&bad), send(&bad));
        assert!([a, b, c, d].iter().all(|(status, _)| *status == StatusCode::SEE_OTHER));
        assert_eq!(times_answered(&house, visit).await, 1);
    }

    /// Whatever a browser sends that is no answer, she is shown the page again with what is wrong; nothing is stored.
    async fn answers_of_the_wrong_type_are_told_clearly(house: House) {
        let (_, visit, address) = asked(&house).await;
        let browser = Browser::new();
        let long = "x".repeat(2001);
        let wrong: [(&[(&str, &str)], &str); 7] = [
            (&[], "Please choose one of the first three answers."),
            (&[("score-quality", "5")], "Please choose one of the first three answers."),
            (&[("satisfaction", "5")], "These answers cannot be read."),
            (&[("satisfaction", "fair"), ("score-quality", "6")], "These answers cannot be read."),
            (&[("satisfaction", "fair"), ("score-quality", "good")], "These answers cannot be read."),
            (&[("satisfaction", "fair"), ("score-quality", "-1")], "These answers cannot be read."),
            (&[("satisfaction", "fair"), ("words", &long)], "Please write at most 2,000 characters."),
        ];
        for (form, told) in wrong {
            let (status, page) = browser.send(&address, form).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{form:?}");
            assert!(page.contains(told) && page.contains("<form"), "{form:?}: {page}");
        }
        assert_eq!(answered(&house, visit).await, None);
        // What nobody asked is passed over.
        let more = [("satisfaction", "fair"), ("score-taste", "9"), ("admin", "true")];
        assert_eq!(browser.send(&address, &more).await.0, StatusCode::SEE_OTHER);
        assert_eq!(answered(&house, visit).await, Some(Satisfaction::Fair));
        let json = Browser::new().0.post(&address).json(&json!({ "satisfaction": "fair" })).send().await.unwrap();
        assert_eq!(json.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    /// A guess is told nothing, and the same whatever was guessed.
    async fn a_guessed_code_leads_nowhere(house: House) {
        let (_, visit, address) = asked(&house).await;
        let (base, code) = address.rsplit_once('/').unwrap();
        let browser = Browser::new();
        let last = if code.ends_with('0') { '1' } else { '0' };
        let near = format!("{}{last}", &code[..code.len() - 1]);
        let mut pages = Vec::new();
        for guess in [near.as_str(), "0000-0000-0000", "x", &visit.to_string(), "%00", "..%2f..%2fetc"] {
            let (status, page) = browser.open(&format!("{base}/{guess}"), "en").await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{guess}");
            assert!(page.contains("This link leads nowhere"), "{guess}");
            pages.push(page);
            assert_eq!(browser.send(&format!("{base}/{guess}"), &[("satisfaction", "fair")]).await.0, StatusCode::NOT_FOUND);
        }
        assert!(pages.iter().all(|page| *page == pages[0]));
        assert_eq!(answered(&house, visit).await, None);
        // The code of a survey opens no quote.
        let quote = address.replace("/s/", "/q/");
        assert_eq!(browser.open(&quote, "en").await.0, StatusCode::NOT_FOUND);
    }

    /// After two weeks it is over; the desk may send it again.
    async fn it_ends_after_two_weeks_and_can_be_sent_again(house: House) {
        let (_, visit, address) = asked(&house).await;
        later(&house, 24 * 14 + 1).await;
        let browser = Browser::new();
        let (_, page) = browser.open(&address, "en").await;
        assert!(page.contains("This survey has ended") && !page.contains("<form"), "{page}");
        assert_eq!(browser.send(&address, &[("satisfaction", "fair")]).await.0, StatusCode::SEE_OTHER);
        assert_eq!(answered(&house, visit).await, None);
        let li = house.li().await;
        li.perform(visit, SendSurvey { to: "138 0013 8000".into() }).await.applied();
        assert_eq!(link(&house, visit).await, address);
        assert_eq!(browser.send(&address, &[("satisfaction", "fair")]).await.0, StatusCode::SEE_OTHER);
        assert_eq!(answered(&house, visit).await, Some(Satisfaction::Fair));
        let again = li.perform(visit, SendSurvey { to: "138 0013 8000".into() }).await;
        assert_eq!(again.problem(409), "survey_over");
    }

    /// Only where the firm wants it is there a survey without the desk's doing.
    async fn the_desk_sends_it_where_the_firm_wants_that(house: House) {
        let rules = ReturnVisitRules { survey_with_order: false, ..ReturnVisitRules::default() };
        house.office("admin").await.perform(house.firm.org, SetReturnVisitRules { rules }).await.applied();
        let (_, visit) = check_up(&house).await;
        let li = house.li().await;
        let path = format!("/v1/return-visits/{visit}/survey-link");
        assert_eq!(li.get(&path).await.problem(404), "not_found");
        li.perform(visit, SendSurvey { to: "chen@example.com".into() }).await.applied();
        let told = li.get(&path).await.body;
        assert_eq!((told["sent"][0]["to"].as_str(), told["answered"].as_bool()), (Some("chen@example.com"), Some(false)));
        assert_eq!(Browser::new().open(told["address"].as_str().unwrap(), "en").await.0, StatusCode::OK);
    }

    /// On the telephone she was polite; on the page she was not.
    async fn a_survey_that_contradicts_the_call_stands_out(house: House) {
        let (_, visit, address) = asked(&house).await;
        let li = house.li().await;
        li.perform(visit, satisfied()).await.applied();
        assert_eq!(listed(&li, "disagrees=true").await, nothing());
        assert!(!asked_about(&li, "survey_disagrees").await);
        Browser::new().send(&address, &[("satisfaction", "dissatisfied"), ("words", "Still drips")]).await;
        assert_eq!(listed(&li, "disagrees=true").await, only(visit));
        assert!(asked_about(&li, "survey_disagrees").await);
        // The other way round it is the caller's operation that is flagged.
        let (_, visit, address) = asked(&house).await;
        Browser::new().send(&address, &[("satisfaction", "dissatisfied")]).await;
        assert_eq!(told(&li.perform(visit, satisfied()).await.body), "applied_flagged survey_disagrees");
    }

    /// Whoever was not to be called and writes that it is bad is called after all.
    async fn a_bad_survey_brings_a_call(house: House) {
        let save = mobile_api::directory::CustomerSave {
            member: false, site: house.firm.site, unit: None, ..Payload::example()
        };
        house.system(&house.firm, house.firm.customer, save).await;
        let rules = ReturnVisitRules { share_percent: 0, ..ReturnVisitRules::default() };
        house.office("admin").await.perform(house.firm.org, SetReturnVisitRules { rules }).await.applied();
        let (_, visit, address) = asked(&house).await;
        assert_eq!(visit_of(&house, visit).await.status(), VisitStatus::NotChosen);
        Browser::new().send(&address, &[("satisfaction", "dissatisfied")]).await;
        let li = house.li().await;
        assert_eq!(listed(&li, "due=ever").await, only(visit));
    }

    /// Nobody but the server answers in a customer's name, and the page shows the firm's name as text.
    async fn nobody_answers_for_her(house: House) {
        let (_, visit, address) = asked(&house).await;
        for login in ["li", "admin", "wang"] {
            let refused = house.office(login).await.perform(visit, AnswerSurvey::example()).await;
            assert_eq!(refused.problem(403), "forbidden", "{login}");
        }
        let named = OrganisationSave { name: "<script>alert(1)</script>".into(), ..OrganisationSave::example() };
        house.system(&house.firm, house.firm.org, named).await;
        let (_, page) = Browser::new().open(&address, "en").await;
        assert!(!page.contains("<script>"), "{page}");
    }
}
