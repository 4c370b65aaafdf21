//! A request's body, read whole within a number of octets, a time, and the memory set aside for all bodies.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is set aside in pieces of so many octets.
const PIECE_OCTETS: usize = 4096;
/// How many of the largest bodies may be in memory at once.
const LARGEST_AT_ONCE: usize = 6;

/// What is read of a refused body, so that the refusal arrives.
const DRAINED_OCTETS_MAX: usize = 64 * 1024 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It is larger than the limit.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// There are too many large bodies at once.
    NoRoom,
    /// The peer broke off, or does not speak HTTP.
    Broken,
}

/// The memory for all bodies together.
#[derive(Clone, Debug)]
pub struct BodyRoom {
    pieces: Arc<Semaphore>,
    octets_max: usize,
    patience: Duration,
}

/// A body with the memory that it was given.
#[derive(Debug)]
pub struct Held {
    /// The octets.
    pub octets: Bytes,
    /// Given back when it is dropped.
    pub room: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// An empty one.
    pub fn nothing() -> Self {
        Self { octets: Bytes::new(), room: None }
    }
}

impl BodyRoom {
    /// Room for bodies of up to `octets_max`, each of which may take `patience` to come.
    pub fn new(octets_max: usize, patience: Duration) -> Self {
        let pieces = (octets_max / PIECE_OCTETS + 1) * LARGEST_AT_ONCE;
        Self { pieces: Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))), octets_max, patience }
    }

    /// Reads `body` whole, of at most `most` octets and never more than the common limit.
    ///
    /// # Errors
    /// [`BodyFault`]; then the connection is of no more use.
    pub async fn read(&self, headers: &HeaderMap, body: Incoming, most: usize) -> Result<Held, BodyFault> {
        if body.is_end_stream() {
            return Ok(Held::nothing());
        }
        let most = most.min(self.octets_max);
        let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|octets| octets > most) {
            pass_over(headers, body).await;
            return Err(BodyFault::TooLarge);
        }
        tokio::time::timeout(self.patience, self.collect(body, most)).await.unwrap_or(Err(BodyFault::TooSlow))
    }

    /// Room is taken for what has come and not for what was told: who announces much and sends little holds little.
    async fn collect(&self, mut body: Incoming, most: usize) -> Result<Held, BodyFault> {
        let mut octets = BytesMut::new();
        let mut room: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else { continue };
            let length = octets.len() + data.len();
            if length > most {
                drain(body).await;
                return Err(BodyFault::TooLarge);
            }
            let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let more = (length / PIECE_OCTETS + 1).saturating_sub(held);
            if more > 0 {
                let taken = self.take(more).await?;
                match &mut room {
                    Some(room) => room.merge(taken),
                    None => room = Some(taken),
                }
            }
            octets.extend_from_slice(&data);
        }
        Ok(Held { octets: octets.freeze(), room })
    }

    async fn take(&self, pieces: usize) -> Result<OwnedSemaphorePermit, BodyFault> {
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.pieces).acquire_many_owned(pieces);
        match tokio::time::timeout(self.patience / 4, room).await {
            Ok(Ok(room)) => Ok(room),
            _ => Err(BodyFault::NoRoom),
        }
    }
}

/// Leaves a body unread that has no bearing on the answer. A client that waits to be told to go on (RFC 9110 §10.1.1) is
/// not told.
pub async fn pass_over(headers: &HeaderMap, body: Incoming) {
    if !body.is_end_stream() && !headers.contains_key(EXPECT) {
        drain(body).await;
    }
}

/// Reads on without keeping, for a while: a client that is still sending when the connection closes may lose the
/// answer that says why.
async fn drain(mut body: Incoming) {
    let mut left = DRAINED_OCTETS_MAX;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DRAINED_FOR, rest).await;
}
