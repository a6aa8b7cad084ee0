//! A pool of threads for short parallel regions: no allocation per region, no waiting for a worker
//! that didn't come, and no CPU burnt between requests.
//!
//! The caller of [`ThreadPool::run`] opens a region, works on it itself, and closes it. A worker
//! that sees an open region enters it, takes tasks, and leaves. The caller returns once the tasks
//! are used up and every worker that entered has left, so a worker that sleeps, or that the system
//! has descheduled, delays nobody.
//!
//! Each thread has a share of the tasks that follow each other, so that it reads memory forwards,
//! as memory is fetched ahead; a thread that is done with its own takes the last ones of the others.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a worker looks for the next region before it sleeps. Regions of one forward pass
/// follow each other within a few microseconds.
const SPIN_TIME: Duration = Duration::from_micros(80);

/// The region's state word: bit 0 is "open", bits 1 to 31 count the workers inside, and the upper
/// half numbers the regions.
const OPEN: u64 = 1;
const ONE_WORKER: u64 = 2;
const WORKERS: u64 = (1 << 32) - 2;
const NEXT_REGION: u64 = 1 << 32;

type Task = dyn Fn(usize) + Sync;

/// A fixed set of threads that work on one parallel region at a time.
pub struct ThreadPool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the caller whose region runs: regions of several callers take turns.
    caller: Mutex<()>,
}

struct Shared {
    state: AtomicU64,
    /// The tasks left to each thread, the caller's first.
    shares: Box<[Share]>,
    job: UnsafeCell<Job>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    stop: AtomicBool,
    num_sleeping: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
}

/// The region's function, its lifetime erased: it's only called between open and close.
#[derive(Clone, Copy)]
struct Job {
    task: Option<*const Task>,
}

// SAFETY: `job` is the only part that isn't Sync by itself. It is written by the caller while no
// region is open and no worker is inside, and read only by workers inside an open region; the
// state word's release and acquire order the two. The pointer's target is Sync.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `job` is never used after its region, wherever `Shared` has moved.
unsafe impl Send for Shared {}

thread_local! {
    /// Set while this thread runs tasks, of whichever pool: a nested region runs inline.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Tasks never run under these locks, so a poisoned one still guards a whole value.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ThreadPool {
    /// A pool of `num_threads` threads, the caller of [`run`](Self::run) included; 0 counts as 1.
    /// If the system refuses a thread, the pool is smaller: see [`num_threads`](Self::num_threads).
    pub fn new(num_threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            shares: (0..num_threads.max(1)).map(|_| Share::default()).collect(),
            job: UnsafeCell::new(Job { task: None }),
            panic: Mutex::new(None),
            stop: AtomicBool::new(false),
            num_sleeping: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        });
        let workers = (1..num_threads)
            .map_while(|index| {
                let shared = Arc::clone(&shared);
                thread::Builder::new()
                    .name(format!("izwi-worker-{index}"))
                    .spawn(move || shared.work(index))
                    .ok()
            })
            .collect();
        Self {
            shared,
            workers,
            caller: Mutex::new(()),
        }
    }

    /// Threads that take part in a region, the caller included.
    pub fn num_threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `f(0)` to `f(num_tasks - 1)`, each once, on the pool's threads and this one, and
    /// returns when all are done. From within a task it runs them one after the other.
    ///
    /// # Panics
    /// With the first panic of a task, once all threads have left the region; tasks not yet begun
    /// by then are skipped. The pool stays usable.
    pub fn run(&self, num_tasks: usize, f: &(dyn Fn(usize) + Sync)) {
        if num_tasks <= 1 || self.workers.is_empty() || INSIDE.get() {
            for index in 0..num_tasks {
                f(index);
            }
            return;
        }
        let turn = lock(&self.caller);
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. Nothing calls the function after `close` below,
        // which this function reaches on every path: `run_tasks` doesn't unwind.
        let task = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static Task>(f) };
        // SAFETY: no region is open and no worker is inside (`close` waited for that, and `turn`
        // keeps other callers out), so nobody else looks at the job.
        unsafe {
            *shared.job.get() = Job { task: Some(task) };
        }
        shared.share_out(num_tasks);
        shared.open();
        shared.run_tasks(0, task);
        shared.close();
        let panic = lock(&shared.panic).take();
        drop(turn);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(lock(&self.shared.sleep));
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches its tasks' panics, so joining can't fail for one.
            let _ = worker.join();
        }
    }
}

/// A range of tasks that is taken from at both ends: the first one in the lower half, the one after the last in the
/// upper. On a cache line of its own: its thread takes from it all the time.
#[derive(Default)]
#[repr(align(128))]
struct Share(AtomicU64);

impl Share {
    fn set(&self, first: usize, end: usize) {
        debug_assert!(end <= u32::MAX as usize);
        self.0.store((end as u64) << 32 | first as u64, Ordering::Relaxed);
    }

    fn take_first(&self) -> Option<usize> {
        let taken = self.update(|first, end| (first + 1, end))?;
        Some(taken as u32 as usize)
    }

    fn take_last(&self) -> Option<usize> {
        let taken = self.update(|first, end| (first, end - 1))?;
        Some((taken >> 32) as usize - 1)
    }

    /// The range before the update; `None` if it's empty.
    fn update(&self, next: impl Fn(u64, u64) -> (u64, u64)) -> Option<u64> {
        let advance = |range: u64| {
            let (first, end) = (range & u64::from(u32::MAX), range >> 32);
            (first < end).then(|| {
                let (first, end) = next(first, end);
                end << 32 | first
            })
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, advance).ok()
    }
}

impl Shared {
    fn open(&self) {
        let before = self.state.load(Ordering::Relaxed);
        self.state
            .store(before.wrapping_add(NEXT_REGION) | OPEN, Ordering::SeqCst);
        // A worker counts itself as sleeping before it looks at the state for the last time, and
        // this looks at the count after changing the state: one of the two sees the other.
        if self.num_sleeping.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.sleep));
            self.wake.notify_all();
        }
    }

    /// Lets no more workers in, and waits for those inside.
    fn close(&self) {
        let mut state = self.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while state & WORKERS != 0 {
            spins += 1;
            if spins < 4096 {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
            state = self.state.load(Ordering::Acquire);
        }
    }

    /// Gives every thread as many tasks. No region is open; opening one publishes the shares.
    fn share_out(&self, num_tasks: usize) {
        let num_shares = self.shares.len();
        let mut first = 0;
        for (index, share) in self.shares.iter().enumerate() {
            let end = num_tasks * (index + 1) / num_shares;
            share.set(first, end);
            first = end;
        }
    }

    /// Takes tasks until none is left, the thread's own first. A panic is kept for the caller and ends the region.
    fn run_tasks(&self, thread: usize, task: &Task) {
        INSIDE.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while let Some(index) = self.shares[thread].take_first() {
                task(index);
            }
            for other in 1..self.shares.len() {
                let share = &self.shares[(thread + other) % self.shares.len()];
                while let Some(index) = share.take_last() {
                    task(index);
                }
            }
        }));
        INSIDE.set(false);
        if let Err(payload) = outcome {
            self.shares.iter().for_each(|share| share.set(0, 0));
            lock(&self.panic).get_or_insert(payload);
        }
    }

    /// A worker's life.
    fn work(&self, thread: usize) {
        let mut last_region = 0;
        while self.wait_for_region(last_region) {
            let state = self.state.load(Ordering::Relaxed);
            if state & OPEN == 0 || state / NEXT_REGION == last_region {
                continue;
            }
            let entered =
                self.state
                    .compare_exchange_weak(state, state + ONE_WORKER, Ordering::Acquire, Ordering::Relaxed);
            if entered.is_err() {
                continue;
            }
            last_region = state / NEXT_REGION;
            // SAFETY: this worker is counted inside an open region: the caller wrote the job
            // before it opened, and waits for this worker to leave before it returns.
            let job = unsafe { *self.job.get() };
            if let Some(task) = job.task {
                // SAFETY: the function lives until the caller returns, which is after the leave.
                self.run_tasks(thread, unsafe { &*task });
            }
            self.state.fetch_sub(ONE_WORKER, Ordering::Release);
        }
    }

    /// Returns true when a region other than `last_region` is open, false when the pool ends.
    fn wait_for_region(&self, last_region: u64) -> bool {
        let is_new = || {
            let state = self.state.load(Ordering::SeqCst);
            state & OPEN != 0 && state / NEXT_REGION != last_region
        };
        let start = Instant::now();
        loop {
            for _ in 0..32 {
                if is_new() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if self.stop.load(Ordering::SeqCst) {
                return false;
            }
            if start.elapsed() > SPIN_TIME {
                break;
            }
        }
        let mut guard = lock(&self.sleep);
        self.num_sleeping.fetch_add(1, Ordering::SeqCst);
        while !is_new() && !self.stop.load(Ordering::SeqCst) {
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.num_sleeping.fetch_sub(1, Ordering::SeqCst);
        !self.stop.load(Ordering::SeqCst)
    }
}

/// Physical cores that this process may use: its affinity mask and its control group's quota are
/// respected, and two hardware threads of one core count once. On macOS only performance cores count.
pub fn default_num_threads() -> usize {
    let available = thread::available_parallelism().map_or(1, |n| n.get());
    physical_cores().map_or(available, |cores| cores.clamp(1, available))
}

#[cfg(target_os = "linux")]
fn physical_cores() -> Option<usize> {
    // SAFETY: an all-zero cpu_set_t is a valid, empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is as large as the size that is passed; 0 means this thread.
    let status = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    if status != 0 {
        return None;
    }
    let mut cores = std::collections::BTreeSet::new();
    for cpu in 0..8 * size_of::<libc::cpu_set_t>() {
        // SAFETY: `cpu` is below the number of bits in the set.
        if unsafe { libc::CPU_ISSET(cpu, &set) } {
            let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
            cores.insert(std::fs::read_to_string(path).ok()?);
        }
    }
    Some(cores.len())
}

#[cfg(target_os = "macos")]
fn physical_cores() -> Option<usize> {
    let mut count: i32 = 0;
    let mut size = size_of::<i32>();
    // SAFETY: the name is a C string, and `count` has the `size` bytes that may be written.
    let status = unsafe {
        libc::sysctlbyname(
            c"hw.perflevel0.physicalcpu".as_ptr(),
            (&raw mut count).cast(),
            &mut size,
            std::ptr::null_mut(),
            0,
        )
    };
    (status == 0).then(|| usize::try_from(count).ok()).flatten()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn physical_cores() -> Option<usize> {
    None
}
