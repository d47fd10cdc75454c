//! A complaint repeats an earlier one.

use serde::{Deserialize, Serialize};

use super::{Complaint, standing::addition};
use crate::{
    actor::Actor,
    check::FieldError,
    ids::{ComplaintId, Id},
    operation::{Change, Context, Decision, Need, Payload},
    record::Record,
    refusal::Refusal,
};

/// Links a complaint to the earlier one that it repeats, or ends the link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkComplaint {
    /// The earlier one; `null` ends the link. None that repeats this one, be it by others: that would be a circle.
    pub earlier: Option<ComplaintId>,
}

impl Payload for LinkComplaint {
    type Record = Complaint;

    fn example() -> Self {
        Self { earlier: Some(Id::new(uuid::uuid!("01930000-0000-7000-8000-000000000091"))) }
    }

    fn needs(&self, record: Option<&Complaint>, _: &Actor) -> Vec<Need> {
        let before = self.earlier.map(|complaint| Need::ComplaintsBefore { complaint });
        let linked = record.and_then(|complaint| complaint.repeats);
        before.into_iter().chain(self.earlier.into_iter().chain(linked).map(Need::record)).collect()
    }
}

impl Change for LinkComplaint {
    fn decide(self, mut complaint: Complaint, context: &Context<'_>) -> Result<Decision<Complaint>, Refusal> {
        addition(&complaint, context, "link")?;
        let related = context.related;
        let mut also: Vec<Record> = Vec::new();
        if let Some(earlier) = self.earlier {
            if earlier == complaint.id || related.complaints_before.contains(&complaint.id) {
                let detail = "a complaint that does not repeat this one".into();
                let error = FieldError { pointer: "/earlier".into(), code: "loop".into(), detail };
                return Err(Refusal::Invalid { errors: vec![error] });
            }
            let known: Option<&Complaint> = related.get(earlier);
            let usable = known.filter(|known| known.merged_into.is_none());
            let mut earlier = usable.ok_or(Refusal::BadReference { pointer: "/earlier".into() })?.clone();
            if !earlier.repeated_by.contains(&complaint.id) {
                Complaint::push(&mut earlier.repeated_by, complaint.id)?;
            }
            also.push(earlier.into());
        }
        let left = complaint.repeats.filter(|linked| Some(*linked) != self.earlier);
        if let Some(left) = left.and_then(|left| related.get(left)) {
            let mut left: Complaint = left.clone();
            left.repeated_by.retain(|later| *later != complaint.id);
            also.push(left.into());
        }
        complaint.repeats = self.earlier;
        complaint.log(context, "link", None, None)?;
        Ok(Decision { record: Some(complaint), also, flags: Vec::new() })
    }
}
