//! Tables of what the office looks after: complaints, reviews, handovers, devices, webhooks.

use mobile_api::{
    complaint::{Complaint, ComplaintClass, ComplaintState},
    device::Device,
    handover::Handover,
    review::Review,
    webhook::Webhook,
};

use super::{
    super::cell::{several, word},
    Cell, Column, Table, table,
};

table!(Complaint:
    "number" => |complaint| complaint.number.as_ref();
    "state" => |complaint| Cell::Word("file-status", complaint.status().as_str().to_owned());
    "severity" => |complaint| word("list-severity", &complaint.severity);
    "channel" => |complaint| word("list-complaint-channel", &complaint.channel);
    "recorded-at" => |complaint| &complaint.recorded;
    "due" => |complaint| complaint.due();
    "complainant" => |complaint| &complaint.complainant.name;
    "caller-phone" => |complaint| complaint.complainant.phone.as_ref();
    "site" => |complaint| complaint.about.site;
    "unit" => |complaint| complaint.about.unit;
    "customer" => |complaint| complaint.about.customer;
    "order" => |complaint| complaint.about.order;
    "asset" => |complaint| complaint.about.asset;
    "person" => |complaint| complaint.about.person;
    "text" => |complaint| &complaint.text;
    "wanted" => |complaint| complaint.wanted.as_ref();
    "founded" => |complaint| complaint.judgements.last().map(|judgement| judgement.founded);
    "people" => |complaint| several(complaint.people.iter().copied());
    "repairs" => |complaint| several(complaint.orders.iter().map(|opened| opened.order));
    "closed-at" => |complaint| match &complaint.state {
        ComplaintState::Closed { closed, .. } => Some(closed),
        _ => None,
    };
    "repeats" => |complaint| complaint.repeats;
    "merged-into" => |complaint| complaint.merged_into;
);

table!(ComplaintClass:
    "code" => |class| &class.code;
    "name" => |class| &class.name;
    "part-of" => |class| class.parent;
    "active" => |class| class.active;
);

table!(Review:
    "opened-at" => |review| review.opened_at;
    "about-kind" => |review| Cell::Word("list-kind", review.about.kind.as_str().to_owned());
    "about" => |review| Cell::Name(review.about);
    "operation" => |review| &review.operation_type;
    "by" => |review| review.by;
    "site" => |review| review.site;
    "flags" => |review| several(review.flags.iter().map(|flagged| word("flag", &flagged.flag)));
    "problem" => |review| review.problem.as_ref().map(|problem| &problem.detail);
    "decision" => |review| review.resolution.as_ref().map(|resolution| word("list-decision", &resolution.decision));
    "decided-at" => |review| review.resolution.as_ref().map(|resolution| &resolution.at);
    "decided-by" => |review| review.resolution.as_ref().map(|resolution| resolution.by);
    "note" => |review| review.resolution.as_ref().map(|resolution| &resolution.note);
);

/// Where a handover stands.
fn standing(handover: &Handover) -> Cell {
    let standing = match (&handover.withdrawn, handover.is_complete()) {
        (Some(_), _) => "withdrawn",
        (None, true) => "complete",
        (None, false) => "open",
    };
    Cell::Word("list-handover", standing.to_owned())
}

table!(Handover:
    "opened-at" => |handover| &handover.opened;
    "state" => |handover| standing(handover);
    "from-person" => |handover| handover.from;
    "to-person" => |handover| handover.to;
    "by" => |handover| handover.by;
    "orders" => |handover| several(handover.orders.iter().map(|handed| handed.order));
    "articles" => |handover| handover.material.len();
    "pieces" => |handover| handover.pieces.len();
    "given-at" => |handover| handover.given.as_ref().map(|signed| &signed.at);
    "taken-at" => |handover| handover.taken.as_ref().map(|signed| &signed.at);
    "note" => |handover| handover.note.as_ref();
);

table!(Device:
    "name" => |device| &device.name;
    "user" => |device| device.user;
    "platform" => |device| &device.platform;
    "app-version" => |device| &device.app_version;
    "registered-at" => |device| device.registered_at;
    "revoked-at" => |device| device.revoked.as_ref().map(|revoked| revoked.at);
    "revoked-by" => |device| device.revoked.as_ref().map(|revoked| revoked.by);
    "reason" => |device| device.revoked.as_ref().map(|revoked| &revoked.reason);
);

table!(Webhook:
    "name" => |webhook| &webhook.name;
    "url" => |webhook| &webhook.url;
    "active" => |webhook| webhook.active;
    "events" => |webhook| several(&webhook.events);
    "failing-since" => |webhook| webhook.given_up.as_ref().map(|given_up| given_up.failing_since);
    "reason" => |webhook| webhook.given_up.as_ref().map(|given_up| &given_up.reason);
);
