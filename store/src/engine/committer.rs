//! Group commit: one thread takes the commits that wait and has them made durable together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::{Commit, Committed, EngineError, Version};

/// Commits that share one flush.
pub(crate) const GROUP_COMMITS_MAX: usize = 128;

/// Octets of keys and values after which a group takes no further commit.
const GROUP_OCTETS_MAX: usize = 8 * 1024 * 1024;

/// Commits that wait; beyond it the callers do.
const QUEUE_COMMITS_MAX: usize = 256;

/// What became of a group, durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcomes {
    /// One for each commit, in their order.
    pub(crate) each: Vec<Committed>,
    /// The newest version of the store after them.
    pub(crate) newest: Version,
}

/// Who writes groups.
pub(crate) trait GroupWriter: Send + 'static {
    /// Checks each commit against the state that includes the earlier ones, applies those that hold, all durable.
    /// On an error none of them was applied.
    fn apply(&mut self, group: &[Commit]) -> Result<Outcomes, EngineError>;

    /// Opens anew what an input or output error has closed; `seen`: which opening the caller found unusable.
    fn revive(&mut self, seen: u64) -> Result<(), EngineError>;
}

enum Request {
    Commit(Commit, oneshot::Sender<Result<Committed, EngineError>>),
    Revive(u64, oneshot::Sender<Result<(), EngineError>>),
}

/// The thread and the way to it. Dropping it finishes what waits.
pub(crate) struct Committer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread.
    pub(crate) fn start(name: &str, writer: impl GroupWriter) -> Result<Self, EngineError> {
        let (queue, requests) = mpsc::channel(QUEUE_COMMITS_MAX);
        let thread = std::thread::Builder::new()
            .name(format!("commit-{name}"))
            .spawn(move || run(writer, requests))
            .map_err(|error| EngineError::Io(format!("the committing thread did not start: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Has `commit` applied; durable when this returns.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Commit(commit, answer)).await?;
        answered.await.map_err(|_| gone())?
    }

    /// Has the store opened anew.
    pub(crate) async fn revive(&self, seen: u64) -> Result<(), EngineError> {
        let (answer, answered) = oneshot::channel();
        self.send(Request::Revive(seen, answer)).await?;
        answered.await.map_err(|_| gone())?
    }

    async fn send(&self, request: Request) -> Result<(), EngineError> {
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(request).await.map_err(|_| gone())
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // Its panics are caught inside; there is nothing to learn from the result.
            let _ = thread.join();
        }
    }
}

fn gone() -> EngineError {
    EngineError::Io("the store is closed".into())
}

fn run(mut writer: impl GroupWriter, mut requests: mpsc::Receiver<Request>) {
    while let Some(first) = requests.blocking_recv() {
        let mut next = Some(first);
        let mut group = Vec::new();
        let mut answers = Vec::new();
        let mut octets = 0;
        while let Some(request) = next.take() {
            match request {
                Request::Commit(commit, answer) => {
                    octets += octets_of(&commit);
                    group.push(commit);
                    answers.push(answer);
                }
                Request::Revive(seen, answer) => {
                    let _ = answer.send(caught(|| writer.revive(seen)));
                }
            }
            if group.len() < GROUP_COMMITS_MAX && octets < GROUP_OCTETS_MAX {
                next = requests.try_recv().ok();
            }
        }
        if group.is_empty() {
            continue;
        }
        // A caller that went away is no reason to undo its commit, so failures to answer are ignored.
        match caught(|| writer.apply(&group)) {
            Ok(outcomes) => {
                for (answer, committed) in answers.into_iter().zip(outcomes.each) {
                    let _ = answer.send(Ok(committed));
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }
}

fn octets_of(commit: &Commit) -> usize {
    commit.write.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
}

/// What `work` gives; a panic of an engine over a damaged file becomes an error.
pub(crate) fn caught<T, E: From<EngineError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Err(E::from(EngineError::Damaged(format!("the engine gave up: {said}"))))
    })
}
