//! The thread pool: every task once, whatever happens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use izwi_kernels::{ThreadPool, default_num_threads};

#[test]
fn every_task_runs_once_over_many_regions() {
    for threads in [1, 2, 5] {
        let pool = ThreadPool::new(threads);
        assert_eq!(pool.num_threads(), threads);
        let counts: Vec<_> = (0..16).map(|_| AtomicU32::new(0)).collect();
        let mut expected = vec![0; 16];
        for region in 0..10_000 {
            let num_tasks = region % 17;
            pool.run(num_tasks, &|i| {
                counts[i].fetch_add(1, Ordering::Relaxed);
            });
            expected[..num_tasks].iter_mut().for_each(|e| *e += 1);
            // A pause now and then, so that workers sleep and are woken.
            if region % 1000 == 999 {
                std::thread::sleep(Duration::from_millis(1));
                let seen: Vec<_> = counts.iter().map(|c| c.load(Ordering::Relaxed)).collect();
                assert_eq!(seen, expected);
            }
        }
    }
}

#[test]
fn workers_take_part() {
    let pool = ThreadPool::new(2);
    let here = std::thread::current().id();
    let start = Instant::now();
    let elsewhere = AtomicU32::new(0);
    while elsewhere.load(Ordering::Relaxed) == 0 && start.elapsed() < Duration::from_secs(20) {
        pool.run(2, &|_| {
            if std::thread::current().id() != here {
                elsewhere.fetch_add(1, Ordering::Relaxed);
            }
            std::thread::sleep(Duration::from_millis(2));
        });
    }
    assert_ne!(elsewhere.load(Ordering::Relaxed), 0);
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_stays_usable() {
    let pool = ThreadPool::new(3);
    for round in 0..200 {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            pool.run(64, &|i| {
                if i == round % 64 {
                    panic!("task {i}");
                }
            });
        }));
        let payload = outcome.unwrap_err();
        let message = payload.downcast_ref::<String>().unwrap();
        assert_eq!(*message, format!("task {}", round % 64));
        let sum = AtomicUsize::new(0);
        pool.run(100, &|i| {
            sum.fetch_add(i, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 4950);
    }
}

#[test]
fn nested_regions_run_inline() {
    let (pool, other) = (ThreadPool::new(3), ThreadPool::new(2));
    let count = AtomicU32::new(0);
    pool.run(10, &|_| {
        let here = std::thread::current().id();
        for inner in [&pool, &other] {
            inner.run(10, &|_| {
                assert_eq!(std::thread::current().id(), here);
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(count.into_inner(), 200);
}

#[test]
fn several_callers_take_turns() {
    let pool = ThreadPool::new(3);
    let count = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    pool.run(7, &|_| {
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 4 * 500 * 7);
}

#[test]
fn dropping_an_idle_or_busy_pool_ends_its_threads() {
    for pause in [0, 3] {
        for _ in 0..50 {
            let pool = ThreadPool::new(4);
            pool.run(4, &|_| {});
            std::thread::sleep(Duration::from_millis(pause));
            drop(pool);
        }
    }
}

#[test]
fn sleeping_workers_burn_no_cpu() {
    let pool = ThreadPool::new(4);
    pool.run(8, &|_| {});
    std::thread::sleep(Duration::from_millis(50));
    let Some(before) = process_cpu_time() else {
        println!("skipped: no process CPU clock here");
        return;
    };
    // Other tests of this program share the process, so only a bound that 3 spinning workers
    // would break by far is asserted, on the quietest of several windows.
    let mut least = Duration::MAX;
    let mut last = before;
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(100));
        let now = process_cpu_time().unwrap();
        least = least.min(now - last);
        last = now;
    }
    assert!(
        least < Duration::from_millis(50),
        "{least:?} of CPU in 100 ms of idling"
    );
}

#[cfg(unix)]
fn process_cpu_time() -> Option<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec to write to.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    (status == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(unix))]
fn process_cpu_time() -> Option<Duration> {
    None
}

#[test]
fn default_is_at_least_one_and_at_most_what_is_available() {
    let available = std::thread::available_parallelism().map_or(1, |n| n.get());
    assert!((1..=available).contains(&default_num_threads()));
}
