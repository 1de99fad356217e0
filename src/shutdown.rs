//! One wish to stop, heard by everyone.
//!
//! A clone of [`Shutdown`] goes to each thread and task. Threads look at [`Shutdown::is_requested`] between two pieces
//! of work, wait with [`Shutdown::wait_timeout`] instead of sleeping, or put [`Shutdown::channel`] into a `select!`;
//! tasks await [`Shutdown::requested`]. A wish can't be taken back.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::watch;

/// The exit code after a second signal: failed, because nothing was brought to its end.
const SECOND_SIGNAL_EXIT: i32 = 1;

/// A handle on the wish to stop. Clones share it.
#[derive(Clone, Debug)]
pub struct Shutdown {
    flag: Arc<AtomicBool>,
    /// Dropped at the wish, which ends every wait on `channel`.
    open: Arc<Mutex<Option<Sender<Infallible>>>>,
    channel: Receiver<Infallible>,
    tasks: watch::Sender<bool>,
}

impl Shutdown {
    /// A handle that only [`Self::request`] sets off.
    #[must_use]
    pub fn new() -> Self {
        let (sender, channel) = crossbeam_channel::bounded(0);
        Self {
            flag: Arc::default(),
            open: Arc::new(Mutex::new(Some(sender))),
            channel,
            tasks: watch::Sender::new(false),
        }
    }

    /// A handle that SIGTERM and SIGINT set off too. The second signal ends the process at once with exit code 1, also
    /// when every thread hangs.
    ///
    /// # Errors
    /// When the signals can't be registered or their thread can't be started.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        for signal in [SIGTERM, SIGINT] {
            // The order matters: the first signal finds the flag down, raises it, and only the next one exits.
            let flag = || Arc::clone(&shutdown.flag);
            signal_hook::flag::register_conditional_shutdown(signal, SECOND_SIGNAL_EXIT, flag())?;
            signal_hook::flag::register(signal, flag())?;
        }
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let heard = shutdown.clone();
        let listen = move || {
            if signals.forever().next().is_some() {
                heard.request();
            }
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(listen)?;
        Ok(shutdown)
    }

    /// Wishes to stop; the second time changes nothing.
    pub fn request(&self) {
        self.flag.store(true, Ordering::SeqCst);
        drop(
            self.open
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.tasks.send_replace(true);
    }

    /// Whether the wish was heard.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// Waits for the wish, up to `timeout`; returns whether it was heard.
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        match self.channel.recv_timeout(timeout) {
            Err(RecvTimeoutError::Timeout) => self.is_requested(),
            Err(RecvTimeoutError::Disconnected) => true,
            Ok(never) => match never {},
        }
    }

    /// For crossbeam's `select!`: never brings a message, and is disconnected by the wish.
    #[must_use]
    pub fn channel(&self) -> &Receiver<Infallible> {
        &self.channel
    }

    /// Waits for the wish. Cancel safe: holds nothing but its place in the queue.
    pub async fn requested(&self) {
        let mut tasks = self.tasks.subscribe();
        // An error would mean that the sender is gone, and this handle holds it.
        drop(tasks.wait_for(|wished| *wished).await);
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handle_hears_the_wish() {
        let shutdown = Shutdown::new();
        let other = shutdown.clone();
        assert!(!other.is_requested());
        assert!(!other.wait_timeout(Duration::ZERO));

        shutdown.request();
        shutdown.request();

        assert!(other.is_requested());
        assert!(other.wait_timeout(Duration::from_secs(60)));
        assert!(other.channel().recv().is_err());
    }

    #[test]
    fn the_first_signal_is_the_wish() {
        let shutdown = Shutdown::on_signals().unwrap();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert!(shutdown.wait_timeout(Duration::from_secs(60)));
    }

    #[test]
    fn a_waiting_thread_and_a_waiting_task_wake_up() {
        let shutdown = Shutdown::new();
        let thread = std::thread::spawn({
            let shutdown = shutdown.clone();
            move || shutdown.wait_timeout(Duration::from_secs(60))
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let wish = async { shutdown.request() };
            tokio::join!(shutdown.requested(), wish);
            shutdown.requested().await;
        });
        assert!(thread.join().unwrap());
    }
}
