//! Authenticate, resolve, dispatch: request in, response out.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;

use crate::backend::Backend;

/// The body of a response; large ones stream.
pub type Body = BoxBody<Bytes, std::convert::Infallible>;

/// CalDAV over a backend.
pub struct Service {
    backend: Arc<dyn Backend>,
}

impl Service {
    /// A service over `backend`.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend }
    }

    /// Answers one request whose body was read (within limits) by the caller. Paths: `/.well-known/caldav`, `/dav/…`,
    /// and PROPFIND and OPTIONS on `/` and `/principals/`.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Body> {
        let _ = (&self.backend, request);
        todo!()
    }
}
