//! The tables, once for both databases. `diesel`'s own types are used but for [`Id`], which each database stores
//! in its own way. Kept equal to `migrations/` by the parity test.

#![expect(missing_docs, reason = "the comments on tables and columns are in the migrations")]

use super::types::Id;

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    organisations (id) {
        id -> Id,
        slug -> Text,
        epoch -> Id,
        secret -> Binary,
        version -> BigInt,
        horizon -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    counters (org_id, name) {
        org_id -> Id,
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    records (org_id, kind, id) {
        org_id -> Id,
        kind -> Text,
        id -> Id,
        rev -> BigInt,
        deleted -> Bool,
        body -> Text,
        reach -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    journal (org_id, op_id) {
        org_id -> Id,
        op_id -> Id,
        version -> BigInt,
        #[sql_name = "type"]
        op_type -> Text,
        kind -> Text,
        entity_id -> Id,
        actor_id -> Id,
        device_id -> Nullable<Id>,
        seq -> Nullable<BigInt>,
        group_id -> Nullable<Id>,
        rev -> Nullable<BigInt>,
        received_at -> BigInt,
        digest -> Binary,
        body -> Text,
        status -> Text,
        outcome -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    journal_conflicts (org_id, op_id, digest) {
        org_id -> Id,
        op_id -> Id,
        digest -> Binary,
        actor_id -> Id,
        device_id -> Nullable<Id>,
        received_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    held (org_id, op_id) {
        org_id -> Id,
        op_id -> Id,
        waits_for -> Text,
        device_id -> Nullable<Id>,
        seq -> Nullable<BigInt>,
        until -> BigInt,
        context -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    feed (org_id, kind, id, scope) {
        org_id -> Id,
        scope -> Text,
        kind -> Text,
        id -> Id,
        version -> BigInt,
        refs -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    device_state (org_id, device_id) {
        org_id -> Id,
        device_id -> Id,
        user_id -> Id,
        next_seq -> BigInt,
        revoked -> Bool,
        registered_at -> BigInt,
        last_seen_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    credentials (user_id) {
        user_id -> Id,
        org_id -> Id,
        login -> Text,
        password_hash -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    refresh_tokens (digest) {
        digest -> Binary,
        family -> Id,
        follows -> Nullable<Binary>,
        org_id -> Id,
        user_id -> Id,
        device_id -> Nullable<Id>,
        issued_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    signing_keys (kid) {
        kid -> Text,
        private_pem -> Text,
        public_pem -> Text,
        created_at -> BigInt,
        retires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    login_failures (subject) {
        subject -> Text,
        failures -> BigInt,
        last_at -> BigInt,
        blocked_until -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    jobs (id) {
        id -> Id,
        org_id -> Id,
        kind -> Text,
        unique_key -> Text,
        payload -> Text,
        run_at -> BigInt,
        attempts -> BigInt,
        locked_until -> BigInt,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    work_orders (org_id, id) {
        org_id -> Id,
        id -> Id,
        number -> Nullable<Text>,
        status -> Text,
        order_type_id -> Id,
        site_id -> Id,
        unit_id -> Nullable<Id>,
        customer_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        assignee_id -> Nullable<Id>,
        priority -> Text,
        received_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
        deadline -> Text,
        external_source -> Nullable<Text>,
        external_id -> Nullable<Text>,
        reach_changes_at -> Nullable<BigInt>,
        signed_at -> Nullable<BigInt>,
        passed -> Nullable<Bool>,
        warranty_until -> Nullable<BigInt>,
        watch_at -> Nullable<BigInt>,
        asset_id -> Nullable<Id>,
        plan_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    order_facts (org_id, settled_at, order_id) {
        org_id -> Id,
        settled_at -> BigInt,
        order_id -> Id,
        called_at -> BigInt,
        technician_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        site_id -> Id,
        order_type_id -> Id,
        deadline -> Nullable<Text>,
        passed -> Nullable<Bool>,
        response_seconds -> Nullable<BigInt>,
        resolution_seconds -> BigInt,
        labour_minutes -> BigInt,
        rework -> Bool,
        material_minor -> Nullable<BigInt>,
        material_unpriced -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    backfills (org_id, target, kind) {
        org_id -> Id,
        target -> Text,
        kind -> Text,
        after_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    complaint_facts (org_id, received_at, complaint_id) {
        org_id -> Id,
        received_at -> BigInt,
        complaint_id -> Id,
        site_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        class_id -> Nullable<Id>,
        cause -> Nullable<Text>,
        founded -> Nullable<Bool>,
        told -> Nullable<Text>,
        told_due -> Nullable<BigInt>,
        responded -> Nullable<Text>,
        responded_due -> Nullable<BigInt>,
        resolved -> Nullable<Text>,
        resolved_due -> Nullable<BigInt>,
        called -> Nullable<Text>,
        called_due -> Nullable<BigInt>,
        accepted -> Nullable<Bool>,
        again -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    labour (org_id, technician_id, started_at, op_id) {
        org_id -> Id,
        technician_id -> Id,
        started_at -> BigInt,
        op_id -> Id,
        ended_at -> BigInt,
        work_order_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    directory (org_id, kind, id) {
        org_id -> Id,
        kind -> Text,
        id -> Id,
        parent_id -> Nullable<Id>,
        site_id -> Nullable<Id>,
        name -> Text,
        code -> Nullable<Text>,
        active -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    reviews (org_id, id) {
        org_id -> Id,
        id -> Id,
        status -> Text,
        opened_at -> BigInt,
        kind -> Text,
        entity_id -> Id,
        site_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    photos (org_id, op_id) {
        org_id -> Id,
        op_id -> Id,
        kind -> Text,
        entity_id -> Id,
        sha256 -> Binary,
        user_id -> Id,
        device_id -> Nullable<Id>,
        recorded_at -> BigInt,
        awaited -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    blobs (org_id, sha256) {
        org_id -> Id,
        sha256 -> Binary,
        refs -> BigInt,
        state -> Text,
        bytes -> Nullable<BigInt>,
        object -> Nullable<Text>,
        received_at -> Nullable<BigInt>,
        arrival -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    uploads (id) {
        id -> Id,
        org_id -> Id,
        user_id -> Id,
        device_id -> Nullable<Id>,
        sha256 -> Binary,
        bytes -> BigInt,
        received -> BigInt,
        metadata -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        finished -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    upload_parts (upload_id, start_at) {
        upload_id -> Id,
        start_at -> BigInt,
        bytes -> BigInt,
        object -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    certificates (code) {
        code -> Text,
        org_id -> Id,
        work_order_id -> Id,
        op_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    monthly_counts (org_id, place_id) {
        org_id -> Id,
        place_id -> Id,
        due_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    stock_levels (org_id, place, article_id) {
        org_id -> Id,
        place -> Text,
        article_id -> Id,
        id -> Id,
        milli -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    stock_moves (org_id, id) {
        org_id -> Id,
        id -> Id,
        kind -> Text,
        article_id -> Id,
        from_place -> Text,
        to_place -> Text,
        milli -> BigInt,
        received_at -> BigInt,
        happened_at -> BigInt,
        by_id -> Id,
        awaiting -> Bool,
        used_milli -> BigInt,
        technician_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        site_id -> Nullable<Id>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    stock_serials (org_id, id) {
        org_id -> Id,
        id -> Id,
        article_id -> Id,
        serial -> Text,
        place -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    stock_counts (org_id, id) {
        org_id -> Id,
        id -> Id,
        place -> Text,
        open -> Bool,
        opened_at -> BigInt,
        counters -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    reserved (org_id, work_order_id, place, article_id) {
        org_id -> Id,
        work_order_id -> Id,
        place -> Text,
        article_id -> Id,
        milli -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    payments (org_id, op_id) {
        org_id -> Id,
        op_id -> Id,
        work_order_id -> Id,
        site_id -> Id,
        user_id -> Id,
        method -> Text,
        minor -> BigInt,
        at -> BigInt,
        receipt -> Nullable<Text>,
        reference -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    assets (org_id, id) {
        org_id -> Id,
        id -> Id,
        name -> Text,
        asset_type -> Text,
        code -> Nullable<Text>,
        serial -> Nullable<Text>,
        serial_key -> Nullable<Text>,
        site_id -> Id,
        building_id -> Nullable<Id>,
        unit_id -> Nullable<Id>,
        parent_id -> Nullable<Id>,
        status -> Text,
        certificate_expires -> Nullable<Text>,
        certificate_untold -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    templates (org_id, id) {
        org_id -> Id,
        id -> Id,
        family_id -> Id,
        version -> BigInt,
        code -> Text,
        name -> Text,
        status -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    rounds (org_id, id) {
        org_id -> Id,
        id -> Id,
        name -> Text,
        template_id -> Id,
        site_id -> Id,
        assignee_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        active -> Bool,
        plan_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    inspections (org_id, id) {
        org_id -> Id,
        id -> Id,
        at -> BigInt,
        template_id -> Id,
        round_id -> Nullable<Id>,
        work_order_id -> Nullable<Id>,
        site_id -> Id,
        unit_id -> Nullable<Id>,
        asset_id -> Nullable<Id>,
        assignee_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        status -> Text,
        passed -> Nullable<Bool>,
        due_until -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        points -> BigInt,
        late_points -> BigInt,
        missed_points -> BigInt,
        reach_changes_at -> Nullable<BigInt>,
        watch_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    faults (org_id, fault_id, work_order_id) {
        org_id -> Id,
        fault_id -> Id,
        work_order_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    quote_links (code) {
        code -> Text,
        org_id -> Id,
        work_order_id -> Id,
        quote_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    histories (org_id, subject_id, kind, id) {
        org_id -> Id,
        subject_id -> Id,
        kind -> Text,
        id -> Id,
        at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    asset_readings (org_id, id) {
        org_id -> Id,
        id -> Id,
        asset_id -> Id,
        site_id -> Id,
        meter -> Text,
        milli -> BigInt,
        beyond -> Bool,
        at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    webhooks (org_id, id) {
        org_id -> Id,
        id -> Id,
        sending -> Bool,
        version -> BigInt,
        op_id -> Id,
        attempts -> BigInt,
        failing_since -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        next_at -> BigInt,
        delivered_at -> Nullable<BigInt>,
        claimed_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    handovers (org_id, id) {
        org_id -> Id,
        id -> Id,
        from_id -> Id,
        to_id -> Id,
        open -> Bool,
        opened_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    maintenance_plans (org_id, id) {
        org_id -> Id,
        id -> Id,
        name -> Text,
        site_id -> Id,
        asset_id -> Id,
        active -> Bool,
        readings -> Bool,
        look_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    shutdowns (org_id, id) {
        org_id -> Id,
        id -> Id,
        begins_at -> BigInt,
        site_id -> Id,
        asset_id -> Id,
        plan_id -> Nullable<Id>,
        work_order_id -> Nullable<Id>,
        assignee_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        status -> Text,
        edition -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    shutdown_notices (org_id, id) {
        org_id -> Id,
        id -> Id,
        shutdown_id -> Id,
        site_id -> Id,
        unit_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        read_edition -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    complaints (org_id, id) {
        org_id -> Id,
        id -> Id,
        number -> Nullable<Text>,
        received_at -> BigInt,
        status -> Text,
        severity -> Text,
        channel -> Text,
        site_id -> Nullable<Id>,
        unit_id -> Nullable<Id>,
        customer_id -> Nullable<Id>,
        asset_id -> Nullable<Id>,
        work_order_id -> Nullable<Id>,
        person_id -> Nullable<Id>,
        team_id -> Nullable<Id>,
        class_id -> Nullable<Id>,
        founded -> Nullable<Bool>,
        escalated -> Bool,
        closed_at -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
        watch_at -> Nullable<BigInt>,
        reach_changes_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    return_visits (org_id, id) {
        org_id -> Id,
        id -> Id,
        about_id -> Id,
        site_id -> Id,
        unit_id -> Nullable<Id>,
        customer_id -> Nullable<Id>,
        assignee_id -> Nullable<Id>,
        status -> Text,
        satisfaction -> Nullable<Text>,
        disagrees -> Bool,
        since -> BigInt,
        due_at -> Nullable<BigInt>,
        next_at -> Nullable<BigInt>,
        watch_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    notice_links (code) {
        code -> Text,
        org_id -> Id,
        notice_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    complaint_people (org_id, user_id, complaint_id) {
        org_id -> Id,
        user_id -> Id,
        complaint_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    survey_links (code) {
        code -> Text,
        org_id -> Id,
        return_visit_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::Id;

    search_texts (org_id, kind, id) {
        org_id -> Id,
        kind -> Text,
        id -> Id,
        seq -> BigInt,
        text -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    records,
    journal,
    feed,
    organisations,
    counters,
    held,
    device_state,
    journal_conflicts,
    work_orders,
    assets,
    histories,
    asset_readings,
    templates,
    rounds,
    inspections,
    faults,
    directory,
    reviews,
    order_facts,
    labour,
    credentials,
    payments,
    photos,
    blobs,
    uploads,
    upload_parts,
    monthly_counts,
    stock_levels,
    stock_moves,
    stock_serials,
    stock_counts,
    reserved,
    handovers,
    webhooks,
    maintenance_plans,
    shutdowns,
    shutdown_notices,
    complaints,
    complaint_people,
    return_visits,
    search_texts
);
