//! Forms in versions: drafted, published, replaced by the next version or withdrawn.

use serde::{Deserialize, Serialize};

use super::form::Form;
use crate::{
    actor::Actor,
    check::{Check, FieldError},
    directory::Label,
    evidence::When,
    ids::{Id, TemplateId},
    operation::{Change, Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType, Ref, Scope},
    refusal::Refusal,
    time::Timestamp,
};

/// One version of a form (检查表). Once it is published it never changes; who fills it in is judged by it for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// The first version: all versions of a form have the same here.
    pub family: TemplateId,
    /// 1, 2, 3…
    pub version: u32,
    /// The firm's own code for the form.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// What is asked.
    pub form: Form,
    /// The version that it is to replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revises: Option<TemplateId>,
    /// Where it stands.
    pub state: TemplateState,
}

/// Where a version stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum TemplateState {
    /// Being made; it can be tried out, but not used.
    Draft,
    /// In use.
    Published {
        /// Since when.
        at: When,
    },
    /// A newer version took its place.
    Replaced {
        /// The newer version.
        by: TemplateId,
        /// The revision of this record that said so.
        rev: u64,
    },
    /// Taken out of use.
    Withdrawn {
        /// When.
        at: When,
        /// The revision of this record that said so.
        rev: u64,
    },
}

impl TemplateState {
    /// The name on the wire and in the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            TemplateState::Draft => "draft",
            TemplateState::Published { .. } => "published",
            TemplateState::Replaced { .. } => "replaced",
            TemplateState::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Template {
    /// Whether inspections may be begun with it.
    pub fn is_published(&self) -> bool {
        matches!(self.state, TemplateState::Published { .. })
    }
}

impl RecordType for Template {
    const KIND: Kind = Kind::Template;

    fn visible_to(&self, actor: &Actor) -> bool {
        actor.role.is_office() || self.is_published()
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        let record = Ref::new(Self::KIND, self.id);
        if self.is_published() { vec![Reach { scope: Scope::Catalog, record }] } else { Vec::new() }
    }

    /// The version that took its place: what is made from now on is made with that.
    fn companions(&self) -> Vec<Ref> {
        match &self.state {
            TemplateState::Replaced { by, .. } => vec![Ref::new(Self::KIND, *by)],
            _ => Vec::new(),
        }
    }
}

/// Makes a draft or changes one. This is also the form in which templates are exported and imported.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateSave {
    /// The firm's own code for the form; 1 to 60 characters.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// What is asked.
    pub form: Form,
    /// The version that it is to replace, if it is not a new form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revises: Option<TemplateId>,
}

impl Payload for TemplateSave {
    type Record = Template;

    fn example() -> Self {
        use super::form::{Ask, FormItem, FormSection, PhotoWhen};
        let item = |key: &str, text: Label, ask| FormItem {
            key: key.into(),
            text,
            ask,
            required: true,
            show_if: Vec::new(),
            photo: Some(PhotoWhen::IfFailed),
            explain_failure: false,
            weight: 1,
            critical: false,
            repair: None,
            meter: None,
        };
        let unit = "MPa".to_owned();
        let pressure = Ask::Reading { unit, low_milli: Some(250), high_milli: Some(450) };
        let items = vec![
            item("leaks", Label::new("有无跑冒滴漏", "No leaks"), Ask::PassFail),
            item("pressure", Label::new("出水压力", "Outlet pressure"), pressure),
        ];
        let section = FormSection { key: "pumps".into(), name: Label::new("水泵", "Pumps"), items };
        Self {
            code: "pump-room".into(),
            name: Label::new("水泵房巡检", "Pump room"),
            form: Form { sections: vec![section], pass_percent: None, repair_type: None },
            revises: None,
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/code", &self.code, 1..=60);
        self.name.check(check, "/name");
        self.form.check(check, "/form");
    }

    fn needs(&self, record: Option<&Template>, _: &Actor) -> Vec<Need> {
        let types = self.form.order_types().into_iter().map(Need::record);
        types.chain(self.revises.or(record.and_then(|record| record.revises)).map(Need::record)).collect()
    }
}

impl Save for TemplateSave {
    fn decide(
        self,
        id: Id<Template>,
        current: Option<Template>,
        context: &Context<'_>,
    ) -> Result<Decision<Template>, Refusal> {
        if current.is_some_and(|current| current.state != TemplateState::Draft) {
            return Err(Refusal::StillInUse { what: "a published form never changes; make its next version".into() });
        }
        for order_type in self.form.order_types() {
            if context.related.get(order_type).is_none_or(|sort| !sort.active) {
                return Err(Refusal::BadReference { pointer: "/form/repair_type".into() });
            }
        }
        let before = match self.revises {
            Some(before) => Some(revised(before, context)?),
            None => None,
        };
        let family = before.map_or(id, |before| before.family);
        let version = before.map_or(1, |before| before.version + 1);
        let TemplateSave { code, name, form, revises } = self;
        Ok(Template { id, family, version, code, name, form, revises, state: TemplateState::Draft }.into())
    }
}

/// The version that another is to take the place of.
fn revised<'a>(before: TemplateId, context: &'a Context<'_>) -> Result<&'a Template, Refusal> {
    let before: Option<&Template> = context.related.get(before);
    let usable =
        |before: &&Template| matches!(before.state, TemplateState::Published { .. } | TemplateState::Withdrawn { .. });
    before.filter(usable).ok_or(Refusal::BadReference { pointer: "/revises".into() })
}

/// Puts a draft into use. The version that it revises is replaced in the same moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublishTemplate {}

impl Payload for PublishTemplate {
    type Record = Template;

    fn example() -> Self {
        Self {}
    }

    fn needs(&self, record: Option<&Template>, _: &Actor) -> Vec<Need> {
        record.and_then(|record| record.revises).map(Need::record).into_iter().collect()
    }
}

impl Change for PublishTemplate {
    fn decide(self, mut template: Template, context: &Context<'_>) -> Result<Decision<Template>, Refusal> {
        if template.state != TemplateState::Draft {
            return Err(Refusal::StillInUse { what: "only a draft can be published".into() });
        }
        let unclear: Vec<FieldError> = repairs_without_type(&template.form);
        if !unclear.is_empty() {
            return Err(Refusal::Invalid { errors: unclear });
        }
        let mut also = Vec::new();
        if let Some(before) = template.revises {
            let mut before = revised(before, context)?.clone();
            before.state = TemplateState::Replaced { by: template.id, rev: context.rev };
            also.push(before.into());
        }
        template.state = TemplateState::Published { at: context.when.clone() };
        Ok(Decision { record: Some(template), also, flags: Vec::new() })
    }
}

/// Items that are to become orders of which nobody said what sort. A draft may have them: ready-made forms come so.
fn repairs_without_type(form: &Form) -> Vec<FieldError> {
    let unclear = |item: &super::form::FormItem| item.repair.is_some() && form.repair(item).is_none();
    if !form.items().any(|(_, item)| unclear(item)) {
        return Vec::new();
    }
    let detail = "the sort of order that failed items become".to_owned();
    vec![FieldError { pointer: "/form/repair_type".into(), code: "required".into(), detail }]
}

/// Takes a form out of use. What was begun with it can be finished.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawTemplate {}

impl Payload for WithdrawTemplate {
    type Record = Template;

    fn example() -> Self {
        Self {}
    }
}

impl Change for WithdrawTemplate {
    fn decide(self, mut template: Template, context: &Context<'_>) -> Result<Decision<Template>, Refusal> {
        if matches!(template.state, TemplateState::Replaced { .. } | TemplateState::Withdrawn { .. }) {
            return Err(Refusal::StillInUse { what: "it is out of use already".into() });
        }
        template.state = TemplateState::Withdrawn { at: context.when.clone(), rev: context.rev };
        Ok(template.into())
    }
}
