//! Threads that make prompts: few, however many requests come at once. A thread for each would leave whoever reads the
//! network next to nothing of the processor.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

/// Bytes of text from which on a prompt is long: it takes some milliseconds or more.
const LONG_BYTES: usize = 16 << 10;

type Task = Box<dyn FnOnce() + Send>;

/// One thread for everything and one for short prompts alone, so that these wait for no long one, however many there are.
const TAKES_LONG: [bool; 2] = [true, false];

/// Runs a task that makes a prompt of so many bytes on one of the threads, which every model of this process shares. Short
/// ones and long ones begin in order of arrival each.
pub fn on_prompt_thread(num_bytes: usize, task: impl FnOnce() + Send + 'static) {
    static TASKS: OnceLock<&'static Tasks> = OnceLock::new();
    let task = Box::new(task);
    match TASKS.get_or_init(start) {
        // Where a thread couldn't be started: better late than never.
        tasks if !tasks.are_served => task(),
        tasks => tasks.add(num_bytes, task),
    }
}

/// What the threads have to do.
#[derive(Default)]
struct Tasks {
    queues: Mutex<Queues>,
    added: Condvar,
    are_served: bool,
}

#[derive(Default)]
struct Queues {
    num_added: u64,
    /// With their numbers, counted as they came.
    short: VecDeque<(u64, Task)>,
    long: VecDeque<(u64, Task)>,
}

impl Tasks {
    fn add(&self, num_bytes: usize, task: Task) {
        let mut queues = self.queues();
        queues.num_added += 1;
        let numbered = (queues.num_added, task);
        if num_bytes < LONG_BYTES {
            queues.short.push_back(numbered);
        } else {
            queues.long.push_back(numbered);
        }
        drop(queues);
        // Not one: it might be the thread that doesn't take it.
        self.added.notify_all();
    }

    /// The next task, the one that came first, waiting for it.
    fn next(&self, takes_long: bool) -> Task {
        let mut queues = self.queues();
        loop {
            let number = |queue: &VecDeque<(u64, Task)>| queue.front().map_or(u64::MAX, |(number, _)| *number);
            let is_long_next = takes_long && number(&queues.long) < number(&queues.short);
            let queue = if is_long_next {
                &mut queues.long
            } else {
                &mut queues.short
            };
            if let Some((_, task)) = queue.pop_front() {
                return task;
            }
            queues = self.added.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        // No task runs under the lock.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the threads, which last as long as the process.
fn start() -> &'static Tasks {
    let tasks: &'static Tasks = Box::leak(Box::new(Tasks {
        are_served: true,
        ..Tasks::default()
    }));
    for (index, takes_long) in TAKES_LONG.into_iter().enumerate() {
        let thread = thread::Builder::new().name(format!("izwi-prompt-{index}"));
        // The first one can do without the other, and not the other way round.
        if thread.spawn(move || serve(tasks, takes_long)).is_err() && takes_long {
            return Box::leak(Box::default());
        }
    }
    tasks
}

fn serve(tasks: &Tasks, takes_long: bool) {
    loop {
        // Whatever a task was for has its own way to fail; the thread stays for the next.
        let _ = catch_unwind(AssertUnwindSafe(tasks.next(takes_long)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_short_task_runs_also_after_one_that_panics_and_beside_long_ones_that_wait() {
        let (sender, done) = channel();
        let (go_on, held) = channel::<()>();
        on_prompt_thread(LONG_BYTES, move || assert!(held.recv().is_err()));
        for index in 100..103 {
            let sender = sender.clone();
            on_prompt_thread(LONG_BYTES, move || drop(sender.send((index, None))));
        }
        on_prompt_thread(0, || std::panic::resume_unwind(Box::new("a task that fails")));
        for number in 0..100 {
            let sender = sender.clone();
            on_prompt_thread(LONG_BYTES - 1, move || {
                drop(sender.send((number, thread::current().name().map(str::to_owned))))
            });
        }
        drop(sender);
        let mut numbers = Vec::new();
        let mut go_on = Some(go_on);
        loop {
            match done.recv_timeout(Duration::from_secs(60)) {
                Ok((number, name)) => {
                    assert!(number >= 100 || name.is_some_and(|name| name.starts_with("izwi-prompt-")));
                    numbers.push(number);
                    if numbers.len() == 100 {
                        // All the short ones are through while the first long one still waits.
                        go_on = None;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("a task never ran"),
            }
        }
        assert!(go_on.is_none());
        assert_eq!(numbers, (0..103).collect::<Vec<_>>());
    }
}
