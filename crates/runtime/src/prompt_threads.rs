//! Threads that make prompts: few, however many requests come at once. A thread for each would leave whoever reads the
//! network next to nothing of the processor.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

/// Two, so that a short prompt needn't wait for a long one.
const NUM_THREADS: usize = 2;

type Task = Box<dyn FnOnce() + Send>;

/// Runs a task on one of the threads, which every model of this process shares; in order of arrival.
pub fn on_prompt_thread(task: impl FnOnce() + Send + 'static) {
    static TASKS: OnceLock<Sender<Task>> = OnceLock::new();
    let tasks = TASKS.get_or_init(start);
    if let Err(unsent) = tasks.send(Box::new(task)) {
        // No thread could be started: better late than never.
        (unsent.0)();
    }
}

fn start() -> Sender<Task> {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for index in 0..NUM_THREADS {
        let receiver = Arc::clone(&receiver);
        let name = format!("izwi-prompt-{index}");
        // One that can't be started leaves the work to the other.
        let _ = thread::Builder::new().name(name).spawn(move || serve(&receiver));
    }
    sender
}

fn serve(tasks: &Mutex<Receiver<Task>>) {
    // Held while waiting: the others wait for the lock instead of the channel.
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(task) = next() {
        // Whatever a task was for has its own way to fail; the thread stays for the next.
        let _ = catch_unwind(AssertUnwindSafe(task));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_task_runs_also_after_one_that_panics_and_beside_one_that_waits() {
        let (sender, done) = channel();
        let (go_on, held) = channel::<()>();
        on_prompt_thread(move || assert!(held.recv().is_err()));
        on_prompt_thread(|| std::panic::resume_unwind(Box::new("a task that fails")));
        for number in 0..100 {
            let sender = sender.clone();
            on_prompt_thread(move || drop(sender.send((number, thread::current().name().map(str::to_owned)))));
        }
        drop(sender);
        let mut numbers = Vec::new();
        loop {
            match done.recv_timeout(Duration::from_secs(10)) {
                Ok((number, name)) => {
                    assert!(name.is_some_and(|name| name.starts_with("izwi-prompt-")));
                    numbers.push(number);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("a task never ran"),
            }
        }
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        drop(go_on);
    }
}
