//! SIGINT and SIGTERM: the run ends between two answers; a second signal ends it at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether a signal has come.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Listens for the signals.
    pub fn listen() -> io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            let once = Arc::new(AtomicBool::new(false));
            // in this order, so that the first signal does not meet its own flag
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&once))?;
            flag::register(signal, once)?;
            flag::register_usize(signal, Arc::clone(&stop.0), usize::try_from(signal).unwrap_or(0))?;
        }
        Ok(stop)
    }

    /// The exit code of the signal that has come.
    pub fn code(&self) -> Option<u8> {
        let signal = self.0.load(Ordering::Relaxed);
        (signal != 0).then(|| 128 + signal as u8)
    }
}
