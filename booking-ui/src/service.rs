//! Paths to pages.

use booking::desk::Desk;
use bytes::Bytes;
use http::{Request, Response};

/// The pages over a desk.
#[derive(Clone)]
pub struct Service {
    desk: Desk,
}

impl Service {
    /// The pages over `desk`.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Answers one request whose body was read (within limits) by the caller. GET and HEAD change nothing.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let _ = (&self.desk, request);
        todo!()
    }
}
