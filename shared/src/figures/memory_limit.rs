//! How much memory the process may have: the limit of its control group, as containers have one.

use std::path::{Path, PathBuf};

/// Where control groups show themselves.
const GROUPS: &str = "/sys/fs/cgroup";
/// Limits from here on mean "none": version 1 writes the largest multiple of a page.
const UNLIMITED_FROM: u64 = 1 << 60;

/// The limit in bytes; none without one, and where there are no control groups.
#[must_use]
pub fn bytes() -> Option<u64> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    limit(&read(Path::new("/proc/self/cgroup"))?, read)
}

/// The tightest limit on the way from the process's group to the root. Inside of a container the root of what is
/// mounted is the container's own group, so what is missing on the way is passed over.
fn limit(of_process: &str, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let limits = of_process.lines().filter_map(group);
    let limits = limits.flat_map(|(mounted, group, file)| {
        let ways = group.ancestors().map(move |part| {
            let below = part.strip_prefix("/").unwrap_or(part);
            mounted.join(below).join(file)
        });
        ways.collect::<Vec<_>>()
    });
    limits
        .filter_map(|path| read(&path)?.trim().parse().ok())
        .filter(|bytes| *bytes < UNLIMITED_FROM)
        .min()
}

/// A line `hierarchy:controllers:group` that says something of memory: where the hierarchy is mounted, the group in
/// it, and the file with the limit.
fn group(line: &str) -> Option<(PathBuf, PathBuf, &'static str)> {
    let mut parts = line.splitn(3, ':');
    let (hierarchy, controllers, group) = (parts.next()?, parts.next()?, parts.next()?);
    let is_version_2 = hierarchy == "0" && controllers.is_empty();
    if is_version_2 {
        return Some((GROUPS.into(), group.into(), "memory.max"));
    }
    let of_memory = controllers.split(',').any(|name| name == "memory");
    of_memory.then(|| {
        (
            Path::new(GROUPS).join("memory"),
            group.into(),
            "memory.limit_in_bytes",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_of(of_process: &str, files: &[(&str, &str)]) -> Option<u64> {
        limit(of_process, |path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn the_tightest_limit_on_the_way_up_counts() {
        let files = [
            ("/sys/fs/cgroup/pods/memory.max", "536870912\n"),
            ("/sys/fs/cgroup/pods/one/memory.max", "max\n"),
            ("/sys/fs/cgroup/memory.max", "1073741824\n"),
        ];
        assert_eq!(limit_of("0::/pods/one\n", &files), Some(536_870_912));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let files = [("/sys/fs/cgroup/memory.max", "268435456\n")];
        assert_eq!(limit_of("0::/\n", &files), Some(268_435_456));
        let first = [("/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n")];
        let of_process = "5:cpu,cpuacct:/kubepods/pod1\n4:memory:/kubepods/pod1\n";
        assert_eq!(limit_of(of_process, &first), Some(268_435_456));
    }

    #[test]
    fn without_a_limit_there_is_none() {
        assert_eq!(
            limit_of("0::/\n", &[("/sys/fs/cgroup/memory.max", "max\n")]),
            None
        );
        let huge = [(
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        )];
        assert_eq!(limit_of("4:memory:/\n", &huge), None);
        assert_eq!(limit_of("nonsense", &[]), None);
    }
}
