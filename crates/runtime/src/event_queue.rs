//! Hands events from the engine's thread to whoever waits for them: an async task or a blocked thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Unbounded, but never longer than the answer it carries. One consumer.
pub struct EventQueue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

struct State<T> {
    events: VecDeque<T>,
    closed: bool,
    waker: Option<Waker>,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                events: VecDeque::new(),
                closed: false,
                waker: None,
            }),
            ready: Condvar::new(),
        }
    }
}

impl<T> EventQueue<T> {
    /// Adds events; nothing is added once the queue is closed.
    pub fn push_all(&self, events: impl IntoIterator<Item = T>) {
        let mut state = self.lock();
        if !state.closed {
            state.events.extend(events);
            self.wake(state);
        }
    }

    /// Nothing follows; what is queued is still handed over.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.wake(state);
    }

    /// All queued events, at least one; `None` once the queue is closed and empty.
    pub fn poll_all(&self, context: &mut Context<'_>) -> Poll<Option<Vec<T>>> {
        let mut state = self.lock();
        if !state.events.is_empty() {
            return Poll::Ready(Some(state.events.drain(..).collect()));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The next event, waiting for it; `None` once the queue is closed and empty.
    pub fn recv(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(event) = state.events.pop_front() {
                return Some(event);
            }
            if state.closed {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut state: MutexGuard<'_, State<T>>) {
        let waker = state.waker.take();
        drop(state);
        self.ready.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    struct CountingWaker(AtomicUsize);

    impl Wake for CountingWaker {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_pending_poll_is_woken_and_gets_all_that_is_ready() {
        let queue = EventQueue::default();
        let wakes = Arc::new(CountingWaker(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&wakes));
        let mut context = Context::from_waker(&waker);
        assert!(queue.poll_all(&mut context).is_pending());
        queue.push_all([1, 2]);
        queue.push_all([3]);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(queue.poll_all(&mut context), Poll::Ready(Some(vec![1, 2, 3])));
        assert!(queue.poll_all(&mut context).is_pending());
        queue.close();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
        queue.push_all([4]);
        assert_eq!(queue.poll_all(&mut context), Poll::Ready(None));
    }

    #[test]
    fn a_blocked_thread_gets_every_event_in_order() {
        let queue = Arc::new(EventQueue::default());
        let producer = Arc::clone(&queue);
        let thread = std::thread::spawn(move || {
            (0..1000).for_each(|number| producer.push_all([number]));
            producer.close();
        });
        let received: Vec<i32> = std::iter::from_fn(|| queue.recv()).collect();
        thread.join().unwrap();
        assert_eq!(received, (0..1000).collect::<Vec<_>>());
    }
}
