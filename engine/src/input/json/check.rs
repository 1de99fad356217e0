//! Check: one alert against the limits, and that no object in it has a key twice.

use simd_json::Node;

use super::super::limits::Limits;
use super::super::reject::{Reject, excerpt};
use super::value::{Fields, Value, extent};

/// Checks one alert against the limits, and that no object in it has a key twice.
///
/// # Errors
/// [`Reject::TooManyNodes`], [`Reject::TooManyKeys`], [`Reject::DuplicateKey`].
pub(in super::super) fn check(value: Value<'_>, limits: &Limits) -> Result<(), Reject> {
    let nodes = value.0;
    if nodes.len() > limits.nodes_max {
        return Err(Reject::TooManyNodes {
            nodes: nodes.len(),
            max: limits.nodes_max,
        });
    }
    for (at, node) in nodes.iter().enumerate() {
        if let Node::Object { len, .. } = node {
            if *len > limits.keys_max {
                return Err(Reject::TooManyKeys {
                    keys: *len,
                    max: limits.keys_max,
                });
            }
            check_keys(nodes, at + 1, *len)?;
        }
    }
    Ok(())
}

/// Checks the keys of an envelope alone; what is inside is checked when it is read.
///
/// # Errors
/// [`Reject::TooManyKeys`], [`Reject::DuplicateKey`].
pub(in super::super) fn check_envelope(value: Value<'_>, limits: &Limits) -> Result<(), Reject> {
    let keys = value.len();
    if keys > limits.keys_max {
        return Err(Reject::TooManyKeys {
            keys,
            max: limits.keys_max,
        });
    }
    check_keys(value.0, 1, keys)
}

/// Up to this many keys are compared with those before them that fall on the same bit; more are sorted, so that
/// chosen keys can't make the check quadratic.
const FEW_KEYS: usize = 32;

/// Checks the object whose `len` keys and values begin at `start`.
fn check_keys(nodes: &[Node<'_>], start: usize, len: usize) -> Result<(), Reject> {
    if len > FEW_KEYS {
        return check_many_keys(Fields(nodes.get(start..).unwrap_or_default()), len);
    }
    // One register, not an array of bits: going through memory for each key costs more than a look back.
    let mut seen = 0_u64;
    let mut at = start;
    for count in 0..len {
        let (Some(Node::String(key)), Some(value)) = (nodes.get(at), nodes.get(at + 1)) else {
            break;
        };
        let bit = 1_u64 << (key_hash(key.as_bytes()) >> 2);
        if seen & bit != 0 {
            let earlier = Fields(nodes.get(start..).unwrap_or_default()).take(count);
            if earlier.into_iter().any(|(earlier, _)| earlier == *key) {
                return Err(Reject::DuplicateKey { key: excerpt(key) });
            }
        }
        seen |= bit;
        at += 1 + extent(value);
    }
    Ok(())
}

#[cold]
fn check_many_keys(fields: Fields<'_>, len: usize) -> Result<(), Reject> {
    let mut keys: Vec<&str> = fields.take(len).map(|(key, _)| key).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Reject::DuplicateKey {
            key: excerpt(pair[0]),
        }),
        None => Ok(()),
    }
}

/// A byte for a key, from its length and three of its bytes: enough to tell the keys of an object apart.
#[inline]
pub(in super::super) fn key_hash(key: &[u8]) -> u8 {
    let (Some(first), Some(middle), Some(last)) = (key.first(), key.get(key.len() / 2), key.last())
    else {
        return 0;
    };
    // Only its low byte counts.
    let mixed = u32::from_le_bytes([key.len() as u8, *first, *middle, *last]);
    // Multiplied by 2^32 over the golden ratio, the high bits depend on all four bytes.
    (mixed.wrapping_mul(0x9E37_79B1) >> 24) as u8
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::*;

    fn reason(document: &str) -> &'static str {
        let limits = Limits::default();
        let result = Reader::new(&limits).read(document.as_bytes(), |root| check(root, &limits));
        result.err().map_or("accepted", |reject| reject.reason())
    }

    #[test]
    fn a_key_twice_is_rejected_at_any_depth_and_width() {
        assert_eq!(reason(r#"{"a":1,"a":1}"#), "duplicate_key");
        assert_eq!(
            reason(r#"{"a":[{"b":{"c":1,"d":2,"c":3}}]}"#),
            "duplicate_key"
        );
        assert_eq!(reason(r#"{"a":1,"\u0061":2}"#), "duplicate_key");
        assert_eq!(reason(r#"{"a":{"b":1},"b":{"a":1}}"#), "accepted");
        assert_eq!(reason(r#"{"":1,"":2}"#), "duplicate_key");
        let wide = |last: &str| {
            let keys: Vec<String> = (0..200).map(|at| format!("\"k{at}\":{at}")).collect();
            format!("{{{},\"{last}\":0}}", keys.join(","))
        };
        assert_eq!(reason(&wide("k7")), "duplicate_key");
        assert_eq!(reason(&wide("k200")), "accepted");
    }

    #[test]
    fn keys_on_the_same_bit_are_told_apart() {
        // Same length, first, middle and last byte.
        assert_eq!(key_hash(b"axbyc"), key_hash(b"aybzc"));
        assert_eq!(reason(r#"{"axbyc":1,"aybzc":2}"#), "accepted");
        assert_eq!(
            reason(r#"{"axbyc":1,"aybzc":2,"axbyc":3}"#),
            "duplicate_key"
        );
    }

    #[test]
    fn counts_end_at_the_limits() {
        let keys: Vec<String> = (0..513).map(|at| format!("\"k{at}\":{at}")).collect();
        assert_eq!(reason(&format!("{{{}}}", keys.join(","))), "too_many_keys");
        assert_eq!(
            reason(&format!("[{}0]", "0,".repeat(20_000))),
            "too_many_nodes"
        );
    }
}
