//! What Linux says: of the machine in `/proc/meminfo`, of containers in their control groups, old and new.

use std::fs::read_to_string;
use std::path::Path;

use super::Memory;

/// The files of a control group that hold its limit, its use, and the names of the file pages in `memory.stat`, which the
/// system takes back when memory is short.
struct Files {
    limit: &'static str,
    usage: &'static str,
    file_pages: [&'static str; 2],
}

const V2: Files = Files {
    limit: "memory.max",
    usage: "memory.current",
    file_pages: ["inactive_file", "active_file"],
};
const V1: Files = Files {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    file_pages: ["total_inactive_file", "total_active_file"],
};

/// The part of the machine's memory that is left; `root` is `/`, or in tests another folder with the same files.
pub(super) fn limited(machine: Memory, root: &Path) -> Memory {
    let mut memory = machine;
    if let Some(available) = meminfo(root, "MemAvailable:") {
        memory.available_bytes = memory.available_bytes.min(available);
    }
    let groups = read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if controllers.is_empty() {
            narrow(&mut memory, &root.join("sys/fs/cgroup"), path, &V2);
        } else if controllers.split(',').any(|controller| controller == "memory") {
            narrow(&mut memory, &root.join("sys/fs/cgroup/memory"), path, &V1);
        }
    }
    memory
}

/// Each group from the process's own up to the topmost one may limit it. Within a container the path may be that of the
/// host, which isn't there: then only the topmost counts, which is the container's own.
fn narrow(memory: &mut Memory, mount: &Path, path: &str, files: &Files) {
    let machine_bytes = memory.total_bytes;
    let own = mount.join(path.trim_start_matches('/'));
    for group in own.ancestors().take_while(|group| group.starts_with(mount)) {
        let number = |name: &str| read_to_string(group.join(name)).ok()?.trim().parse::<usize>().ok();
        // "max" is no number, and the old limit without one is larger than any memory.
        let Some(limit) = number(files.limit).filter(|&limit| limit < machine_bytes) else {
            continue;
        };
        let stat = read_to_string(group.join("memory.stat")).unwrap_or_default();
        let reclaimable: usize = files.file_pages.iter().filter_map(|name| field(&stat, name)).sum();
        let used = number(files.usage).unwrap_or(0).saturating_sub(reclaimable);
        memory.total_bytes = memory.total_bytes.min(limit);
        memory.available_bytes = memory.available_bytes.min(limit.saturating_sub(used));
    }
}

fn meminfo(root: &Path, name: &str) -> Option<usize> {
    let text = read_to_string(root.join("proc/meminfo")).ok()?;
    field(&text, name).map(|kib| kib * 1024)
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<usize> {
    let mut words = text.lines().map(str::split_whitespace);
    words.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir_all, remove_dir_all, write};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const MIB: usize = 1 << 20;
    const MACHINE: Memory = Memory {
        total_bytes: 16384 * MIB,
        available_bytes: 16384 * MIB,
    };

    /// What a machine with these files has, in MiB.
    fn seen(files: &[(&str, &str)]) -> (usize, usize) {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root: PathBuf = std::env::temp_dir().join(format!("izwi-memory-{}-{number}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            create_dir_all(path.parent().expect("a folder")).expect("a folder to write to");
            write(path, text).expect("a file");
        }
        let memory = limited(MACHINE, &root);
        let _ = remove_dir_all(root);
        (memory.total_bytes / MIB, memory.available_bytes / MIB)
    }

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:       16777216 kB\nMemFree: 100 kB\nMemAvailable:    8388608 kB\n",
    );

    #[test]
    fn the_machine_counts_where_nothing_limits() {
        assert_eq!(seen(&[]), (16384, 16384));
        assert_eq!(seen(&[MEMINFO]), (16384, 8192));
        let unlimited = [
            MEMINFO,
            ("proc/self/cgroup", "0::/user.slice/a\n"),
            ("sys/fs/cgroup/user.slice/a/memory.max", "max\n"),
        ];
        assert_eq!(seen(&unlimited), (16384, 8192));
    }

    #[test]
    fn a_control_group_limits_what_is_in_it() {
        let group = [
            MEMINFO,
            ("proc/self/cgroup", "0::/docker/a\n"),
            ("sys/fs/cgroup/docker/a/memory.max", "2147483648\n"),
            ("sys/fs/cgroup/docker/a/memory.current", "1073741824\n"),
            (
                "sys/fs/cgroup/docker/a/memory.stat",
                "anon 536870912\ninactive_file 268435456\nactive_file 268435456\n",
            ),
        ];
        assert_eq!(seen(&group), (2048, 1536));
        // A stricter limit further up.
        let above = [("sys/fs/cgroup/docker/memory.max", "1073741824\n")];
        assert_eq!(seen(&[&group[..], &above].concat()), (1024, 1024));
    }

    #[test]
    fn within_a_container_the_topmost_group_is_its_own() {
        let files = [
            MEMINFO,
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "1073741824\n"),
            ("sys/fs/cgroup/memory.current", "104857600\n"),
        ];
        assert_eq!(seen(&files), (1024, 924));
        let host_path = [
            ("proc/self/cgroup", "5:cpu,memory:/docker/b\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1048576000\n"),
            ("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 524288000\n"),
        ];
        assert_eq!(seen(&host_path), (1024, 524));
    }

    #[test]
    fn this_machine_tells() {
        let memory = Memory::of_this_process().expect("Linux tells");
        assert!(memory.available_bytes > 0 && memory.available_bytes <= memory.total_bytes);
    }
}
