//! What Linux says about this process, read from `/proc/self` at each scrape. Elsewhere there is nothing to read.
//!
//! Own code of a page: the metrics crate's own collector needs its `protobuf` and `procfs` features.

/// One look at the process. What can't be read is `None` and leaves its metric as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Process {
    pub(super) cpu_seconds: Option<f64>,
    pub(super) resident_bytes: Option<i64>,
    pub(super) virtual_bytes: Option<i64>,
    pub(super) threads: Option<i64>,
    pub(super) open_fds: Option<i64>,
    pub(super) max_fds: Option<i64>,
    pub(super) start_seconds: Option<f64>,
}

/// Clock ticks per second in `/proc`: 100 on every Linux that we ship for, and asking needs unsafe code.
#[cfg(target_os = "linux")]
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(not(target_os = "linux"))]
pub(super) fn look() -> Process {
    Process::default()
}

/// Reads what is there.
#[cfg(target_os = "linux")]
pub(super) fn look() -> Process {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (stat, status) = (read("/proc/self/stat"), read("/proc/self/status"));
    let descriptors = std::fs::read_dir("/proc/self/fd").ok();
    Process {
        cpu_seconds: cpu_seconds(&stat),
        resident_bytes: number_after(&status, "VmRSS:").map(|kib| kib * 1024),
        virtual_bytes: number_after(&status, "VmSize:").map(|kib| kib * 1024),
        threads: number_after(&status, "Threads:"),
        // The directory that is being read is one of them.
        open_fds: descriptors.and_then(|all| i64::try_from(all.count() - 1).ok()),
        max_fds: number_after(&read("/proc/self/limits"), "Max open files"),
        start_seconds: start_seconds(&stat, &read("/proc/stat")),
    }
}

/// Field `number` of `/proc/self/stat` as proc(5) counts them; from 3 on. The name before it may hold anything.
#[cfg(target_os = "linux")]
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace();
    fields.nth(number.checked_sub(3)?)?.parse().ok()
}

#[cfg(target_os = "linux")]
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (user, system) = (stat_field(stat, 14)?, stat_field(stat, 15)?);
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(target_os = "linux")]
fn start_seconds(stat: &str, machine: &str) -> Option<f64> {
    let boot = machine
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let since_boot = stat_field(stat, 22)? / TICKS_PER_SECOND;
    Some(boot.trim().parse::<f64>().ok()? + since_boot)
}

/// The first number in the line that begins with `label`.
#[cfg(target_os = "linux")]
fn number_after(text: &str, label: &str) -> Option<i64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let stat =
            "7 (a) b (c) S 1 1 1 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1000 5 6 7".to_owned();
        assert_eq!(cpu_seconds(&stat), Some(3.0));
        assert_eq!(start_seconds(&stat, "cpu 1\nbtime 100\n"), Some(110.0));
    }

    #[test]
    fn this_process_has_all_of_it() {
        let process = look();
        assert!(process.cpu_seconds.is_some_and(|seconds| seconds >= 0.0));
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1 << 20));
        assert!(process.open_fds.is_some_and(|count| count >= 3));
        assert!(process.max_fds > process.open_fds);
        assert!(process.threads.is_some_and(|count| count >= 1));
        assert!(process.start_seconds.is_some_and(|at| at > 1.7e9));
    }
}
