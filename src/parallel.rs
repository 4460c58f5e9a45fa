//! Work that the processors share, with results in the order of the work.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Bytes of stack, of which only those that are used take memory: functions, views and policies nest.
const STACK: usize = 64 << 20;

/// Does `work` for each item; a processor takes `taken` neighbours at a time.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], taken: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let parts: Vec<_> = items.chunks(taken.max(1)).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let Some((at, part)) = take(&parts, &next) {
            done.push((at, part.iter().map(&work).collect::<Vec<_>>()));
        }
        done
    };
    let mut all: Vec<(usize, Vec<R>)> = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).ok();
        let running: Vec<_> = (0..threads.min(parts.len())).filter_map(spawn).collect();
        let mut all = if running.is_empty() { run() } else { Vec::new() };
        all.extend(running.into_iter().flat_map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic))));
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().flat_map(|(_, results)| results).collect()
}

fn take<'p, T>(parts: &[&'p [T]], next: &AtomicUsize) -> Option<(usize, &'p [T])> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    parts.get(at).map(|part| (at, *part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_work() {
        let items: Vec<usize> = (0..1_000).collect();
        assert_eq!(each(&items, 16, |n| n * 2), items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(each(&[] as &[usize], 1, |n| *n), Vec::<usize>::new());
    }
}
