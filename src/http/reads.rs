//! The way to the data: a few reads at once, each on a blocking thread.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::problem::HttpError;
use crate::store::StoreReader;
use crate::view::CaseView;

/// What handlers read from.
#[derive(Clone, Debug)]
pub(super) struct Reads {
    data: Arc<Data>,
    turns: Arc<Semaphore>,
}

/// View and store. Only a read holds it, so a handler can't block on it by accident.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) view: Arc<CaseView>,
    pub(super) store: StoreReader,
}

impl Reads {
    pub(super) fn new(view: Arc<CaseView>, store: StoreReader, reads_max: usize) -> Self {
        Self {
            data: Arc::new(Data { view, store }),
            turns: Arc::new(Semaphore::new(reads_max.max(1))),
        }
    }

    /// Waits for a turn, then runs `read` on a blocking thread. Cancelled while waiting, nothing happened; cancelled
    /// later, `read` goes on to its end and keeps its turn until then, so that impatient clients can't pile reads up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Data) -> Result<T, HttpError> + Send + 'static,
    ) -> Result<T, HttpError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| HttpError::Failed)?;
        let data = Arc::clone(&self.data);
        let done = tokio::task::spawn_blocking(move || {
            let result = read(&data);
            drop(turn);
            result
        });
        done.await.unwrap_or_else(|died| {
            tracing::error!(%died, "a read failed");
            Err(HttpError::Failed)
        })
    }
}

impl Data {
    /// Lets the view know what it has not seen of its cases; most often there is nothing.
    pub(super) fn read_up(&self) -> Result<(), HttpError> {
        Ok(self.view.read_up(&self.store)?)
    }
}
