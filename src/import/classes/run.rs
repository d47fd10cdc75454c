//! The import of classes: read, arranged, compared with those that are here, and offered to the door.

use std::collections::HashMap;

use diesel::prelude::*;
use mobile_api::{
    complaint::{ComplaintClass, ComplaintClassSave},
    ids::ComplaintClassId,
    record::Kind,
};
use uuid::Uuid;

use super::{
    ClassMapping,
    tree::{self, Class},
};
use crate::{
    db::{Conn, DbError, both, schema::records, types::Uid},
    import::{
        Input, Progress, ids,
        table::{
            Change, TableOptions, TableReport, What,
            cells::{Row, Table},
            run::{Planned, open, store_all, write_refused},
        },
        words::sentence,
    },
    operations::{Door, DoorError, store::unsigned},
};

/// Imports classes. Unless `accept_rest` is set, one refused row keeps all of them from being stored.
///
/// # Errors
/// Only what kept it from beginning, as a sentence for a person: the file is too large, is not written as it is said to
/// be, has no such columns; the file of refused rows cannot be written; the database does not answer.
pub async fn classes(
    door: &Door,
    mapping: &ClassMapping,
    input: Input,
    options: &TableOptions,
    mut watch: impl FnMut(Progress<'_, TableReport>),
) -> Result<TableReport, String> {
    let words = options.language;
    let (said, for_rows) = (options.encoding, mapping.clone());
    let read = move || {
        let (text, encoding) = open(input, said, words)?;
        Ok::<_, String>((encoding, tree::read(&text, &for_rows, words)?))
    };
    let (encoding, table) = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())??;
    let Table { header, rows, mut refused } = table;
    let org = options.org;
    let here = door.db().read(move |conn| here(conn, org)).await.map_err(|error| sentence(words, error))?;
    let known = here.keys().cloned().collect();
    let mut report = TableReport::new(encoding, said.is_none(), options.preview);
    let arranged = tree::arrange(rows, &known, &mut refused, words);
    // A path can be several classes, so that these are counted, and not lines.
    report.rows = (arranged.len() + refused.len()) as u64;
    let plan = plan(org, arranged, &here, &mut report);
    store_all(door, options, plan, &mut report, &mut refused, &mut watch).await;
    write_refused(options, mapping.delimiter(), &header, &mut refused, &mut report)?;
    Ok(report)
}

/// The classes that are here with their revisions, by code.
type Here = HashMap<String, (u64, ComplaintClass)>;

fn here(conn: &mut Conn, org: Uuid) -> Result<Here, DoorError> {
    let query = records::table
        .filter(records::org_id.eq(Uid(org)))
        .filter(records::kind.eq(Kind::ComplaintClass.as_str()))
        .filter(records::deleted.eq(false))
        .select((records::rev, records::body));
    let rows: Vec<(i64, String)> = both!(conn, c => query.load(c)).map_err(DbError::from)?;
    let mut here = Here::new();
    for (rev, body) in rows {
        let class: ComplaintClass =
            serde_json::from_str(&body).map_err(|cause| DoorError::Corrupt { what: "record", cause })?;
        here.insert(class.code.clone(), (unsigned(rev), class));
    }
    Ok(here)
}

fn plan(org: Uuid, classes: Vec<Class>, here: &Here, report: &mut TableReport) -> Vec<Planned<ComplaintClassSave>> {
    let id_of = |code: &str| -> ComplaintClassId {
        here.get(code).map_or_else(|| ids::complaint_class(org, code), |(_, class)| class.id)
    };
    let mut plan = Vec::new();
    for Class { line, code, parent, name, raw } in classes {
        let entity = id_of(&code).uuid();
        let save = ComplaintClassSave { code: code.clone(), name, parent: parent.as_deref().map(id_of), active: true };
        let before = here.get(&code);
        let what = match before {
            None => What::New,
            Some((_, class)) if class.name == save.name && class.parent == save.parent => What::Unchanged,
            Some(_) => What::Particulars,
        };
        let change = Change { line, key: code.clone(), what };
        report.count(&change);
        if change.is_any() {
            let active = before.is_none_or(|(_, class)| class.active);
            let row = Row { line, key: code, save: ComplaintClassSave { active, ..save }, raw };
            plan.push(Planned { row, entity, rev: before.map_or(0, |(rev, _)| *rev), change });
        }
    }
    plan
}
