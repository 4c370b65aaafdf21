//! Bodies of responses: whole, empty, or made page by page while they are sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};

use crate::condition::Failure;

/// The body of a response; large ones stream.
pub type Body = BoxBody<Bytes, Infallible>;

/// The media type of all XML that is sent.
pub const XML_TYPE: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

/// Octets after which a page is long enough, so that a few large objects are not held in memory at once.
pub const PAGE_OCTETS: usize = 512 * 1024;

/// A body in one piece.
pub fn full(octets: impl Into<Bytes>) -> Body {
    Full::new(octets.into()).boxed()
}

/// A body of nothing.
pub fn empty() -> Body {
    Empty::new().boxed()
}

/// A response of that status with no body.
pub fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = status;
    response
}

/// A response of that status and media type.
pub fn typed(status: StatusCode, media_type: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// A part of a body, and where to go on.
pub struct Page<S> {
    /// The part.
    pub text: String,
    /// The state from which the next page is made; `None` after the last.
    pub next: Option<S>,
}

/// A body that is made page by page, each one when the one before it has been taken.
///
/// The first page is made at once, so that what fails there is a failure of the request; a body of one page is whole
/// and has a length. What fails later ends the body in the middle: a client must see that it is not whole, as taking
/// a part for the whole would make it forget the rest.
///
/// # Errors
/// The failure of the first page.
pub async fn paged<S, F, P>(first: S, make: F) -> Result<Body, Failure>
where
    S: Send + 'static,
    F: Fn(S) -> P + Send + 'static,
    P: Future<Output = Result<Page<S>, Failure>> + Send + 'static,
{
    let page = make(first).await?;
    if page.next.is_none() {
        return Ok(full(page.text));
    }
    let pages = stream::unfold((Some(page), None, make), |(ready, state, make)| async move {
        let page: Page<S> = match (ready, state) {
            (Some(page), _) => page,
            (None, Some(state)) => make(state).await.ok()?,
            (None, None) => return None,
        };
        Some((Bytes::from(page.text), (None, page.next, make)))
    });
    Ok(Streamed(Mutex::new(Box::pin(pages))).boxed())
}

/// A stream as a body. The mutex is never locked: it makes the stream `Sync`, which a boxed body must be.
struct Streamed(Mutex<Pin<Box<dyn Stream<Item = Bytes> + Send>>>);

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let stream = self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stream.as_mut().poll_next(context).map(|next| next.map(|octets| Ok(Frame::data(octets))))
    }
}
