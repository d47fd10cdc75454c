-- The short code on each completion certificate, for whoever holds the paper; see `src/certificate/`. Written with the
-- signature. An order that was signed before gets its code when its certificate is first asked for.
CREATE TABLE certificates (
    code TEXT NOT NULL PRIMARY KEY,
    org_id UUID NOT NULL REFERENCES organisations (id),
    work_order_id UUID NOT NULL,
    op_id UUID NOT NULL
);
CREATE UNIQUE INDEX certificates_by_signature ON certificates (org_id, op_id);
