//! How many connections the system's limit on open files leaves room for.
//!
//! Without that room a crowd of idle connections would take the files that the store needs.

/// Files that are open beside connections: the store's, its readers', the runtime's; and some to
/// spare.
const OTHER_FILES_MAX: usize = 64;

/// As many connections as are wanted, or as many as there are files for.
pub(super) fn connections_that_fit(wanted: usize) -> usize {
    // Where the system does not say, nothing is known against it.
    let limits = std::fs::read_to_string("/proc/self/limits").ok();
    let Some(files_max) = limits.as_deref().and_then(files_max) else { return wanted };
    let fit = files_max.saturating_sub(OTHER_FILES_MAX).max(1);
    if fit < wanted {
        tracing::info!(files_max, connections_max = fit, "open files are the limit of connections");
    }
    wanted.min(fit)
}

/// The soft limit (`proc_pid_limits(5)`). `None` where there is none.
fn files_max(limits: &str) -> Option<usize> {
    let columns = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    columns.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit       Units\n\
                      Max processes             94512                94512            processes\n\
                      Max open files            1024                 524288           files\n";
        assert_eq!(files_max(limits), Some(1024));
        assert_eq!(files_max(&limits.replace("1024  ", "unlimited  ")), None);
        assert_eq!(files_max(""), None);
        assert_eq!(connections_that_fit(1), 1);
    }
}
