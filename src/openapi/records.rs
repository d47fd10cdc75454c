//! What can be read of each kind of record, as the document shows it: the record, its history, and its list.

use std::sync::LazyLock;

use mobile_api::{
    asset::{Asset, AssetReading},
    calendar::Calendar,
    complaint::{Complaint, ComplaintClass, ComplaintStatus},
    device::Device,
    directory::{Building, Customer, OrderType, Organisation, PriceItem, Site, Team, Unit, User},
    handover::Handover,
    inspection::{Inspection, InspectionStatus, Round, Template},
    maintenance::{MaintenancePlan, Shutdown, ShutdownNotice, ShutdownStatus},
    record::Kind,
    return_visit::ReturnVisit,
    review::Review,
    stock::{Article, StockCount, StockLevel, StockMove, StockPlace, StockSerial},
    webhook::Webhook,
    work_order::{Status, WorkOrder},
};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        OpenApi, Ref, Required,
        content::Content,
        header::Header,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        response::Response,
        schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type},
    },
};

use super::{
    add_schema,
    operations::{singular, uuid_parameter},
    problems,
};
use crate::{
    asset::list::{AssetFilter, ReadingFilter},
    complaint::list::ComplaintFilter,
    device::list::DeviceFilter,
    directory::list::DirectoryFilter,
    handover::list::HandoverFilter,
    inspection::list::{InspectionFilter, RoundFilter, TemplateFilter},
    language::Language,
    lists,
    maintenance::list::{NoticeFilter, PlanFilter, ShutdownFilter},
    negotiation,
    operations::api::{History, HistoryQuery},
    return_visit::list::VisitFilter,
    review::list::ReviewFilter,
    stock::list::{CountFilter, LevelFilter, MoveFilter, SerialFilter},
    webhook::api::WebhookFilter,
    work_order::{deadline::Deadline, list::WorkOrderFilter},
};

/// Adds the addresses to read each kind of record at, with the records' schemas.
pub fn add_records(document: &mut OpenApi) {
    add_schema::<History>(document);
    add_schema::<Deadline>(document);
    add_schema::<Status>(document);
    add_schema::<InspectionStatus>(document);
    add_schema::<ShutdownStatus>(document);
    add_schema::<ComplaintStatus>(document);
    for kind in Kind::ALL.iter().copied() {
        let schema = add_record(document, kind);
        let path = format!("/v1/{}", kind.path());
        let paths = &mut document.paths.paths;
        paths.entry(format!("{path}/{{id}}")).or_default().get = Some(single(kind, &schema));
        paths.entry(format!("{path}/{{id}}/history")).or_default().get = Some(history(kind));
        if let Some((about, parameters)) = list_of(kind) {
            paths.entry(path).or_default().get = Some(list(kind, &schema, about, parameters));
        }
    }
}

/// Makes a kind's schema known and answers its name.
fn add_record(document: &mut OpenApi, kind: Kind) -> String {
    fn add<T: ToSchema>(document: &mut OpenApi) -> String {
        add_schema::<T>(document);
        T::name().into_owned()
    }
    match kind {
        Kind::Organisation => add::<Organisation>(document),
        Kind::Site => add::<Site>(document),
        Kind::Building => add::<Building>(document),
        Kind::Unit => add::<Unit>(document),
        Kind::Customer => add::<Customer>(document),
        Kind::User => add::<User>(document),
        Kind::Team => add::<Team>(document),
        Kind::OrderType => add::<OrderType>(document),
        Kind::PriceItem => add::<PriceItem>(document),
        Kind::Calendar => add::<Calendar>(document),
        Kind::Device => add::<Device>(document),
        Kind::Review => add::<Review>(document),
        Kind::WorkOrder => add::<WorkOrder>(document),
        Kind::Article => add::<Article>(document),
        Kind::StockPlace => add::<StockPlace>(document),
        Kind::StockMove => add::<StockMove>(document),
        Kind::StockLevel => add::<StockLevel>(document),
        Kind::StockSerial => add::<StockSerial>(document),
        Kind::StockCount => add::<StockCount>(document),
        Kind::Template => add::<Template>(document),
        Kind::Round => add::<Round>(document),
        Kind::Inspection => add::<Inspection>(document),
        Kind::Asset => add::<Asset>(document),
        Kind::AssetReading => add::<AssetReading>(document),
        Kind::Handover => add::<Handover>(document),
        Kind::Webhook => add::<Webhook>(document),
        Kind::MaintenancePlan => add::<MaintenancePlan>(document),
        Kind::Shutdown => add::<Shutdown>(document),
        Kind::ShutdownNotice => add::<ShutdownNotice>(document),
        Kind::Complaint => add::<Complaint>(document),
        Kind::ComplaintClass => add::<ComplaintClass>(document),
        Kind::ReturnVisit => add::<ReturnVisit>(document),
    }
}

/// Who sees what in a kind's list, and its parameters. Of organisations there is none: everybody has one.
fn list_of(kind: Kind) -> Option<(&'static str, Vec<Parameter>)> {
    fn of<T: IntoParams>() -> Vec<Parameter> {
        T::into_params(|| None)
    }
    const OF_SITES: &str = "By name. For the office; who is limited to some sites sees what belongs to these.";
    const OF_ALL: &str = "By name. Everybody in the organisation sees all of them.";
    Some(match kind {
        Kind::Organisation => return None,
        Kind::Site | Kind::Building | Kind::Unit | Kind::Customer => (OF_SITES, of::<DirectoryFilter>()),
        Kind::User => ("By name. The office sees all accounts, a technician their own.", of::<DirectoryFilter>()),
        Kind::Team | Kind::OrderType | Kind::PriceItem | Kind::Calendar => (OF_ALL, of::<DirectoryFilter>()),
        Kind::Article | Kind::StockPlace | Kind::ComplaintClass => (OF_ALL, of::<DirectoryFilter>()),
        Kind::StockMove => {
            let about = "Newest first. The office sees all moves, those to orders only of its sites; a technician what they recorded \
                and what went into or out of their bag.";
            (about, of::<MoveFilter>())
        }
        Kind::StockLevel => {
            let about = "By place and article. The office sees all levels, a technician those of their bag.";
            (about, of::<LevelFilter>())
        }
        Kind::StockSerial => {
            let about = "By number. The office sees all pieces, a technician those in their bag.";
            (about, of::<SerialFilter>())
        }
        Kind::StockCount => {
            let about = "Newest first. The office sees all sheets, a technician those of their bag and those they are to count.";
            (about, of::<CountFilter>())
        }
        Kind::ReturnVisit => {
            let about = "Newest first; with `due`, those who are to be called, by when they are due. For the office; who is limited to \
                some sites sees those of these; a technician, those that they are to pay.";
            (about, of::<VisitFilter>())
        }
        Kind::Webhook => {
            let about = "Oldest first. For administrators and managers of the whole organisation.";
            (about, of::<WebhookFilter>())
        }
        Kind::Handover => {
            let about = "Newest first. The two who hand over and take over, and an office that sees every site.";
            (about, of::<HandoverFilter>())
        }
        Kind::Complaint => {
            let about = "Newest first. The office sees the complaints of its sites, and those of none if it sees every site; a technician \
                those of their department and those that they have to do with.";
            (about, of::<ComplaintFilter>())
        }
        Kind::Asset => {
            let about = "By name; with `certificate_expires_before`, by when the certificate runs out. For the office; who is limited to \
                some sites sees the assets of these.";
            (about, of::<AssetFilter>())
        }
        Kind::AssetReading => {
            let about = "Newest first. For the office; who is limited to some sites sees what was read there.";
            (about, of::<ReadingFilter>())
        }
        Kind::Template => {
            let about = "By code. The office sees all versions of all forms, a technician those in use.";
            (about, of::<TemplateFilter>())
        }
        Kind::Round => {
            let about =
                "By name. The office sees the rounds of its sites, a technician their own and those of their teams.";
            (about, of::<RoundFilter>())
        }
        Kind::Inspection => {
            let about = "Newest first, by when it is due or was begun. The office sees the inspections of its sites, a technician those \
                that were given to them or their teams.";
            (about, of::<InspectionFilter>())
        }
        Kind::MaintenancePlan => {
            let about = "By name. For the office; who is limited to some sites sees the plans of these.";
            (about, of::<PlanFilter>())
        }
        Kind::Shutdown => {
            let about = "By when they begin, the last first. The office sees the shutdowns of its sites, a technician those that were \
                given to them or their teams.";
            (about, of::<ShutdownFilter>())
        }
        Kind::ShutdownNotice => {
            let about = "By id. For the office; who is limited to some sites sees the notices of these.";
            (about, of::<NoticeFilter>())
        }
        Kind::Device => {
            let about = "Newest first. Administrators and managers see all devices, everybody else their own.";
            (about, of::<DeviceFilter>())
        }
        Kind::Review => {
            let about = "Newest first. For the office; who is limited to some sites sees the reviews of these and those \
                of no site.";
            (about, of::<ReviewFilter>())
        }
        Kind::WorkOrder => {
            let about = "Newest first, by when the customer called. The office sees the orders of its sites; a \
                technician those that are theirs now and those that nobody has yet in the pools of their teams. To \
                follow changes, ask for `changed_after` the `version` of an earlier answer.";
            (about, of::<WorkOrderFilter>())
        }
    })
}

/// `Work orders`, `work order`, `work_orders`, `work_order`: how a kind is called here and there.
struct Names {
    plural: String,
    one: String,
    plural_id: String,
    one_id: String,
}

impl Names {
    fn of(kind: Kind) -> Self {
        let plural = kind.path();
        let one = singular(plural);
        Self {
            plural: plural.replace('-', " "),
            one: one.replace('-', " "),
            plural_id: plural.replace('-', "_"),
            one_id: one.replace('-', "_"),
        }
    }

    fn a(&self) -> String {
        let article = if self.one.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        format!("{article} {}", self.one)
    }
}

fn single(kind: Kind, schema: &str) -> Operation {
    let names = Names::of(kind);
    let mut found = answer(&format!("The {}", names.one), Ref::from_schema_name(schema), example(kind));
    found.headers.insert("ETag".to_owned(), tag().into());
    OperationBuilder::new()
        .operation_id(Some(format!("get_{}", names.one_id)))
        .tag(kind.path())
        .summary(Some(format!("Get {}", names.a())))
        .description(Some(
            "As it is now. Its revision is the `ETag`; send it as `If-None-Match` to be answered 304 while nothing has \
             changed, and as `If-Match` to an operation that must not overwrite what somebody else did meanwhile.",
        ))
        .parameter(uuid_parameter("id", ParameterIn::Path, "The record"))
        .parameter(if_none_match())
        .response("200", found)
        .response("304", Response::new("It is still the one with the tag of `If-None-Match`"))
        .build()
}

fn history(kind: Kind) -> Operation {
    let names = Names::of(kind);
    let page = json!({ "items": [entry(kind)], "next": null });
    let mut builder = OperationBuilder::new()
        .operation_id(Some(format!("list_{}_history", names.one_id)))
        .tag(kind.path())
        .summary(Some(format!("Get the history of {}", names.a())))
        .description(Some(
            "Every operation on it that was received, in the order in which they were judged, each as it was sent and \
             with its verdict. Technicians may read the histories of work orders; that of the organisation is for \
             administrators and managers who see every site.",
        ))
        .parameter(uuid_parameter("id", ParameterIn::Path, "The record"));
    for parameter in HistoryQuery::into_params(|| None) {
        builder = builder.parameter(parameter);
    }
    builder.response("200", answer("A page", Ref::from_schema_name(History::name()), page)).build()
}

fn list(kind: Kind, schema: &str, about: &str, parameters: Vec<Parameter>) -> Operation {
    let names = Names::of(kind);
    let page = json!({ "items": [{ "rev": 4, "record": example(kind) }], "next": null, "version": 1042 });
    let mut found = answer("A page; as `text/csv`, all of them", page_of(schema), page);
    found.headers.insert("ETag".to_owned(), tag().into());
    found.content.insert(negotiation::CSV.to_owned(), table(kind).into());
    let mut builder = OperationBuilder::new()
        .operation_id(Some(format!("list_{}", names.plural_id)))
        .tag(kind.path())
        .summary(Some(format!("List {}", names.plural)))
        .description(Some(format!(
            "{about}\n\nPage by page: send `next` as `cursor` until it is `null`. Records that come and go meanwhile \
             neither repeat nor hide others.\n\nWith `Accept: text/csv`, everything that fits as one table for a spreadsheet, with \
             names instead of ids and times in the organisation's zone; `cursor` and `limit` make it shorter. It speaks the language of \
             `Accept-Language`. An answer that breaks off is not the whole."
        )));
    for parameter in parameters {
        builder = builder.parameter(parameter);
    }
    builder
        .parameter(if_none_match())
        .response("200", found)
        .response("304", Response::new("Nothing was written in the organisation since the tag of `If-None-Match`"))
        .response("400", problems::reference(400))
        .build()
}

/// The list as a table: what stands above its columns serves as the example.
fn table(kind: Kind) -> Content {
    let mut content = Content::new(Some(ObjectBuilder::new().schema_type(Type::String)));
    content.example = Some(json!(lists::columns::heading(kind, Language::English).join(",") + "\r\n"));
    content
}

fn page_of(schema: &str) -> utoipa::openapi::schema::Object {
    let whole = |description: &str| {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .description(Some(description))
    };
    let seen = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("When it was last heard of; of devices only"));
    let item = ObjectBuilder::new()
        .property("rev", whole("The record's revision, as in its `ETag`"))
        .property("record", Ref::from_schema_name(schema))
        .property("last_seen_at", seen)
        .required("rev")
        .required("record");
    let next = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("The `cursor` of the next page; `null` if this was the last"));
    ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(item))
        .property("next", next)
        .property("version", whole("The organisation's version that the page was read at"))
        .required("items")
        .required("next")
        .required("version")
        .build()
}

fn answer(
    description: &str,
    schema: impl Into<utoipa::openapi::RefOr<utoipa::openapi::Schema>>,
    example: Value,
) -> Response {
    let mut content = Content::new(Some(schema));
    content.example = Some(example);
    let mut answer = Response::new(description);
    answer.content.insert("application/json".to_owned(), content.into());
    answer
}

fn tag() -> Header {
    let mut tag = Header::new(ObjectBuilder::new().schema_type(Type::String).build());
    tag.description = Some("For `If-None-Match`".to_owned());
    tag
}

fn if_none_match() -> ParameterBuilder {
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The `ETag` of what you have"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
}

/// A record as an example.
pub(super) fn example(kind: Kind) -> Value {
    static EXAMPLES: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());
    EXAMPLES[kind.as_str()].clone()
}

/// An entry of a history as an example.
fn entry(kind: Kind) -> Value {
    let record = &example(kind)["id"];
    let id = "0199a1f0-8000-7000-8000-000000000002";
    let (op_type, payload) = match kind {
        Kind::WorkOrder => ("work_order.note".to_owned(), json!({ "text": "The dog is friendly" })),
        kind => (format!("{kind}.save"), example(kind)),
    };
    json!({
        "id": id, "version": 1042, "type": op_type, "actor": "01930000-0000-7000-8000-000000000011",
        "received_at": "2026-03-02T08:03:00Z",
        "operation": { "id": id, "type": op_type, "entity": record, "payload": payload },
        "verdict": { "id": id, "status": "applied", "rev": 4 }
    })
}
