//! A reader, workers and a writer. The order of the input is kept, and no more than a few batches are held at once.
//!
//! Each batch travels with the channel that its answer comes back by; the writer has those channels in the order of the
//! input. An ordered parallel map over an iterator would wait for a full window before it gives the first answer, while
//! whoever feeds us line by line wants each answer at once: hence this and not a library's.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

/// How long anyone waits before looking whether the run is over.
const LOOK: Duration = Duration::from_millis(100);

/// What the writer is told.
pub enum Event<D> {
    /// The next answer.
    Done(D),
    /// Nothing is ready: a good time to flush and to show how far things are.
    Idle,
}

/// Runs `feed` on a thread of its own, `work` on `threads` more, and `take` on this one, which gets the answers in the
/// order of the batches. Ends when all is taken, when `take` fails or when it says `false`.
pub fn run<B, D, E>(
    threads: usize,
    feed: impl FnOnce(&mut dyn FnMut(B) -> bool) + Send + 'static,
    work: impl Fn(B) -> D + Sync,
    mut take: impl FnMut(Event<D>) -> Result<bool, E>,
) -> Result<(), E>
where
    B: Send + 'static,
    D: Send + 'static,
{
    type Job<B, D> = (B, SyncSender<D>);
    let (queue, answers) = sync_channel::<Receiver<D>>(threads * 2);
    let (send, jobs) = sync_channel::<Job<B, D>>(threads);
    let jobs = Mutex::new(jobs);
    let over = AtomicBool::new(false);
    // not one of the scope: it may sit in a read that nobody ends, and is left there when the run is over
    thread::spawn(move || {
        feed(&mut |batch| {
            let (back, answer) = sync_channel(1);
            queue.send(answer).is_ok() && send.send((batch, back)).is_ok()
        });
    });
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let job = jobs.lock().expect("no worker dies with the lock").recv_timeout(LOOK);
                    match job {
                        Ok((batch, back)) => drop(back.send(work(batch))),
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            });
        }
        let outcome = write(&answers, &mut take);
        over.store(true, Ordering::Relaxed);
        outcome
    })
}

fn write<D, E>(answers: &Receiver<Receiver<D>>, take: &mut impl FnMut(Event<D>) -> Result<bool, E>) -> Result<(), E> {
    loop {
        let Some(answer) = next(answers, take)? else { return Ok(()) };
        // a worker that is gone has taken its answer along: nothing to write
        let Some(done) = next(&answer, take)? else { return Ok(()) };
        if !take(Event::Done(done))? {
            return Ok(());
        }
    }
}

/// What a channel has next, `None` where it is at its end or the run is over. `take` hears of each wait.
fn next<T, D, E>(from: &Receiver<T>, take: &mut impl FnMut(Event<D>) -> Result<bool, E>) -> Result<Option<T>, E> {
    match from.try_recv() {
        Ok(x) => return Ok(Some(x)),
        Err(TryRecvError::Disconnected) => return Ok(None),
        Err(TryRecvError::Empty) => {}
    }
    loop {
        if !take(Event::Idle)? {
            return Ok(None);
        }
        match from.recv_timeout(LOOK) {
            Ok(x) => return Ok(Some(x)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(threads: usize, n: u64) -> Vec<u64> {
        let mut out = Vec::new();
        let feed = move |send: &mut dyn FnMut(u64) -> bool| {
            for i in 0..n {
                assert!(send(i));
            }
        };
        // the first batches take longest, so that an order by completion would show
        let work = |i: u64| {
            thread::sleep(Duration::from_micros(200 / (i + 1)));
            i * i
        };
        run(threads, feed, work, |e| {
            if let Event::Done(d) = e {
                out.push(d);
            }
            Ok::<_, ()>(true)
        })
        .expect("nothing fails");
        out
    }

    #[test]
    fn answers_come_in_the_order_of_the_input() {
        let wanted: Vec<u64> = (0..200).map(|i| i * i).collect();
        for threads in [1, 2, 5] {
            assert_eq!(squares(threads, 200), wanted, "{threads} threads");
        }
        assert!(squares(3, 0).is_empty());
    }

    #[test]
    fn a_failure_of_the_writer_ends_the_run_though_the_reader_never_would() {
        let feed = |send: &mut dyn FnMut(u64) -> bool| {
            let mut i = 0;
            while send(i) {
                i += 1;
            }
        };
        let mut taken = 0;
        let outcome = run(
            2,
            feed,
            |i| i,
            |e| {
                if let Event::Done(_) = e {
                    taken += 1;
                }
                if taken == 3 { Err("full") } else { Ok(true) }
            },
        );
        assert_eq!((outcome, taken), (Err("full"), 3));
    }
}
