//! Points in time.

/// An instant in UTC, RFC 3339 on the wire.
///
/// Databases and digests keep microseconds; whoever makes a timestamp that will be stored or signed passes it
/// through [`to_micros`] first, so that what comes back equals what went in.
///
/// Wire structs spell the type out, because the OpenAPI derive knows it by that name only.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// The same instant without what lies below a microsecond.
pub fn to_micros(time: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_survive_and_nanoseconds_do_not() {
        let time: Timestamp = "2026-03-01T08:00:00.123456789Z".parse().expect("a time");
        assert_eq!(to_micros(time).to_rfc3339(), "2026-03-01T08:00:00.123456+00:00");
        assert_eq!(to_micros(Timestamp::MAX_UTC).timestamp_micros(), Timestamp::MAX_UTC.timestamp_micros());
        assert_eq!(to_micros(Timestamp::MIN_UTC).timestamp_micros(), Timestamp::MIN_UTC.timestamp_micros());
    }
}
