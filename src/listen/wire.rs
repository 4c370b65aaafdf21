//! A connection's stream that notices silence and dawdling: octets that move, heads that come, requests that are being
//! answered.
//!
//! One timer a connection looks at what was noted, instead of one a request: a timer that is set anew for each request
//! wakes the thread that sleeps until the next one, each time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// No request's head has begun.
const NO_HEAD: u64 = u64::MAX;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// With nothing at all, while no request is being answered.
    pub idle: Duration,
    /// With one request's head, from its first octet; it is looked at twice in that time.
    pub head: Duration,
}

/// What a connection is doing.
#[derive(Debug)]
pub struct Activity {
    began: Instant,
    last_millis: AtomicU64,
    /// When the head began that is coming, [`NO_HEAD`] if none is.
    head_millis: AtomicU64,
    answering: AtomicUsize,
    /// Whether requests come beside each other (HTTP/2): what comes then need not be a head.
    multiplexed: AtomicBool,
}

impl Activity {
    /// A connection that has just begun.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            last_millis: AtomicU64::new(0),
            head_millis: AtomicU64::new(NO_HEAD),
            answering: AtomicUsize::new(0),
            multiplexed: AtomicBool::new(false),
        })
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NO_HEAD - 1)
    }

    fn touch(&self) {
        self.last_millis.store(self.millis(), Ordering::Relaxed);
    }

    fn came(&self) {
        let now = self.millis();
        self.last_millis.store(now, Ordering::Relaxed);
        if self.answering.load(Ordering::Relaxed) == 0 && self.head_millis.load(Ordering::Relaxed) == NO_HEAD
        {
            self.head_millis.store(now, Ordering::Relaxed);
        }
    }

    /// What goes out answers what came: no head is waited for.
    fn went(&self) {
        self.touch();
        self.head_millis.store(NO_HEAD, Ordering::Relaxed);
    }

    /// Marks a request as being answered until the mark is dropped; its head has come.
    pub fn answering(self: &Arc<Self>, version: Version) -> Answering {
        self.answering.fetch_add(1, Ordering::Relaxed);
        self.head_millis.store(NO_HEAD, Ordering::Relaxed);
        if version == Version::HTTP_2 {
            self.multiplexed.store(true, Ordering::Relaxed);
        }
        Answering(Arc::clone(self))
    }

    /// Returns once nothing has moved for as long as patience goes while no request was being answered, or a head has
    /// taken too long.
    pub async fn exhausts(&self, patience: Patience) {
        loop {
            let now = Instant::now();
            let at = |millis: &AtomicU64| self.began + Duration::from_millis(millis.load(Ordering::Relaxed));
            let busy = self.answering.load(Ordering::Relaxed) > 0;
            let silent = if busy { now + patience.idle } else { at(&self.last_millis) + patience.idle };
            let head_comes = self.head_millis.load(Ordering::Relaxed) != NO_HEAD
                && !self.multiplexed.load(Ordering::Relaxed);
            if silent <= now || head_comes && at(&self.head_millis) + patience.head <= now {
                return;
            }
            tokio::time::sleep_until(silent.min(now + patience.head / 2)).await;
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.touch();
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose movements are noticed.
pub struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    /// Watches `stream`.
    pub fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn sent(&self, moved: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(moved, Poll::Ready(Ok(_))) {
            self.activity.went();
        }
        moved
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let moved = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.came();
        }
        moved
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(context, octets);
        self.sent(moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.sent(moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { idle: Duration::from_secs(10), head: Duration::from_secs(2) };

    async fn exhausted_after(activity: &Activity) -> Option<Duration> {
        let began = Instant::now();
        let ended = tokio::time::timeout(Duration::from_secs(60), activity.exhausts(PATIENCE)).await;
        ended.is_ok().then(|| began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_noticed_unless_a_request_is_answered() {
        let activity = Activity::new();
        let mark = activity.answering(Version::HTTP_11);
        assert_eq!(exhausted_after(&activity).await, None);
        drop(mark);
        let took = exhausted_after(&activity).await.unwrap();
        assert!(took >= PATIENCE.idle && took <= PATIENCE.idle + PATIENCE.head, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_may_take_so_long_and_no_longer_whatever_comes_of_it() {
        let activity = Activity::new();
        activity.came();
        let dripping = async {
            loop {
                tokio::time::sleep(PATIENCE.head / 3).await;
                activity.came();
            }
        };
        let took = tokio::select! {
            took = exhausted_after(&activity) => took.unwrap(),
            () = dripping => unreachable!("drops for ever"),
        };
        assert!(took >= PATIENCE.head && took <= PATIENCE.head * 3 / 2, "{took:?}");

        let answered = Activity::new();
        answered.came();
        drop(answered.answering(Version::HTTP_11));
        assert!(
            exhausted_after(&answered).await.unwrap() >= PATIENCE.idle,
            "between requests it may be idle"
        );

        let beside = Activity::new();
        drop(beside.answering(Version::HTTP_2));
        beside.came();
        assert!(exhausted_after(&beside).await.unwrap() >= PATIENCE.idle, "frames are no heads");
    }
}
