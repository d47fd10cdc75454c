//! Every address of the API, asked by those who may not.
//!
//! The addresses come from the API document, so a new one is in here by itself. One that this test cannot ask in
//! earnest – because it does not know what its parameters name, or has no body that would be accepted – stands in a
//! snapshot, which is to stay empty.

use std::collections::BTreeMap;

use doorstep::openapi;
use mobile_api::{
    asset::{AssetSave, RecordReading},
    calendar::CalendarSave,
    complaint::{About, ComplaintClassSave, Intake},
    directory::{BuildingSave, CustomerSave, OrderTypeSave, OrganisationSave, PriceItemSave, SiteSave, TeamSave},
    directory::{Label, UnitSave, UserSave},
    handover::HandoverOpen,
    inspection::{AnswerItem, PublishTemplate, RoundSave, Spot, StartInspection, TemplateSave},
    maintenance::{ApproveShutdown, GiveNotice, PlanSave, ShutdownSave},
    operation::Payload,
    signing::Digest,
    stock::{ArticleSave, Place, RecordMove, StockCountOpen, StockLevel, StockPlaceSave, StockSerial},
    webhook::WebhookSave,
    work_order::{dispatch::Assign, request::Request},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Answer, Firm, House, Office},
    promises::kit::{Hand, note, op},
    return_visits::accepted,
    uploads::kit::{BYTES, Sender, metadata},
};

/// What stands in every text of the firm that strangers must not read.
const SECRET: &str = "not for strangers";

/// One method of one address.
struct Address {
    method: Method,
    path: String,
    operation: Value,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Address {
    fn all() -> Vec<Address> {
        let document = serde_json::to_value(openapi::document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let of_method = |(method, operation): (&String, &Value)| {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                Address { method, path: path.clone(), operation: operation.clone() }
            };
            item.as_object().unwrap().iter().map(of_method).collect::<Vec<_>>()
        };
        let mut all: Vec<Address> = paths.iter().flat_map(of_path).collect();
        // Last what would make the device a stranger's own: devices of two firms may have the same id.
        all.sort_by_key(|address| address.path.ends_with("/register") || address.path == "/v1/sync/devices");
        all
    }

    /// Whether the document says that anybody may ask.
    fn is_open(&self) -> bool {
        self.operation["security"] == json!([{}])
    }

    /// The address with what its parameters name, if all of them are known.
    fn url(&self, things: &BTreeMap<&'static str, Uuid>) -> Option<String> {
        let kind = self.path.trim_start_matches("/v1/").split("/{").next()?;
        match self.path.matches('{').count() {
            0 => Some(self.path.clone()),
            1 if self.path.ends_with("{sha256}") => {
                Some(self.path.replace("{sha256}", &mobile_api::signing::Digest::of(SECRET.as_bytes()).to_string()))
            }
            1 if self.path.contains("/{figure}/") => Some(self.path.replace("{figure}", "on_time")),
            1 => Some(self.path.replace("{id}", &things.get(kind)?.to_string())),
            2 if self.path.ends_with("/signatures/{op}") => {
                let named = self.path.replace("{id}", &things.get(kind)?.to_string());
                Some(named.replace("{op}", &things.get("sync/operations")?.to_string()))
            }
            _ => None,
        }
    }

    /// A body that would be accepted, if it takes one.
    fn body(&self, firm: &Firm, device: Uuid) -> Option<Value> {
        let request = &self.operation["requestBody"];
        if request.is_null() {
            return Some(Value::Null);
        }
        let bytes = &request["content"][BYTES]["example"];
        if !bytes.is_null() {
            return Some(bytes.clone());
        }
        let content = &request["content"]["application/json"];
        let example = [&content["example"], &resolved(&content["schema"])["example"]];
        let example = example.into_iter().find(|example| !example.is_null())?.to_string();
        // Examples name a device and a site; these are real ones.
        let real = example
            .replace("0199a1f0-7a52-7c3e-9a70-3f0f5f0f9c11", &device.to_string())
            .replace("01930000-0000-7000-8000-000000000001", &firm.site.to_string())
            .replace("01930000-0000-7000-8000-000000000010", &firm.plumbing.to_string());
        serde_json::from_str(&real).ok()
    }
}

fn resolved(schema: &Value) -> Value {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let place = schema["$ref"].as_str().map(|reference| reference[1..].to_owned());
    place.and_then(|place| document.pointer(&place).cloned()).unwrap_or_else(|| schema.clone())
}

async fn ask(office: &Office, address: &Address, url: &str, body: &Value, token: Option<&str>) -> Answer {
    let mut request = office.client.request(address.method.clone(), format!("{}{url}", office.base));
    if url.starts_with("/v1/uploads") {
        let text = body.as_str().unwrap_or_default().to_owned();
        let metadata = metadata(Digest::of(SECRET.as_bytes()));
        request = request.header("Tus-Resumable", "1.0.0").header("Upload-Length", 100).header("Upload-Offset", 0);
        request = request.header("Upload-Metadata", metadata);
        if !text.is_empty() {
            request = request.header("Content-Type", BYTES).body(text);
        }
    } else if !body.is_null() {
        request = request.json(body);
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if address.path == "/v1/sync/events" {
        request = request.timeout(std::time::Duration::from_secs(5));
    }
    Answer::of(request.send().await.unwrap()).await
}

/// Something of each kind, of the first firm, with a secret in it.
async fn things(house: &House) -> BTreeMap<&'static str, Uuid> {
    let firm = &house.firm;
    let building = house.clock.new_id();
    let secret = || SECRET.to_owned();
    let deadlines = mobile_api::directory::Deadlines::TRADE;
    let named = OrganisationSave {
        name: secret(),
        time_zone: "Asia/Shanghai".into(),
        deadlines,
        escalation: None,
        pool_cap: None,
    };
    house.system(firm, firm.org, named).await;
    house
        .system(firm, firm.site, SiteSave { name: secret(), address: secret(), location: None, time_zone: None })
        .await;
    house.system(firm, building, BuildingSave { site: firm.site, name: secret() }).await;
    let unit = UnitSave { site: firm.site, building: None, name: secret(), access_note: None };
    house.system(firm, firm.unit, unit).await;
    let customer = CustomerSave { site: firm.site, name: secret(), ..CustomerSave::example() };
    house.system(firm, firm.customer, customer).await;
    house.system(firm, firm.plumbers, TeamSave { name: secret(), site: None }).await;
    let user = UserSave { name: secret(), login: "wang".into(), teams: vec![firm.plumbers], ..UserSave::example() };
    house.system(firm, firm.wang, user).await;
    house.system(firm, firm.plumbing, OrderTypeSave { code: secret(), ..OrderTypeSave::example() }).await;
    let calendar = house.clock.new_id();
    house.system(firm, calendar, CalendarSave { name: Label::new(SECRET, SECRET), ..CalendarSave::example() }).await;
    house.system(firm, firm.hour, PriceItemSave { code: secret(), ..PriceItemSave::example() }).await;

    let (article, store, entry, count) =
        (house.clock.new_id(), house.clock.new_id(), house.clock.new_id(), house.clock.new_id());
    house.system(firm, article, ArticleSave { code: secret(), ..ArticleSave::example() }).await;
    house.system(firm, store, StockPlaceSave { name: secret(), ..StockPlaceSave::example() }).await;
    let place = Place::Store(store.into());
    let (reason, serials) = (Some(secret()), vec![secret()]);
    let carried = RecordMove {
        article: article.into(),
        from: Place::Supplier,
        to: place,
        reason,
        serials,
        ..RecordMove::example()
    };
    house.system(firm, entry, carried).await;
    let open = StockCountOpen { place, articles: vec![article.into()], note: Some(secret()), counters: vec![] };
    house.system(firm, count, open).await;

    let asset = house.clock.new_id();
    house.system(firm, asset, AssetSave { name: secret(), site: firm.site, ..AssetSave::example() }).await;
    let read = RecordReading { note: Some(secret()), ..RecordReading::example() };
    house.li().await.perform(asset, read).await.applied();
    let (plan, shutdown) = (house.clock.new_id(), house.clock.new_id());
    let mut service = PlanSave { name: secret(), asset: asset.into(), ..PlanSave::example() };
    service.job.order_type = firm.plumbing;
    let admin = house.office("admin").await;
    admin.perform(plan, service).await.applied();
    let save = ShutdownSave { asset: asset.into(), text: secret(), ..ShutdownSave::example() };
    admin.perform(shutdown, save).await.applied();
    admin.perform(shutdown, ApproveShutdown {}).await.applied();
    admin.perform(shutdown, GiveNotice::default()).await.applied();
    let notices = admin.get("/v1/shutdown-notices").await.body;
    let notice = notices["items"][0]["record"]["id"].as_str().unwrap().parse().unwrap();
    let readings = house.office("admin").await.get("/v1/asset-readings").await.body;
    let reading = readings["items"][0]["record"]["id"].as_str().unwrap().parse().unwrap();
    let (template, round, inspection) = (house.clock.new_id(), house.clock.new_id(), house.clock.new_id());
    house.system(firm, template, TemplateSave { code: secret(), ..TemplateSave::example() }).await;
    house.system(firm, template, PublishTemplate {}).await;
    let spot = Spot { site: firm.site, building: None, unit: None, asset: None };
    let walk = RoundSave { name: secret(), template: template.into(), spot, ..RoundSave::example() };
    house.li().await.perform(round, walk).await.applied();
    let begun = StartInspection { template: Some(template.into()), spot: Some(spot), ..StartInspection::default() };
    house.li().await.perform(inspection, begun).await.applied();
    let leaks = AnswerItem { note: Some(secret()), ..AnswerItem::example() };
    house.li().await.perform(inspection, leaks).await.applied();
    let (class, complaint) = (house.clock.new_id(), house.clock.new_id());
    house.system(firm, class, ComplaintClassSave { code: secret(), ..ComplaintClassSave::example() }).await;
    let about = About { site: Some(firm.site), ..About::default() };
    house.li().await.perform(complaint, Intake { text: secret(), about, ..Intake::example() }).await.applied();
    let order = house.request(firm.plumbing).await;
    let li = house.li().await;
    let webhook = house.clock.new_id();
    admin.perform(webhook, WebhookSave { name: SECRET.into(), ..WebhookSave::example() }).await.applied();
    let handover = house.clock.new_id();
    let open = HandoverOpen {
        from: Some(firm.wang),
        to: firm.zhao,
        note: Some(secret()),
        orders: vec![],
        ..HandoverOpen::example()
    };
    li.perform(handover, open).await.applied();
    li.perform(order, note(SECRET)).await.applied();
    li.perform(order, Assign { technician: firm.wang }).await.applied();
    let done = Request { fault: secret(), ..house.request_for(firm.check_up) };
    let visit = accepted(house, done).await.1.uuid();
    let hand = Hand::of(house, "wang").await;
    let (unreadable, applied) = (house.clock.new_id(), house.clock.new_id());
    let nonsense =
        json!({ "id": unreadable, "type": "work_order.juggle", "entity": order, "payload": { "x": SECRET } });
    let verdicts = hand.office.push(hand.device, &[nonsense, op(applied, None, order, note(SECRET))]).await.body;
    assert_eq!(verdicts["verdicts"][0]["status"], "kept", "{verdicts}");

    let upload = Sender(hand.office.clone()).begin(SECRET.as_bytes()).await;
    let upload = upload.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap();
    BTreeMap::from([
        ("uploads", upload),
        ("organisations", firm.org),
        ("sites", firm.site.uuid()),
        ("buildings", building),
        ("units", firm.unit.uuid()),
        ("customers", firm.customer.uuid()),
        ("users", firm.wang.uuid()),
        ("teams", firm.plumbers.uuid()),
        ("order-types", firm.plumbing.uuid()),
        ("price-items", firm.hour.uuid()),
        ("calendars", calendar),
        ("articles", article),
        ("stock-places", store),
        ("stock-moves", entry),
        ("stock-levels", StockLevel::id_of(place, article.into())),
        ("stock-serials", StockSerial::id_of(article.into(), SECRET)),
        ("stock-counts", count),
        ("assets", asset),
        ("asset-readings", reading),
        ("handovers", handover),
        ("webhooks", webhook),
        ("maintenance-plans", plan),
        ("shutdowns", shutdown),
        ("shutdown-notices", notice),
        ("complaints", complaint),
        ("complaint-classes", class),
        ("return-visits", visit),
        ("templates", template),
        ("rounds", round),
        ("inspections", inspection),
        ("devices", hand.device),
        ("reviews", unreadable),
        ("work-orders", order.uuid()),
        ("sync/operations", applied),
    ])
}

/// Whether the answer shows that the address looked at who asks, and told a stranger nothing.
fn kept_from(stranger: &Answer) -> bool {
    assert!(!stranger.body.to_string().contains(SECRET), "{}", stranger.body);
    match stranger.status {
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => true,
        // Answered with what is the stranger's own, or refused because what is named is nothing of theirs.
        StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => true,
        StatusCode::UNPROCESSABLE_ENTITY => stranger.body["code"] == "bad_reference",
        _ => false,
    }
}

stories! {
    /// No token, a token of nobody, and a technician of another firm.
    async fn every_address_is_kept_from_strangers(house: House) {
        let things = things(&house).await;
        let other = Firm::with(1);
        house.found(&other, "other").await;
        let stranger = house.office("wang@other").await;
        let (mut untested, mut answers) = (Vec::new(), Vec::new());
        for address in Address::all().into_iter().filter(|address| !address.is_open()) {
            let (url, body) = (address.url(&things), address.body(&house.firm, things["devices"]));
            let (Some(url), Some(body)) = (url, body) else {
                untested.push(address.to_string());
                continue;
            };
            let nobody = ask(&stranger, &address, &url, &body, None).await;
            if address.method == Method::HEAD {
                // An answer without a body.
                assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{address}");
                answers.push(format!("{address}: {}", ask(&stranger, &address, &url, &body, Some(&stranger.token)).await.status.as_u16()));
                continue;
            }
            assert_eq!(nobody.problem(401), "not_signed_in", "{address}");
            let forged = ask(&stranger, &address, &url, &body, Some("e30.e30.e30")).await;
            assert_eq!(forged.problem(401), "token_invalid", "{address}");
            // Signing out is everybody's right and would end the test; the stream of events goes on for ever.
            if address.path == "/v1/auth/logout" || address.path == "/v1/sync/events" {
                continue;
            }
            let answer = ask(&stranger, &address, &url, &body, Some(&stranger.token)).await;
            let about_theirs = address.path.contains("{id}") && address.method == Method::GET;
            if about_theirs && address.path != "/v1/sync/operations/{id}" {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}: {}", answer.body);
            }
            let said = format!("{address}: {} {}", answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default());
            match kept_from(&answer) {
                true => answers.push(said.trim_end().to_owned()),
                false => untested.push(said),
            }
        }
        insta::assert_snapshot!("routes_without_an_authorisation_test", untested.join("\n"));
        insta::assert_snapshot!("what_a_technician_of_another_firm_is_answered", answers.join("\n"));
    }

    /// Whoever adds an address that anybody may ask has to change this list.
    async fn few_addresses_are_open(house: House) {
        let _ = house;
        let open: Vec<String> =
            Address::all().iter().filter(|address| address.is_open()).map(ToString::to_string).collect();
        insta::assert_snapshot!("open_routes", open.join("\n"));
    }

    /// What stands under `/v1` and is not there at all is asked for the token as well: strangers learn nothing of it.
    async fn strangers_do_not_learn_what_there_is(house: House) {
        let li = house.li().await;
        for path in ["/v1/nothing", "/v1/work-orders/nothing", "/v1/work-orders/x/y/z"] {
            let url = format!("{}{path}", li.base);
            let nobody = Answer::of(li.client.get(&url).send().await.unwrap()).await;
            assert_eq!(nobody.problem(401), "not_signed_in");
            assert_eq!(li.get(path).await.problem(404), "not_found");
        }
    }
}
