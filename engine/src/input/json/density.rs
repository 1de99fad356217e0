//! Density: whether a large document is made of so many small values that reading it would take many times its size.
//!
//! simd-json takes 24 to 32 bytes for each value and each mark between values. In real alerts one byte of five is
//! such a place; in `[0,0,0,...` each is. Large documents where more than half of them are hold no alerts.

use super::super::reject::Reject;

/// Smaller documents can't take much.
const LARGE_BYTES: usize = 64 * 1024;

/// # Errors
/// [`Reject::TooManyNodes`], or [`Reject::TooDeep`] where that is why.
pub(super) fn check(document: &[u8], depth_max: usize) -> Result<(), Reject> {
    if document.len() < LARGE_BYTES {
        return Ok(());
    }
    let max = document.len() / 2;
    // Quick, and never too low: marks inside strings count as well.
    let marks = document
        .iter()
        .filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{' | b']' | b'}'))
        .count();
    if 2 * marks <= max {
        return Ok(());
    }
    let nodes = places(document, depth_max)?;
    if nodes <= max {
        return Ok(());
    }
    Err(Reject::TooManyNodes { nodes, max })
}

/// How many marks outside strings there are, and values between them.
fn places(document: &[u8], depth_max: usize) -> Result<usize, Reject> {
    let mut depth = 0_usize;
    let (mut places, mut is_quoted, mut is_escaped, mut is_value) = (0, false, false, false);
    for (offset, byte) in document.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => {
                is_quoted = !is_quoted;
                places += usize::from(is_quoted);
                is_value = is_quoted;
            }
            _ if is_quoted => {}
            b',' | b':' | b'[' | b'{' | b']' | b'}' => {
                places += 1;
                is_value = false;
                match byte {
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth > depth_max {
                    return Err(Reject::TooDeep {
                        offset,
                        max: depth_max,
                    });
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' => is_value = false,
            _ => {
                places += usize::from(!is_value);
                is_value = true;
            }
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_marks_and_values() {
        assert_eq!(places(b"[0,12 , \"a,b\\\",\" ]", 1), Ok(7));
        assert_eq!(places(b"{\"a\":true}", 1), Ok(5));
        assert_eq!(places(b"", 1), Ok(0));
        let deep = places(b"[[[", 2);
        assert_eq!(deep, Err(Reject::TooDeep { offset: 2, max: 2 }));
    }

    #[test]
    fn only_large_and_dense_documents_are_refused() {
        let dense = |values: usize| format!("[{}0]", "0,".repeat(values));
        assert!(check(dense(1_000).as_bytes(), 64).is_ok());
        assert!(check(dense(100_000).as_bytes(), 64).is_err());
        let payload = format!("{{\"payload\":\"{}\"}}", ",".repeat(200_000));
        assert!(check(payload.as_bytes(), 64).is_ok());
        let alerts = format!("[{}{{}}]", "{\"rule\":\"r\",\"host\":\"h\"},".repeat(9_000));
        assert!(check(alerts.as_bytes(), 64).is_ok());
    }
}
