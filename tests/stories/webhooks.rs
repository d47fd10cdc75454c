//! Another program is told of what happens: in order, signed, until it has it – and never somebody inside the network.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::header,
    web::{self, Bytes, Data},
};
use chrono::TimeDelta;
use doorstep::{
    config::{Config, Http},
    webhook::courier::Courier,
};
use mobile_api::{
    ids::WebhookId,
    operation::Payload,
    webhook::{ReplayWebhook, RotateWebhookKey, WebhookSave},
    work_order::{dispatch::Cancel, visit::AddNote},
};
use serde_json::{Value, json};

use crate::{
    harness::{House, Office},
    maintenance::{announced, drafted, pump, soon},
};

/// The other program.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    taken: Vec<Taken>,
    /// What it answers next; 204 when there is nothing.
    answers: Vec<u16>,
    /// The ids of events that it was sent and did not take.
    refused: Vec<String>,
}

#[derive(Clone, Debug)]
struct Taken {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Taken {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A running receiver; it stops with this.
struct Running {
    receiver: Receiver,
    url: String,
    handle: ServerHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl Running {
    fn start() -> Self {
        let receiver = Receiver::default();
        let shared = receiver.clone();
        let app = move || App::new().app_data(Data::new(shared.clone())).default_service(web::to(take));
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { receiver, url, handle }
    }

    /// The types of the events that it took, in order.
    fn types(&self) -> Vec<String> {
        self.taken().iter().map(|taken| taken.json()["type"].as_str().unwrap().to_owned()).collect()
    }

    fn taken(&self) -> Vec<Taken> {
        self.receiver.0.lock().unwrap().taken.clone()
    }

    fn answers(&self, answers: &[u16]) {
        self.receiver.0.lock().unwrap().answers = answers.iter().rev().copied().collect();
    }

    fn refused(&self) -> Vec<String> {
        self.receiver.0.lock().unwrap().refused.clone()
    }
}

async fn take(receiver: Data<Receiver>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers: HashMap<&str, &str> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or(""))).collect();
    let of = |name: &str| headers.get(name).copied().unwrap_or_default().to_owned();
    let mut held = receiver.0.lock().unwrap();
    let status = held.answers.pop().unwrap_or(204);
    if status >= 300 {
        held.refused.push(of("webhook-id"));
        let mut answer = HttpResponse::build(status.try_into().unwrap());
        return answer.insert_header((header::LOCATION, "http://169.254.169.254/latest/meta-data")).finish();
    }
    let body = String::from_utf8(body.to_vec()).unwrap();
    let (id, timestamp, signature) = (of("webhook-id"), of("webhook-timestamp"), of("webhook-signature"));
    held.taken.push(Taken { id, timestamp, signature, body });
    HttpResponse::NoContent().finish()
}

/// The house with a receiver in its own network, which its operator has allowed.
async fn listening(house: &mut House, events: &[&str]) -> (Running, WebhookId, Courier) {
    house.kill().await;
    house.start_with(Config { http: Http { webhooks_private: true, ..Http::default() }, ..Config::default() }).await;
    let running = Running::start();
    let id = WebhookId::new(house.clock.new_id());
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    let save = WebhookSave { url: running.url.clone(), events, ..WebhookSave::example() };
    house.office("admin").await.perform(id, save).await.applied();
    let courier = house.state().courier().unwrap();
    (running, id, courier)
}

async fn standing(admin: &Office, id: WebhookId) -> Value {
    admin.get(&format!("/v1/webhooks/{id}/deliveries")).await.body
}

stories! {
    /// The residents' portal hears of each order, in the order in which it happened, and of nothing else.
    async fn what_happens_is_told_in_order(house: House) {
        let mut house = house;
        let (portal, id, courier) = listening(&mut house, &["work_order.*"]).await;
        let (admin, li) = (house.office("admin").await, house.li().await);
        let order = house.request(house.firm.plumbing).await;
        li.perform(order, AddNote { text: "She rang again".into() }).await.applied();
        li.perform(order, Cancel { reason: "It stopped by itself".into() }).await.applied();
        courier.deliver_due().await.unwrap();
        assert_eq!(portal.types(), ["work_order.request", "work_order.note", "work_order.cancel"]);
        let note = portal.taken()[1].json();
        assert_eq!(note["data"]["record"]["id"], json!(order));
        assert_eq!(note["data"]["payload"]["text"], "She rang again");
        assert!(note["data"]["version"].as_u64() < portal.taken()[2].json()["data"]["version"].as_u64());
        courier.deliver_due().await.unwrap();
        assert_eq!(portal.taken().len(), 3, "nothing is told twice");
        let standing = standing(&admin, id).await;
        assert_eq!((&standing["version"], &standing["attempts"]), (&standing["head"], &json!(0)), "{standing}");
    }

    /// The residents' portal hears that the water will be off, fetches whom it is about, and has a page to show to each of them.
    async fn a_shutdown_is_told_to_the_portal(house: House) {
        let mut house = house;
        let (portal, _, courier) = listening(&mut house, &["shutdown.give_notice"]).await;
        let asset = pump(&house).await;
        let shutdown = drafted(&house, asset, soon(&house)).await;
        announced(&house, shutdown).await;
        courier.deliver_due().await.unwrap();
        assert_eq!(portal.types(), ["shutdown.give_notice"]);
        let event = portal.taken()[0].json();
        let about = &event["data"]["record"];
        assert_eq!((&about["kind"], &about["id"]), (&json!("shutdown"), &json!(shutdown)), "{event}");
        let li = house.li().await;
        let notices = li.get(&format!("/v1/shutdown-notices?shutdown={shutdown}")).await.body;
        let households = notices["items"].as_array().unwrap().iter().map(|item| &item["record"]);
        let told: Vec<&Value> = households.filter(|notice| notice["for"]["unit"] == json!(house.firm.unit)).collect();
        assert_eq!(told.len(), 1, "{notices}");
        let link = li.get(&format!("/v1/shutdown-notices/{}/link", told[0]["id"].as_str().unwrap())).await.body;
        let page = reqwest::Url::parse(link["address"].as_str().unwrap()).unwrap();
        let page = li.get(page.path()).await;
        assert_eq!(page.status, 200, "{page:?}");
    }

    /// Whoever has the key knows that it was us; another key signs otherwise.
    async fn what_is_told_is_signed(house: House) {
        let mut house = house;
        let (portal, id, courier) = listening(&mut house, &["work_order.request"]).await;
        let admin = house.office("admin").await;
        let key = async || admin.get(&format!("/v1/webhooks/{id}/key")).await.body;
        let first = key().await;
        assert!(first["key"].as_str().unwrap().starts_with("whsec_"), "{first}");
        house.request(house.firm.plumbing).await;
        courier.deliver_due().await.unwrap();
        assert!(is_signed(&portal.taken()[0], &first["key"]));
        admin.perform(id, RotateWebhookKey {}).await.applied();
        let second = key().await;
        assert_eq!((&second["edition"], second["key"] == first["key"]), (&json!(2), false));
        house.request(house.firm.check_up).await;
        courier.deliver_due().await.unwrap();
        let told = &portal.taken()[1];
        assert!(is_signed(told, &second["key"]) && !is_signed(told, &first["key"]));
        for (login, status) in [("li", 404), ("wang", 404)] {
            let office = if login == "li" { house.li().await } else { house.office(login).await };
            assert_eq!(office.get(&format!("/v1/webhooks/{id}/key")).await.status, status, "{login}");
        }
    }

    /// The receiver answers 500 for a day: nothing overtakes, nothing is lost, and it is asked ever less often.
    async fn a_receiver_that_fails_for_a_day_gets_everything_in_order(house: House) {
        let mut house = house;
        let (portal, id, courier) = listening(&mut house, &["work_order.*"]).await;
        portal.answers(&[500; 40]);
        for _ in 0..3 {
            house.request(house.firm.plumbing).await;
        }
        for _ in 0..24 * 12 {
            courier.deliver_due().await.unwrap();
            house.clock.advance(TimeDelta::minutes(5));
        }
        let tried = portal.refused();
        assert!((8..=25).contains(&tried.len()), "{}", tried.len());
        assert!(tried.iter().all(|id| *id == tried[0]), "the first one first");
        let admin = house.office("admin").await;
        let waiting = standing(&admin, id).await;
        assert_eq!(waiting["last_error"], "answered 500", "{waiting}");
        portal.answers(&[]);
        house.clock.advance(TimeDelta::hours(3));
        courier.deliver_due().await.unwrap();
        assert_eq!(portal.taken().len(), 3);
        assert_eq!(portal.taken()[0].id, tried[0], "sent again with the id that it had");
        assert_eq!(standing(&house.office("admin").await, id).await["failing_since"], Value::Null);
    }

    /// After three days a person is asked, and nothing is sent until somebody says so; then it goes on where it stopped.
    async fn a_receiver_that_is_gone_is_given_up(house: House) {
        let mut house = house;
        let (portal, id, courier) = listening(&mut house, &["work_order.*"]).await;
        portal.answers(&[503; 100]);
        house.request(house.firm.plumbing).await;
        for _ in 0..30 {
            courier.deliver_due().await.unwrap();
            house.clock.advance(TimeDelta::hours(3));
        }
        let admin = house.office("admin").await;
        let webhook = admin.get(&format!("/v1/webhooks/{id}")).await.body;
        assert_eq!(webhook["given_up"]["reason"], "answered 503", "{webhook}");
        let open = admin.get("/v1/reviews?status=open").await.body;
        assert_eq!(open["items"][0]["record"]["flags"][0]["flag"], "webhook_given_up", "{open}");
        let tried = portal.refused().len();
        house.clock.advance(TimeDelta::hours(3));
        courier.deliver_due().await.unwrap();
        assert_eq!(portal.refused().len(), tried, "nobody asks a receiver that was given up");
        portal.answers(&[]);
        let admin = house.office("admin").await;
        let save = WebhookSave { url: portal.url.clone(), events: vec!["work_order.*".into()], ..WebhookSave::example() };
        admin.perform(id, save).await.applied();
        courier.deliver_due().await.unwrap();
        assert_eq!(portal.types(), ["work_order.request"]);
    }

    /// Two notes come in one push; the second is not taken, and nothing else happens in the firm: it is sent again all the same.
    async fn what_came_together_is_told_one_by_one(house: House) {
        let mut house = house;
        let (portal, _, courier) = listening(&mut house, &["work_order.note"]).await;
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let wang = house.phone_of("wang").await;
        for text in ["First", "Second"] {
            wang.did(order, AddNote { text: text.into() });
        }
        wang.sync().await;
        portal.answers(&[204, 500]);
        courier.deliver_due().await.unwrap();
        assert_eq!((portal.types().len(), portal.refused().len()), (1, 1));
        house.clock.advance(TimeDelta::minutes(1));
        courier.deliver_due().await.unwrap();
        let told: Vec<_> = portal.taken().iter().map(|taken| taken.json()["data"]["payload"]["text"].clone()).collect();
        assert_eq!(told, ["First", "Second"]);
    }

    /// The portal lost a day: the same events again, by their ids the same.
    async fn events_can_be_had_again(house: House) {
        let mut house = house;
        let (portal, id, courier) = listening(&mut house, &["work_order.*"]).await;
        let admin = house.office("admin").await;
        house.request(house.firm.plumbing).await;
        house.request(house.firm.check_up).await;
        courier.deliver_due().await.unwrap();
        let after = portal.taken()[0].json()["data"]["version"].as_u64().unwrap();
        admin.perform(id, ReplayWebhook { after }).await.applied();
        courier.deliver_due().await.unwrap();
        let ids: Vec<String> = portal.taken().into_iter().map(|taken| taken.id).collect();
        assert_eq!((ids.len(), &ids[1]), (3, &ids[2]));

        // A slip of the finger: nothing that was not told yet is passed over.
        house.request(house.firm.plumbing).await;
        admin.perform(id, ReplayWebhook { after: after + 1_000 }).await.applied();
        courier.deliver_due().await.unwrap();
        assert_eq!(portal.taken().len(), 4);
    }

    /// The phone's clock was put back between two notes, so that the second has the lower id: the order is that in which they were made.
    async fn what_a_phone_with_a_clock_put_back_did_is_told_in_order(house: House) {
        let mut house = house;
        let (portal, _, courier) = listening(&mut house, &["work_order.note"]).await;
        let order = house.assigned(house.firm.check_up, house.firm.wang).await;
        let wang = house.phone_of("wang").await;
        let first = wang.did(order, AddNote { text: "First".into() });
        wang.clock.turn_wall(TimeDelta::hours(-1), chrono::FixedOffset::east_opt(0).unwrap());
        let second = wang.did(order, AddNote { text: "Second".into() });
        assert!(second < first, "the ids follow the clock");
        wang.sync().await;
        courier.deliver_due().await.unwrap();
        let told: Vec<_> = portal.taken().iter().map(|taken| taken.json()["data"]["payload"]["text"].clone()).collect();
        assert_eq!(told, ["First", "Second"]);
    }

    /// Two servers send for one webhook: each event is told once.
    async fn two_servers_tell_once(house: House) {
        let mut house = house;
        let (portal, _, courier) = listening(&mut house, &["work_order.*"]).await;
        for _ in 0..10 {
            house.request(house.firm.plumbing).await;
        }
        let other = house.state().courier().unwrap();
        let (one, two) = tokio::join!(courier.deliver_due(), other.deliver_due());
        one.unwrap();
        two.unwrap();
        courier.deliver_due().await.unwrap();
        let mut ids: Vec<String> = portal.taken().into_iter().map(|taken| taken.id).collect();
        assert_eq!(ids.len(), 10);
        ids.dedup();
        assert_eq!(ids.len(), 10);
    }

    /// Nothing is sent into the network in which the server stands: not by address, not by name, not by redirect.
    async fn nothing_is_sent_inside(house: House) {
        let admin = house.office("admin").await;
        let portal = Running::start();
        let courier = house.state().courier().unwrap();
        let inside = ["https://127.0.0.1:1/", "https://localhost:1/", "https://[::1]:1/", "https://169.254.169.254/", &portal.url];
        let mut hooks = Vec::new();
        for url in inside {
            let id = WebhookId::new(house.clock.new_id());
            let save = WebhookSave { url: url.into(), events: vec!["work_order.*".into()], ..WebhookSave::example() };
            admin.perform(id, save).await.applied();
            hooks.push(id);
        }
        house.request(house.firm.plumbing).await;
        courier.deliver_due().await.unwrap();
        for (id, url) in hooks.into_iter().zip(inside) {
            let standing = standing(&admin, id).await;
            let error = standing["last_error"].as_str().unwrap_or("");
            assert!(error.contains("private network") || error.contains("only https"), "{url}: {standing}");
        }
        assert_eq!(portal.taken().len(), 0);
    }

    /// A redirect is an answer, and not a way.
    async fn a_redirect_leads_nowhere(house: House) {
        let mut house = house;
        let (portal, id, courier) = listening(&mut house, &["work_order.*"]).await;
        portal.answers(&[307]);
        house.request(house.firm.plumbing).await;
        courier.deliver_due().await.unwrap();
        let standing = standing(&house.office("admin").await, id).await;
        assert_eq!(standing["last_error"], "answered 307: redirects are not followed", "{standing}");
    }

    async fn who_may_set_one_up(house: House) {
        let admin = house.office("admin").await;
        let bad = WebhookSave { url: "ftp://example.com".into(), events: vec!["work_order.dance".into()], ..WebhookSave::example() };
        let refused = admin.perform(house.clock.new_id(), bad).await;
        let pointers: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(pointers, [json!("/url"), json!("/events/0")]);
        assert_eq!(refused.problem(422), "invalid");
        for office in [house.li().await, house.office("wang").await] {
            assert_eq!(office.perform(house.clock.new_id(), WebhookSave::example()).await.problem(403), "forbidden");
            assert_eq!(office.get("/v1/webhooks").await.body["items"], json!([]));
        }
    }
}

/// Checks a signature as a receiver would.
fn is_signed(taken: &Taken, key: &Value) -> bool {
    use aws_lc_rs::hmac;
    use base64::{Engine, prelude::BASE64_STANDARD};
    let key = BASE64_STANDARD.decode(key.as_str().unwrap().trim_start_matches("whsec_")).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = format!("{}.{}.{}", taken.id, taken.timestamp, taken.body);
    let tag = BASE64_STANDARD.decode(taken.signature.trim_start_matches("v1,")).unwrap();
    hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
}
