//! Whose turn it is where there are fewer cores than threads with something to do.

/// How much less of a contended core a thread with a low priority gets: a third of what a normal one does.
#[cfg(target_os = "linux")]
const NICE: libc::c_int = 5;

/// Gives those threads of this process whose name begins so a low priority, for good: a thread that has little to do, such as one
/// that reads the network, then needn't wait for the end of a computing one's turn. On Linux only, where threads have priorities
/// of their own that anybody may lower, and only who is privileged may raise again; elsewhere it does nothing.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
pub fn lower_thread_priority(name_prefix: &str) {
    #[cfg(target_os = "linux")]
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let name = std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        let id = thread.file_name().to_str().and_then(|id| id.parse::<libc::id_t>().ok());
        let Some(id) = id.filter(|_| name.starts_with(name_prefix)) else {
            continue;
        };
        // SAFETY: it changes the scheduling of a thread of this process, or of none if that one has just ended, and touches no
        // memory. A refusal changes nothing.
        unsafe {
            if libc::getpriority(libc::PRIO_PROCESS, id) < NICE {
                libc::setpriority(libc::PRIO_PROCESS, id, NICE);
            }
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn threads_of_that_name_are_lowered_and_no_others() {
        // SAFETY: it reads the calling thread's own priority.
        let priority = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = priority();
        let threads = ["priority-low-1", "priority-low-2", "priority-as-it-is"].map(|name| {
            let (go_on, held) = channel::<()>();
            let (is_running, running) = channel();
            let work = move || {
                is_running.send(()).unwrap();
                held.recv().unwrap();
                priority()
            };
            let thread = std::thread::Builder::new().name(name.into()).spawn(work).unwrap();
            // It has its name by now.
            running.recv().unwrap();
            (go_on, thread)
        });
        lower_thread_priority("priority-low");
        let found = threads.map(|(go_on, thread)| {
            go_on.send(()).unwrap();
            thread.join().unwrap()
        });
        assert_eq!(found, [before.max(NICE), before.max(NICE), before]);
        assert_eq!(priority(), before);
    }
}
