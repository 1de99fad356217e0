//! The difference between two lists of lines, as a person reads it: ` ` both, `-` expected, `+` what came.

use std::fmt::Write;

/// Above so many pairs of lines the lists are shown one after the other: the table would take too much memory.
const PAIRS_MAX: usize = 4_000_000;

/// The difference; `None` when there is none.
pub(super) fn difference(expected: &[String], told: &[String]) -> Option<String> {
    if expected == told {
        return None;
    }
    let mut text = String::new();
    let mut line = |sign: char, line: &str| {
        writeln!(text, "{sign} {line}").expect("writing to memory can't fail");
    };
    let common = common(expected, told);
    let (mut x, mut y) = (0, 0);
    for (i, j) in common.into_iter().chain([(expected.len(), told.len())]) {
        expected[x..i].iter().for_each(|missing| line('-', missing));
        told[y..j].iter().for_each(|new| line('+', new));
        if let Some(both) = expected.get(i) {
            line(' ', both);
        }
        (x, y) = (i + 1, j + 1);
    }
    Some(text)
}

/// A longest common subsequence, as pairs of indices.
fn common(a: &[String], b: &[String]) -> Vec<(usize, usize)> {
    if a.len() * b.len() > PAIRS_MAX {
        return Vec::new();
    }
    // longest[i][j]: that of a[i..] and b[j..].
    let mut longest = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i][j] = match a[i] == b[j] {
                true => longest[i + 1][j + 1] + 1,
                false => longest[i + 1][j].max(longest[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn common_lines_stand_between_the_others() {
        assert_eq!(difference(&lines("a b"), &lines("a b")), None);
        let shown = difference(&lines("a b c e"), &lines("a x c d e f"));
        assert_eq!(
            shown.as_deref(),
            Some("  a\n- b\n+ x\n  c\n+ d\n  e\n+ f\n")
        );
        assert_eq!(difference(&[], &lines("a")).as_deref(), Some("+ a\n"));
    }
}
