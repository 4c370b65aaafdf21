//! Answers in gzip (RFC 9110 §8.4), for clients that ask for it.
//!
//! The entity tag stays as it is: clients send it back in If-Match, and one with a suffix, or a weak one, would have
//! them write in vain for ever.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use http::{Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;

use super::answer::Body;

/// A body of fewer octets is not worth it.
const OCTETS_MIN: u64 = 1024;
/// Little work for most of the gain: a Pi serves phones.
const LEVEL: u32 = 3;

/// Whether the client takes gzip (RFC 9110 §12.5.3).
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let (mut named, mut any) = (None, None);
    for value in headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()) {
        for part in value.split(',') {
            let mut fields = part.split(';').map(str::trim);
            let coding = fields.next().unwrap_or("");
            let weight = fields.find_map(|field| field.strip_prefix("q=").or(field.strip_prefix("Q=")));
            let taken =
                weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0));
            if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
                named = Some(taken);
            } else if coding == "*" {
                any = Some(taken);
            }
        }
    }
    named.or(any).unwrap_or(false)
}

/// `response` in gzip, if it is text and long enough; text that streams is packed as it comes.
pub fn packed(mut response: Response<Body>) -> Response<Body> {
    if !is_text(&response) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let size = response.body().size_hint();
    if size.exact().is_some_and(|octets| octets < OCTETS_MIN) {
        return response;
    }
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.map(|plain| {
        let encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        Packed { plain, encoder: Some(encoder) }.boxed()
    })
}

fn is_text<B>(response: &Response<B>) -> bool {
    let whole = matches!(response.status(), StatusCode::OK | StatusCode::MULTI_STATUS);
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let text = kind.starts_with("text/") || kind.starts_with("application/xml") || kind.contains("json");
    whole && text && !response.headers().contains_key(CONTENT_ENCODING)
}

/// A body that is packed as it comes.
struct Packed {
    plain: Body,
    /// `None`: everything has been packed.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl http_body::Body for Packed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            let Some(encoder) = self.encoder.as_mut() else { return Poll::Ready(None) };
            // Writing into memory does not fail.
            let ready = std::mem::take(encoder.get_mut());
            if !ready.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(ready.into()))));
            }
            match Pin::new(&mut self.plain).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => {
                    if let (Some(data), Some(encoder)) = (frame.data_ref(), self.encoder.as_mut()) {
                        let _ = encoder.write_all(data);
                    }
                }
                Poll::Ready(Some(Err(never))) => match never {},
                Poll::Ready(None) => {
                    let rest = self.encoder.take().and_then(|encoder| encoder.finish().ok());
                    let rest = rest.filter(|rest| !rest.is_empty());
                    return Poll::Ready(rest.map(|rest| Ok(Frame::data(rest.into()))));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::listen::answer;

    fn wanted(value: &'static str) -> bool {
        is_wanted(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
    }

    #[test]
    fn what_clients_send_is_understood() {
        assert!(wanted("gzip, deflate, identity") && wanted("br;q=1.0, GZIP;q=0.5") && wanted("*"));
        assert!(!wanted("identity") && !wanted("gzip;q=0") && !wanted("gzip; q=0.0, *") && !wanted(""));
        assert!(!is_wanted(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn a_body_comes_back_whole_with_its_tag_as_it_was() {
        let text = "BEGIN:VEVENT\r\n".repeat(20_000);
        let mut response = answer::text(StatusCode::OK, text.clone(), "text/calendar; charset=utf-8");
        response.headers_mut().insert("etag", HeaderValue::from_static("\"a\""));
        let (head, body) = packed(response).into_parts();
        assert_eq!(
            (&head.headers["etag"], &head.headers[VARY]),
            (&"\"a\"".parse().unwrap(), &"Accept-Encoding".parse().unwrap())
        );
        let octets = body.collect().await.unwrap().to_bytes();
        assert!(octets.len() < text.len() / 50);
        let mut back = String::new();
        flate2::read::GzDecoder::new(&octets[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn what_is_short_or_no_text_stays_as_it_is() {
        let short = packed(answer::text(StatusCode::OK, "short", "text/plain"));
        assert!(!short.headers().contains_key(CONTENT_ENCODING) && short.headers().contains_key(VARY));
        let image = packed(answer::text(StatusCode::OK, vec![0; 5000], "image/png"));
        assert!(!image.headers().contains_key(CONTENT_ENCODING) && !image.headers().contains_key(VARY));
        let gone = packed(answer::text(StatusCode::NOT_FOUND, vec![b'a'; 5000], "text/plain"));
        assert!(!gone.headers().contains_key(CONTENT_ENCODING));
    }
}
