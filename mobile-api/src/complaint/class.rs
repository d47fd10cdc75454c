//! Classes of complaints (投诉分类): the firm's own tree.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    check::{Check, FieldError},
    directory::{Label, in_catalog},
    ids::{ComplaintClassId, Id},
    operation::{Context, Decision, Need, Payload, Save},
    record::{Kind, Reach, RecordType},
    refusal::Refusal,
    time::Timestamp,
};

/// Most classes above one.
const DEEPEST: usize = 10;

/// A class of complaints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComplaintClass {
    /// Its id.
    pub id: ComplaintClassId,
    /// The firm's own code for it.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// The class that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ComplaintClassId>,
    /// Whether complaints may be given it.
    pub active: bool,
}

impl RecordType for ComplaintClass {
    const KIND: Kind = Kind::ComplaintClass;

    fn visible_to(&self, _: &Actor) -> bool {
        true
    }

    fn reach(&self, _: Timestamp) -> Vec<Reach> {
        in_catalog(Self::KIND, self.id)
    }
}

/// Makes a class of complaints or changes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComplaintClassSave {
    /// The firm's own code for it; 1 to 60 characters.
    pub code: String,
    /// Its name.
    pub name: Label,
    /// The class that it is part of; none that is part of this one. At most ten above each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ComplaintClassId>,
    /// Whether complaints may be given it.
    pub active: bool,
}

impl Payload for ComplaintClassSave {
    type Record = ComplaintClass;

    fn example() -> Self {
        Self {
            code: "repair".into(), name: Label::new("维修质量", "Quality of repairs"), parent: None, active: true
        }
    }

    fn check(&self, check: &mut Check) {
        check.text("/code", &self.code, 1..=60);
        self.name.check(check, "/name");
    }

    fn needs(&self, _: Option<&ComplaintClass>, _: &Actor) -> Vec<Need> {
        let above = self.parent.map(|class| Need::ClassesAbove { class });
        self.parent.map(Need::record).into_iter().chain(above).collect()
    }
}

impl Save for ComplaintClassSave {
    fn decide(
        self,
        id: Id<ComplaintClass>,
        _: Option<ComplaintClass>,
        context: &Context<'_>,
    ) -> Result<Decision<ComplaintClass>, Refusal> {
        let ComplaintClassSave { code, name, parent, active } = self;
        let above = &context.related.classes_above;
        let wrong = |code: &str, detail: &str| {
            let error = FieldError { pointer: "/parent".into(), code: code.into(), detail: detail.into() };
            Err(Refusal::Invalid { errors: vec![error] })
        };
        if parent == Some(id) || above.contains(&id) {
            return wrong("loop", "a class that is not part of this one");
        }
        if parent.is_some_and(|parent| context.related.get(parent).is_none()) {
            return Err(Refusal::BadReference { pointer: "/parent".into() });
        }
        if above.len() >= DEEPEST {
            return wrong("out_of_range", "at most ten classes above each other");
        }
        Ok(ComplaintClass { id, code, name, parent, active }.into())
    }
}
