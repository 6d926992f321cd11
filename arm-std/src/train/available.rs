//! How much memory a run may take.

use std::fs;

/// Bytes that a process may still take before the system ends one: what is free or can be freed, and no more than its control
/// group may have. `None` where the system does not tell.
pub(super) fn available() -> Option<usize> {
    let free = fs::read_to_string("/proc/meminfo").ok().and_then(|text| free(&text))?;
    let group = fs::read_to_string("/proc/self/cgroup").ok();
    let path = group.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("0::")));
    let limit = path.and_then(|path| fs::read_to_string(format!("/sys/fs/cgroup{path}/memory.max")).ok());
    // "max" stands for none.
    let limit = limit.and_then(|text| text.trim().parse().ok());
    Some(free.min(limit.unwrap_or(usize::MAX)))
}

/// What `/proc/meminfo` says, swap included.
fn free(text: &str) -> Option<usize> {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line?.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()
    };
    of("MemAvailable")?.checked_add(of("SwapFree").unwrap_or(0))?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read() {
        let text = "MemTotal:       24000 kB\nMemAvailable:    1000 kB\nSwapFree:          24 kB\n";
        assert_eq!(free(text), Some(1 << 20));
        assert_eq!(free("MemAvailable:    1000 kB\n"), Some(1_024_000));
        assert_eq!(free("MemTotal: 24000 kB\n"), None);
        assert!(!cfg!(target_os = "linux") || available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
