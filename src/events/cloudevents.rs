//! CloudEvents 1.0 in binary mode, by its Kafka protocol binding: the attributes are headers `ce_*`, the value is the
//! data alone. `ce_partitionkey` is the record's key, by the Partitioning extension.

use caseloom_engine::time::Timestamp;

use super::{Statement, key};

/// 9999-12-30T00:00:00Z. RFC 3339 ends two days later, what `Timestamp` can print some hours later.
const TIME_MAX: Timestamp = Timestamp(253_402_128_000_000);

/// The headers of an event with this id, from this source.
pub(super) fn headers(
    source: &str,
    statement: &Statement<'_>,
    uid: &str,
) -> Vec<(String, Vec<u8>)> {
    let group = &statement.case.group;
    let header = |name: &str, value: Vec<u8>| (name.to_owned(), value);
    let kind = format!("io.caseloom.case.{}.v1", statement.event.as_str());
    vec![
        header("ce_specversion", b"1.0".to_vec()),
        header("ce_id", uid.into()),
        header("ce_source", source.into()),
        header("ce_type", kind.into_bytes()),
        header("ce_subject", group.case.to_string().into_bytes()),
        header("ce_time", rfc3339(statement.time).into_bytes()),
        header("ce_partitionkey", key(&group.scope_name, group.case)),
        header("content-type", b"application/json".to_vec()),
    ]
}

pub(crate) fn rfc3339(time: Timestamp) -> String {
    time.clamp(Timestamp(0), TIME_MAX).to_rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_times_stay_rfc_3339() {
        assert_eq!(rfc3339(Timestamp::MIN), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Timestamp::MAX), "9999-12-30T00:00:00.000Z");
    }
}
