//! Where certificates and signatures are drawn: on blocking threads, a few at a time.

use std::{sync::Arc, thread};

use tokio::sync::Semaphore;

use crate::error::{Code, Error};

/// Bounds how many documents are drawn at the same time, so that a hundred who ask for one leave the processors to those
/// who push. Who waits longer than a request may take is answered with a time-out.
#[derive(Clone, Debug)]
pub struct Press(Arc<Semaphore>);

impl Default for Press {
    /// Half the processors, one at least and four at most.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        Self(Arc::new(Semaphore::new((processors / 2).clamp(1, 4))))
    }
}

impl Press {
    /// Does this work when there is room.
    ///
    /// # Errors
    /// The work's own; `internal` if it panicked.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        F: FnOnce() -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let closed = |cause| Error::new(Code::Unavailable).because(cause);
        let permit = self.0.clone().acquire_owned().await.map_err(closed)?;
        let working = tokio::task::spawn_blocking(move || {
            // Goes with the work, not with the request, which may be given up meanwhile.
            let _permit = permit;
            work()
        });
        working.await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn only_so_many_at_a_time() {
        let press = Press(Arc::new(Semaphore::new(2)));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..12).map(|_| {
            let (press, running, most) = (press.clone(), running.clone(), most.clone());
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                };
                press.run(work).await
            })
        });
        for job in jobs.collect::<Vec<_>>() {
            job.await.unwrap().unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_gives_its_place_back() {
        let press = Press(Arc::new(Semaphore::new(1)));
        let failed = press.run(|| -> Result<(), Error> { panic!("on purpose") }).await;
        assert_eq!(failed.unwrap_err().code(), Code::Internal);
        assert!(press.run(|| Ok(())).await.is_ok());
    }
}
