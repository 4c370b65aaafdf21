//! A request's body, read whole within a number of octets, a time, and the memory set aside for all bodies.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is set aside in pieces of so many octets.
const PIECE_OCTETS: usize = 4096;
/// How many of the largest bodies may be in memory at once.
const LARGEST_AT_ONCE: usize = 6;

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
        let most = most.min(self.octets_max);
        let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|octets| octets > most) {
            return Err(BodyFault::TooLarge);
        }
        if hyper::body::Body::is_end_stream(&body) {
            return Ok(Held { octets: Bytes::new(), room: None });
        }
        let whole = async {
            let pieces = told.unwrap_or(most) / PIECE_OCTETS + 1;
            let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
            let room = Arc::clone(&self.pieces).acquire_many_owned(pieces);
            let room = tokio::time::timeout(self.patience / 4, room).await;
            let Ok(Ok(room)) = room else { return Err(BodyFault::NoRoom) };
            match Limited::new(body, most).collect().await {
                Ok(collected) => Ok(Held { octets: collected.to_bytes(), room: Some(room) }),
                Err(error) if error.is::<LengthLimitError>() => Err(BodyFault::TooLarge),
                Err(_) => Err(BodyFault::Broken),
            }
        };
        tokio::time::timeout(self.patience, whole).await.unwrap_or(Err(BodyFault::TooSlow))
    }
}
