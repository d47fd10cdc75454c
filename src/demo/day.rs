//! One repair day, played with a real phone against the real server over HTTP.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use mobile_api::{
    Kind,
    catalogue::Action,
    directory::PriceKind,
    money::Quantity,
    phone::{About, Draft, HttpTransport, Phone, PhoneClock, Report, SystemClock, go_on},
    review::Review,
    signing::{Point, Stroke, digest},
    sync::Verdict,
    work_order::{
        ConfirmationMethod, Status, WorkOrder,
        confirm::ConfirmQuote,
        dispatch::{Accept, Assign, Cancel},
        quote::{MakeQuote, NewLine},
        sign_off::Sign,
        visit::{AddNote, Arrive, Diagnose, Finish, RecordLabour, Start, UseMaterial},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Company, Job, PriceLine, company::PASSWORD, narrator::Narrator};

/// The day on the stage: who plays, and what they play with.
struct Stage<'a> {
    company: &'a Company,
    narrator: &'a Narrator,
    office: Office,
    phone: Phone,
    clock: Arc<SystemClock>,
}

/// What became of the day.
#[derive(Debug)]
pub struct Played {
    /// The verdicts of what was recorded without signal.
    pub verdicts: Vec<Verdict>,
    /// How many reviews wait.
    pub reviews: usize,
}

/// Plays the day. Answers `None` if it was played before in this folder.
///
/// # Errors
/// Whatever the phone or the server says that has no place in the story.
pub async fn play(company: &Company, narrator: &Narrator, url: &str, folder: &Path) -> anyhow::Result<Option<Played>> {
    let office = Office::sign_in(url, &company.dispatcher.login, narrator.language().tag()).await?;
    let mut jobs: Vec<&Job> = ["plumbing", "heating"].iter().flat_map(|sort| company.jobs(sort)).collect();
    jobs.truncate(4);
    let &[whole, reassigned, repriced, cancelled] = jobs.as_slice() else { bail!("the company has too few requests") };
    if office.order(whole).await?.status() != Status::Requested {
        return Ok(None);
    }
    let stage = Stage::set(company, narrator, office, url, folder)?;
    stage.morning(&jobs).await?;
    let offer = stage.quote_while_there_is_signal(repriced).await?;
    narrator.scene("demo-basement", &[]).await;
    stage.repair(whole).await?;
    stage.visit_in_vain(reassigned).await?;
    stage.look(cancelled).await?;
    stage.finish_at_old_price(repriced).await?;
    stage.office_goes_on(reassigned, cancelled, repriced, offer).await?;
    let count = stage.phone.unsent_count()?;
    narrator.tell("demo-unsent", &[("count", count.to_string())]).await;
    let verdicts = stage.back_on_the_street().await?;
    stage.charged(repriced).await?;
    let reviews = stage.reviews().await?;
    Ok(Some(Played { verdicts, reviews }))
}

impl<'a> Stage<'a> {
    fn set(
        company: &'a Company,
        narrator: &'a Narrator,
        office: Office,
        url: &str,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let clock = Arc::new(SystemClock::new());
        let transport = Arc::new(HttpTransport::new(url, narrator.language().tag())?);
        let about = About {
            name: format!("{} (demonstration)", company.plumber.name),
            platform: "demo".into(),
            app_version: env!("CARGO_PKG_VERSION").into(),
        };
        let file = folder.join("phone.sqlite3");
        let phone = Phone::open(&file, clock.clone() as Arc<dyn PhoneClock>, transport, about)?;
        Ok(Self { company, narrator, office, phone, clock })
    }

    async fn morning(&self, jobs: &[&Job]) -> anyhow::Result<()> {
        let Company { dispatcher, plumber, .. } = self.company;
        self.narrator.scene("demo-morning", &[]).await;
        for job in jobs {
            self.office.perform(job.order, Assign { technician: plumber.id }).await?;
            let args = [
                ("dispatcher", dispatcher.name.to_owned()),
                ("technician", plumber.name.to_owned()),
                ("number", self.number(job).await?),
                ("fault", self.fault(job)),
            ];
            self.narrator.tell("demo-assign", &args).await;
        }
        let technician = plumber.name.to_owned();
        self.narrator.scene("demo-phone-on", &[("technician", technician)]).await;
        self.phone.sign_in(&plumber.login, PASSWORD).await?;
        let report = self.sync().await?;
        let orders = self.phone.list(Kind::WorkOrder)?.len();
        let args = [("orders", orders.to_string()), ("rows", report.changes.to_string())];
        self.narrator.tell("demo-phone-has", &args).await;
        Ok(())
    }

    /// The order that the office will price anew is quoted and confirmed before the phone goes offline, so that there
    /// is something to price anew.
    async fn quote_while_there_is_signal(&self, job: &Job) -> anyhow::Result<Uuid> {
        self.did(job, Arrive {})?;
        let offer = self.did(job, self.quote(1500)?)?;
        self.did(job, self.confirmation(job, offer)?)?;
        self.sync().await?;
        let total = self.shown(job)?.newest_quote().map(|quote| quote.total.to_string()).unwrap_or_default();
        let customer = job.household.name.to_owned();
        let args = [("number", self.number(job).await?), ("amount", total), ("customer", customer)];
        self.narrator.tell("demo-quote-online", &args).await;
        Ok(offer)
    }

    /// A whole repair without signal.
    async fn repair(&self, job: &Job) -> anyhow::Result<()> {
        self.act(job, Accept {}).await?;
        self.act(job, Arrive {}).await?;
        self.act(job, self.diagnosis()).await?;
        let offer = self.act(job, self.quote(1500)?).await?;
        self.act(job, self.confirmation(job, offer)?).await?;
        self.act(job, Start {}).await?;
        let until = self.clock.wall().to_utc();
        self.act(job, RecordLabour { from: until - Duration::from_secs(35 * 60), until, note: None }).await?;
        self.finish(job).await
    }

    /// An order that somebody else gets meanwhile.
    async fn visit_in_vain(&self, job: &Job) -> anyhow::Result<()> {
        self.act(job, Arrive {}).await?;
        self.act(job, AddNote { text: self.say("demo-note") }).await?;
        Ok(())
    }

    /// An order that is cancelled meanwhile.
    async fn look(&self, job: &Job) -> anyhow::Result<()> {
        self.act(job, Arrive {}).await?;
        self.act(job, self.diagnosis()).await?;
        Ok(())
    }

    /// An order that is priced anew meanwhile: the customer signs for what was agreed.
    async fn finish_at_old_price(&self, job: &Job) -> anyhow::Result<()> {
        self.act(job, Start {}).await?;
        self.finish(job).await
    }

    /// Material, finish and signature belong together: all or none.
    async fn finish(&self, job: &Job) -> anyhow::Result<()> {
        let material = self.material()?;
        let used = UseMaterial {
            item: Some(material.id),
            name: self.label(&material.name.zh, &material.name.en),
            quantity_milli: Quantity(1000),
            unit: material.unit.clone(),
            stock: None,
        };
        self.act(job, used).await?;
        self.act(job, Finish { summary: Some(self.say("demo-summary")) }).await?;
        self.act(job, self.signature(job)?).await?;
        Ok(())
    }

    async fn office_goes_on(
        &self,
        reassigned: &Job,
        cancelled: &Job,
        repriced: &Job,
        offer: Uuid,
    ) -> anyhow::Result<()> {
        self.narrator.scene("demo-meanwhile", &[]).await;
        let apprentice = &self.company.apprentice;
        self.office.perform(reassigned.order, Assign { technician: apprentice.id }).await?;
        let args = [("number", self.number(reassigned).await?), ("technician", apprentice.name.to_owned())];
        self.narrator.tell("demo-reassigned", &args).await;
        let reason = self.say("demo-cancel-reason");
        self.office.perform(cancelled.order, Cancel { reason: reason.clone() }).await?;
        let args = [("number", self.number(cancelled).await?), ("reason", reason)];
        self.narrator.tell("demo-cancelled", &args).await;
        let quote = MakeQuote { note: Some(self.say("demo-new-price")), ..self.quote(3000)? };
        self.office.perform(repriced.order, quote).await?;
        let order = self.office.order(repriced).await?;
        let newest = order.newest_quote().filter(|quote| quote.id != offer).context("the new quote is not there")?;
        let args = [("number", self.number(repriced).await?), ("amount", newest.total.to_string())];
        self.narrator.tell("demo-repriced", &args).await;
        Ok(())
    }

    async fn back_on_the_street(&self) -> anyhow::Result<Vec<Verdict>> {
        self.narrator.scene("demo-back", &[]).await;
        let unsent = self.phone.unsent()?;
        let report = self.sync().await?;
        self.narrator.tell("demo-verdicts", &[]).await;
        let mut rows = Vec::new();
        for entry in &unsent {
            let verdict = report.verdicts.iter().find(|verdict| verdict.id == entry.recorded.id);
            let verdict = verdict.context("an operation has no verdict")?;
            let order = self.number_of(entry.recorded.entity).await?;
            let flags: Vec<String> =
                verdict.flags.iter().map(|flag| self.say(&format!("flag-{}", flag.flag.as_str()))).collect();
            let status = self.say(&format!("verdict-{}", verdict.status.as_str()));
            rows.push(vec![order, self.what(&entry.recorded.op_type), status, flags.join(", ")]);
        }
        let columns = ["demo-column-order", "demo-column-what", "demo-column-verdict", "demo-column-flags"];
        self.narrator.table(&columns, rows);
        let ids: Vec<Uuid> = unsent.iter().map(|entry| entry.recorded.id).collect();
        self.send_again(&unsent, &report.verdicts).await?;
        Ok(report.verdicts.into_iter().filter(|verdict| ids.contains(&verdict.id)).collect())
    }

    /// What a phone does when the answer to its push was lost.
    async fn send_again(&self, sent: &[mobile_api::phone::Entry], verdicts: &[Verdict]) -> anyhow::Result<()> {
        let (_, device) = self.phone.identity()?;
        let plumber = Office::sign_in(&self.office.url, &self.company.plumber.login, &self.office.language).await?;
        let operations: Vec<Value> =
            sent.iter().map(|entry| serde_json::from_str(&entry.recorded.body)).collect::<Result<_, _>>()?;
        // The bytes must be those that were sent, so the envelope is put together around them.
        let bodies: Vec<&str> = sent.iter().map(|entry| &*entry.recorded.body).collect();
        let envelope = format!(r#"{{"device":"{device}","schema":1,"operations":[{}]}}"#, bodies.join(","));
        let answer = plumber.post("/v1/sync/push", envelope).await?;
        let again: Vec<Verdict> = serde_json::from_value(answer["verdicts"].clone())?;
        let same = again.iter().filter(|verdict| verdicts.contains(verdict)).count();
        if same != operations.len() {
            bail!("{same} of {} verdicts were the same when sent again", operations.len());
        }
        self.narrator.tell("demo-again", &[("count", same.to_string())]).await;
        Ok(())
    }

    async fn charged(&self, job: &Job) -> anyhow::Result<()> {
        let order = self.office.order(job).await?;
        let signed = order.primary_sign_off().map(|sign_off| sign_off.amount.to_string()).unwrap_or_default();
        let charged = order.charge.as_ref().map(|charge| charge.amount.to_string()).unwrap_or_default();
        let args = [("number", self.number(job).await?), ("signed", signed), ("charged", charged)];
        self.narrator.tell("demo-charged", &args).await;
        Ok(())
    }

    async fn reviews(&self) -> anyhow::Result<usize> {
        let page = self.office.get("/v1/reviews?status=open").await?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let reviews = items.len();
        let args = [("count", reviews.to_string()), ("dispatcher", self.company.dispatcher.name.to_owned())];
        self.narrator.scene("demo-reviews", &args).await;
        let mut rows = Vec::new();
        for item in items {
            let review: Review = serde_json::from_value(item["record"].clone())?;
            let flags: Vec<String> =
                review.flags.iter().map(|flag| self.say(&format!("flag-{}", flag.flag.as_str()))).collect();
            let order = self.number_of(review.about.id).await?;
            rows.push(vec![order, self.what(&review.operation_type), flags.join(", ")]);
        }
        self.narrator.table(&["demo-column-order", "demo-column-what", "demo-column-flags"], rows);
        Ok(reviews)
    }

    // ---- the hand on the phone ----

    async fn act(&self, job: &Job, action: impl Into<Action>) -> anyhow::Result<Uuid> {
        let action = action.into();
        let what = self.what(action.spec().name);
        let id = self.did(job, action)?;
        let args = [("number", self.number(job).await?), ("what", what)];
        self.narrator.tell("demo-did", &args).await;
        Ok(id)
    }

    fn did(&self, job: &Job, action: impl Into<Action>) -> anyhow::Result<Uuid> {
        Ok(self.phone.record(Draft::new(job.order, action)?)?.id)
    }

    async fn sync(&self) -> anyhow::Result<Report> {
        Ok(self.phone.sync_once(&go_on).await?)
    }

    fn shown(&self, job: &Job) -> anyhow::Result<WorkOrder> {
        self.phone.get(job.order)?.context("the order is not on the phone")
    }

    // ---- what is written down ----

    fn diagnosis(&self) -> Diagnose {
        let (findings, explained) = (self.say("demo-findings"), Some(self.say("demo-explained")));
        Diagnose { findings, cause: None, explained }
    }

    fn quote(&self, milli_hours: i64) -> anyhow::Result<MakeQuote> {
        let labour = self.company.prices.iter().find(|line| line.kind == PriceKind::Labour);
        let labour = labour.context("the price list has no labour")?;
        let lines = vec![self.line(labour, milli_hours), self.line(self.material()?, 1000)];
        Ok(MakeQuote { lines, note: None })
    }

    fn material(&self) -> anyhow::Result<&PriceLine> {
        let material = self.company.prices.iter().find(|line| line.kind == PriceKind::Material);
        material.context("the price list has no material")
    }

    fn line(&self, priced: &PriceLine, milli: i64) -> NewLine {
        NewLine {
            item: Some(priced.id),
            name: self.label(&priced.name.zh, &priced.name.en),
            kind: priced.kind,
            quantity_milli: Quantity(milli),
            unit: priced.unit.clone(),
            unit_price: priced.price,
            discount: 0,
            tax_rate: None,
        }
    }

    fn confirmation(&self, job: &Job, quote: Uuid) -> anyhow::Result<ConfirmQuote> {
        let shown =
            self.shown(job)?.quote_to_confirm(quote, job.household.name).context("the quote is on the phone")?;
        let method = ConfirmationMethod::Signature { strokes: scribble(), digest: Some(digest(&shown)?) };
        Ok(ConfirmQuote { quote, name: job.household.name.into(), method })
    }

    fn signature(&self, job: &Job) -> anyhow::Result<Sign> {
        let plumber = &self.company.plumber;
        let content = self.shown(job)?.content_to_sign(plumber.name, plumber.id, job.household.name);
        let digest = digest(&content)?;
        let (relation, opinion) = (self.say("demo-relation"), Some(self.say("demo-opinion")));
        Ok(Sign { content, digest, relation, opinion, strokes: scribble() })
    }

    fn say(&self, id: &str) -> String {
        self.narrator.text(id, &[])
    }

    fn what(&self, op_type: &str) -> String {
        self.say(&format!("op-{}", op_type.replace('.', "-")))
    }

    fn label(&self, zh: &str, en: &str) -> String {
        if self.narrator.language() == crate::language::Language::Chinese { zh.into() } else { en.into() }
    }

    fn fault(&self, job: &Job) -> String {
        self.label(&job.fault.zh, &job.fault.en)
    }

    async fn number(&self, job: &Job) -> anyhow::Result<String> {
        self.number_of(job.order.uuid()).await
    }

    async fn number_of(&self, order: Uuid) -> anyhow::Result<String> {
        let order = self.office.get(&format!("/v1/work-orders/{order}")).await?;
        Ok(order["number"].as_str().unwrap_or("–").to_owned())
    }
}

/// A name, as a finger draws one.
fn scribble() -> Vec<Stroke> {
    let wave = |i: i32| (f64::from(i) / 3.0).sin() * 14.0;
    let point =
        |i: i32| Point { x: 20.0 + f64::from(i) * 2.5, y: 60.0 + wave(i), time: f64::from(i) * 16.0, pressure: None };
    vec![Stroke { points: (0..48).map(point).collect() }]
}

/// Somebody at a browser.
struct Office {
    client: reqwest::Client,
    url: String,
    language: String,
    token: String,
}

impl Office {
    async fn sign_in(url: &str, login: &str, language: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::new();
        let request =
            client.post(format!("{url}/v1/auth/login")).json(&json!({ "login": login, "password": PASSWORD }));
        let answer = read(request.send().await?).await?;
        let token = answer["access_token"].as_str().context("no token in the answer")?.to_owned();
        Ok(Self { client, url: url.into(), language: language.into(), token })
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.client.get(format!("{}{path}", self.url))).await
    }

    async fn post(&self, path: &str, body: String) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}{path}", self.url));
        self.send(request.header("content-type", "application/json").body(body)).await
    }

    async fn perform(&self, entity: impl Into<Uuid>, action: impl Into<Action>) -> anyhow::Result<Value> {
        let action = action.into();
        let path = action.spec().path().replace("{id}", &entity.into().to_string());
        self.post(&path, action.payload()?.get().to_owned()).await
    }

    async fn order(&self, job: &Job) -> anyhow::Result<WorkOrder> {
        Ok(serde_json::from_value(self.get(&format!("/v1/work-orders/{}", job.order)).await?)?)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let request = request.bearer_auth(&self.token).header("accept-language", &self.language);
        read(request.send().await?).await
    }
}

async fn read(answer: reqwest::Response) -> anyhow::Result<Value> {
    let status = answer.status();
    let body: Value = answer.json().await?;
    if !status.is_success() {
        bail!("the server answered {status}: {body}");
    }
    Ok(body)
}
