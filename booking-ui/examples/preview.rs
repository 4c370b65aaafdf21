//! Serves all pages with sample data on the loopback address: `cargo run -p kalends-booking-ui --example preview`.

use std::convert::Infallible;
use std::sync::Arc;

use booking_ui::service::Service;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;

#[path = "../tests/support/mod.rs"]
mod support;

/// Ada, Grace, and a calendar with holes in it.
async fn sample() -> support::Pages {
    let mut intro = support::event_type("intro", "Intro call", "Europe/Berlin");
    intro.durations = vec![1800, 900, 3600];
    "A first conversation: tell me what you are working on, and we see whether and how I can help.\n\n\
                         No preparation needed. Bring questions."
        .clone_into(&mut intro.description);
    intro.location = Some("https://meet.example/ada".to_owned());
    let mut review = support::event_type("review", "Design review", "Europe/Berlin");
    review.durations = vec![3600];
    "An hour on your drawings, with notes afterwards.".clone_into(&mut review.description);
    review.location = Some("Room 5, Analytical Street 12, Berlin".to_owned());
    let mut old = support::event_type("old", "Old offer", "Europe/Berlin");
    old.active = false;
    let ada = (support::owner("ada", "Ada Lovelace", "Europe/Berlin"), vec![intro, review, old]);
    let tea = support::event_type("tea", "Tea", "America/New_York");
    let grace = (support::owner("grace", "Grace Hopper", "America/New_York"), vec![tea]);
    let pages = support::pages(vec![ada, grace]).await;
    for (at, (start, end)) in [
        ("2026-11-23T08:00:00", "2026-11-23T14:30:00"),
        ("2026-11-24T10:00:00", "2026-11-24T11:00:00"),
        ("2026-11-25T08:00:00", "2026-11-25T17:00:00"),
        ("2026-11-26T08:00:00", "2026-11-26T15:00:00"),
        ("2026-11-30T09:30:00", "2026-11-30T13:00:00"),
        ("2026-12-21T00:00:00", "2027-01-04T00:00:00"),
    ]
    .into_iter()
    .enumerate()
    {
        pages.plant("ada", &format!("busy-{at}"), (start, end), "Private").await;
    }
    pages
}

async fn answer(service: Service, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Ok(service.handle(Request::from_parts(parts, body)).await.map(Full::new))
}

#[tokio::main(flavor = "current_thread")]
#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example composes its own small program"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(8099), |port| port.parse())?;
    let pages = Arc::new(sample().await);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/", listener.local_addr()?);
    println!("http://{}{}", listener.local_addr()?, pages.book("20261127T100000Z").await);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = pages.service.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(service.clone(), request));
            let _ =
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}
