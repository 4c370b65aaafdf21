//! Feeds behind web servers, in files and in folders, good and bad.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail where it stands

#[allow(dead_code)]
mod source_server;

use std::fmt::Write as _;
use std::io::Write;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aggregator::owner::{IcsLocation, IcsSettings, SourceKind};
use aggregator::source::http::names::Names;
use aggregator::source::http::{FetchLimits, Fetcher};
use aggregator::source::table::{self, Opening};
use aggregator::source::{Cursor, Snapshot, SourceError, Step};
use async_trait::async_trait;
use calendar::limits::Limits;
use calendar::time::Instant;
use source_server::{Manner, Reply, Server};

/// 1994-11-06T08:00:00Z
const NOW: Instant = Instant::from_unix(784_108_800);

fn feed(events: &[(&str, &str)]) -> String {
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n");
    for (uid, start) in events {
        let stamp = "DTSTAMP:20260101T000000Z";
        let _ = write!(
            text,
            "BEGIN:VEVENT\r\nUID:{uid}\r\n{stamp}\r\nDTSTART:{start}\r\nSUMMARY:{uid}\r\nEND:VEVENT\r\n"
        );
    }
    text.push_str("END:VCALENDAR\r\n");
    text
}

fn fetcher() -> Fetcher {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Fetcher::new(FetchLimits { octets_max: 100_000, ..FetchLimits::default() }).unwrap()
}

fn impatient() -> Fetcher {
    let _ = fetcher();
    let limits = FetchLimits {
        total: Duration::from_millis(1200),
        idle: Duration::from_millis(600),
        ..FetchLimits::default()
    };
    Fetcher::new(limits).unwrap()
}

fn settings(location: IcsLocation) -> IcsSettings {
    IcsSettings { location, credentials: None, allow_http: true, allow_private: true }
}

async fn ask_with(
    settings: IcsSettings,
    http: Fetcher,
    cursor: Option<&Cursor>,
) -> Result<Step, SourceError> {
    let opening = Opening { http, now: NOW, limits: Limits::default() };
    table::open(&SourceKind::Ics(settings), opening).changes(cursor).await
}

async fn ask(url: String, cursor: Option<&Cursor>) -> Result<Step, SourceError> {
    ask_with(settings(IcsLocation::Url(url)), fetcher(), cursor).await
}

fn whole(step: Result<Step, SourceError>) -> Snapshot {
    match step {
        Ok(Step::Snapshot(snapshot)) => snapshot,
        other => panic!("a listing was expected, not {other:?}"),
    }
}

fn unchanged(step: &Result<Step, SourceError>) -> bool {
    matches!(step, Ok(Step::Unchanged))
}

fn ids(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.objects.iter().map(|object| object.id.as_str()).collect()
}

#[tokio::test]
async fn validators_are_sent_and_a_304_is_no_change() {
    let server = Server::start(|request| {
        if request.header("if-none-match") == Some("\"one\"")
            && request.header("if-modified-since") == Some("Sun, 06 Nov 1994 08:49:37 GMT")
        {
            return Reply::new(304, "");
        }
        Reply::new(200, feed(&[("a", "20260701T090000Z"), ("b", "20260702T090000Z")]))
            .with("ETag", "\"one\"")
            .with("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
            .with("Cache-Control", "private, max-age=7200")
    })
    .await;
    let first = whole(ask(server.url("/f.ics"), None).await);
    assert_eq!(ids(&first), ["a", "b"]);
    assert_eq!(first.refresh_seconds, Some(7200));
    assert!(unchanged(&ask(server.url("/f.ics"), Some(&first.cursor)).await));
    // What is remembered of one address says nothing about another.
    whole(ask(server.url("/other.ics"), Some(&first.cursor)).await);
    let accept = server.seen()[0].header("accept-encoding").unwrap().to_owned();
    assert!(accept.contains("gzip"), "{accept}");
}

#[tokio::test]
async fn a_server_without_validators_is_told_by_the_text_alone() {
    let stamp = Arc::new(Mutex::new(0));
    let server = Server::start(move |_| {
        let mut stamp = stamp.lock().unwrap();
        *stamp += 1;
        // Stamped anew for every request, as Google does.
        Reply::new(
            200,
            feed(&[("a", "20260701T090000Z")])
                .replace("DTSTAMP:20260101T000000Z", &format!("DTSTAMP:202601{:02}T000000Z", *stamp)),
        )
    })
    .await;
    let first = whole(ask(server.url("/f.ics"), None).await);
    assert!(unchanged(&ask(server.url("/f.ics"), Some(&first.cursor)).await));
    assert!(matches!(
        ask(server.url("/f.ics"), Some(&Cursor("nonsense".into()))).await,
        Ok(Step::Snapshot(_))
    ));
}

#[tokio::test]
async fn redirects_are_followed_and_credentials_stay_at_home() {
    let far = Server::start(|_| Reply::new(200, feed(&[("far", "20260701T090000Z")]))).await;
    let elsewhere = far.url("/far.ics");
    let server = Server::start(move |request| match request.path.as_str() {
        "/near" => Reply::new(302, "").with("Location", "/f.ics"),
        "/far" => Reply::new(307, "").with("Location", &elsewhere),
        "/round" => Reply::new(301, "").with("Location", "/round"),
        "/nowhere" => Reply::new(301, ""),
        _ => Reply::new(200, feed(&[("near", "20260701T090000Z")])),
    })
    .await;
    let with_password = |path: &str| IcsSettings {
        credentials: Some(("ada".into(), "secret".into())),
        ..settings(IcsLocation::Url(server.url(path)))
    };
    let near = whole(ask_with(with_password("/near"), fetcher(), None).await);
    assert_eq!(ids(&near), ["near"]);
    assert!(
        server.seen().iter().all(|request| request.header("authorization") == Some("Basic YWRhOnNlY3JldA=="))
    );
    // The same host at another port is another origin.
    assert_eq!(ids(&whole(ask_with(with_password("/far"), fetcher(), None).await)), ["far"]);
    assert_eq!(far.seen()[0].header("authorization"), None);
    let round = ask(server.url("/round"), None).await.unwrap_err();
    assert!(matches!(&round, SourceError::NotACalendar(text) if text.contains("more than 5")), "{round}");
    assert!(matches!(ask(server.url("/nowhere"), None).await, Err(SourceError::NotACalendar(_))));
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused() {
    let server = Server::start(|request| {
        let port = request.header("host").unwrap().rsplit(':').next().unwrap().to_owned();
        let to = match request.path.as_str() {
            "/meta" => "http://169.254.169.254/latest/meta-data/".to_owned(),
            "/name" => format!("http://localhost:{port}/secret"),
            "/six" => format!("http://[::ffff:127.0.0.1]:{port}/secret"),
            "/file" => "file:///etc/passwd".to_owned(),
            _ => "http://192.168.0.1/".to_owned(),
        };
        Reply::new(302, "").with("Location", &to)
    })
    .await;
    for path in ["/meta", "/name", "/six", "/file", "/lan"] {
        let error = ask(server.url(path), None).await.unwrap_err();
        assert!(matches!(error, SourceError::Forbidden(_)), "{path}: {error}");
    }
    assert!(server.seen().iter().all(|request| request.path != "/secret"));
}

struct Book(Vec<IpAddr>);

#[async_trait]
impl Names for Book {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn every_address_of_a_name_is_checked_before_anything_connects() {
    let server = Server::start(|_| Reply::new(200, feed(&[("a", "20260701T090000Z")]))).await;
    let port = server.address.port();
    let url = format!("http://feeds.example.org:{port}/f.ics");
    let named = |addresses: &[&str]| {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Fetcher::with_names(FetchLimits::default(), Arc::new(Book(addresses))).unwrap()
    };
    let _ = fetcher();
    let strict = || IcsSettings { allow_private: false, ..settings(IcsLocation::Url(url.clone())) };
    for addresses in [&["127.0.0.1"][..], &["93.184.216.34", "127.0.0.1"], &["::1"], &["fd00::1"]] {
        let error = ask_with(strict(), named(addresses), None).await.unwrap_err();
        assert!(
            matches!(&error, SourceError::Forbidden(text) if text.contains("feeds.example.org")),
            "{error}"
        );
    }
    assert!(server.seen().is_empty());
    let listed = settings(IcsLocation::Url(url));
    assert_eq!(ids(&whole(ask_with(listed, named(&["127.0.0.1"]), None).await)), ["a"]);
}

#[tokio::test]
async fn statuses_are_named_by_remedy() {
    let server = Server::start(|request| match request.path.as_str() {
        "/401" => Reply::new(401, "no"),
        "/403" => Reply::new(403, "no"),
        "/404" => Reply::new(404, "no"),
        "/410" => Reply::new(410, "no"),
        "/429" => Reply::new(429, "").with("Retry-After", "120"),
        "/503" => Reply::new(503, "").with("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"),
        "/500" => Reply::new(500, "secret trace"),
        "/204" => Reply::new(204, ""),
        "/206" => Reply::new(206, feed(&[])),
        "/304" => Reply::new(304, ""),
        "/empty" => Reply::new(200, " \r\n"),
        _ => Reply::new(418, "secret"),
    })
    .await;
    let error = async |path: &str| ask(server.url(path), None).await.unwrap_err();
    assert!(matches!(error("/401").await, SourceError::Unauthorized(_)));
    assert!(matches!(error("/403").await, SourceError::Unreachable(_)));
    assert!(matches!(error("/404").await, SourceError::Gone(_)));
    assert!(matches!(error("/410").await, SourceError::Gone(_)));
    assert_eq!(error("/429").await, SourceError::Throttled(120));
    assert_eq!(error("/503").await, SourceError::Throttled(49 * 60 + 37));
    let broken = error("/500").await;
    assert!(matches!(&broken, SourceError::Unreachable(text) if !text.contains("secret")), "{broken}");
    for path in ["/204", "/206", "/304", "/empty", "/418"] {
        let error = error(path).await;
        assert!(
            matches!(&error, SourceError::NotACalendar(text) if !text.contains("secret")),
            "{path}: {error}"
        );
    }
}

#[tokio::test]
async fn answers_that_are_too_slow_too_large_or_broken_off_are_no_answers() {
    let server = Server::start(|request| {
        let body = feed(&[("a", "20260701T090000Z")]);
        match request.path.as_str() {
            "/hang" => Reply::new(200, body).in_manner(Manner::Hang),
            "/drip" => Reply::new(200, body).in_manner(Manner::Drip),
            "/half" => {
                let half = body.len() / 2;
                Reply::new(200, body).in_manner(Manner::CutAfter(half))
            }
            "/truncated" => {
                let half = body.len() / 2;
                Reply::new(200, &body.as_bytes()[..half])
            }
            "/huge" => Reply::new(200, vec![b'x'; 200_000]),
            "/page" => Reply::new(200, "<!doctype html><html><body>Sign in, token=secret</body></html>"),
            _ => Reply::new(200, vec![0xff, 0xfe, 0, 1, 2, 3, 4, 5]),
        }
    })
    .await;
    for path in ["/hang", "/drip", "/half"] {
        let settings = settings(IcsLocation::Url(server.url(path)));
        let error = ask_with(settings, impatient(), None).await.unwrap_err();
        assert!(matches!(&error, SourceError::Unreachable(text) if !text.contains(path)), "{path}: {error}");
    }
    let error = async |path: &str| ask(server.url(path), None).await.unwrap_err();
    for path in ["/truncated", "/huge", "/page", "/noise"] {
        let error = error(path).await;
        assert!(
            matches!(&error, SourceError::NotACalendar(text) if !text.contains("secret")),
            "{path}: {error}"
        );
    }
    let nobody = "http://127.0.0.1:1/secret.ics".to_owned();
    let refused = ask(nobody, None).await.unwrap_err();
    assert!(
        matches!(&refused, SourceError::Unreachable(text) if !text.contains("secret") && text.contains("127.0.0.1")),
        "{refused}"
    );
}

#[tokio::test]
async fn gzip_is_inflated_with_and_without_its_header() {
    let pack = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let packed = pack(feed(&[("a", "20260701T090000Z")]).as_bytes());
    let bomb = pack(&vec![b' '; 5_000_000]);
    let server = Server::start(move |request| match request.path.as_str() {
        "/header" => Reply::new(200, packed.clone()).with("Content-Encoding", "gzip"),
        "/bare" => Reply::new(200, packed.clone()).with("Content-Type", "application/octet-stream"),
        "/half" => Reply::new(200, packed[..packed.len() / 2].to_vec()).with("Content-Encoding", "gzip"),
        _ => Reply::new(200, bomb.clone()).with("Content-Encoding", "gzip"),
    })
    .await;
    assert_eq!(ids(&whole(ask(server.url("/header"), None).await)), ["a"]);
    assert_eq!(ids(&whole(ask(server.url("/bare"), None).await)), ["a"]);
    for path in ["/half", "/bomb"] {
        assert!(matches!(ask(server.url(path), None).await, Err(SourceError::NotACalendar(_))), "{path}");
    }
}

#[tokio::test]
async fn a_file_is_read_again_only_when_it_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("work.ics");
    let ask = async |cursor: Option<&Cursor>| {
        ask_with(settings(IcsLocation::File(path.clone())), fetcher(), cursor).await
    };
    assert!(matches!(ask(None).await, Err(SourceError::Gone(_))));
    std::fs::write(&path, feed(&[("a", "20260701T090000Z")])).unwrap();
    let first = whole(ask(None).await);
    assert_eq!(ids(&first), ["a"]);
    assert!(unchanged(&ask(Some(&first.cursor)).await));
    // The same length, perhaps the same time: the text tells.
    std::fs::write(&path, feed(&[("b", "20260701T090000Z")])).unwrap();
    let second = whole(ask(Some(&first.cursor)).await);
    assert_eq!(ids(&second), ["b"]);
    std::fs::write(&path, "").unwrap();
    assert!(matches!(ask(Some(&second.cursor)).await, Err(SourceError::NotACalendar(_))));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(ask(Some(&second.cursor)).await, Err(SourceError::Misconfigured(_))));
}

#[tokio::test]
async fn a_broken_file_of_a_folder_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let ask = async |cursor: Option<&Cursor>| {
        ask_with(settings(IcsLocation::Folder(folder.path().to_owned())), fetcher(), cursor).await
    };
    write("b.ics", feed(&[("b", "20260702T090000Z")]));
    write("a.ics", feed(&[("a", "20260701T090000Z"), ("a2", "20260701T090000Z")]));
    write(".hidden.ics", feed(&[("hidden", "20260701T090000Z")]));
    write("notes.txt", "nothing".to_owned());
    let first = whole(ask(None).await);
    assert_eq!(ids(&first), ["a", "a2", "b"]);
    assert!(first.skipped.is_empty() && first.unread.is_empty());
    write("a.ics", feed(&[("a", "20260701T090000Z")])[..100].to_owned());
    write("new.ics", "not a calendar".to_owned());
    let second = whole(ask(Some(&first.cursor)).await);
    assert_eq!(ids(&second), ["b"]);
    assert_eq!(second.unread, ["a", "a2"]);
    assert_eq!(second.skipped.len(), 2, "{:?}", second.skipped);
    assert!(second.skipped[0].starts_with("a.ics: "));
    // Still remembered after a second bad reading.
    let third = whole(ask(Some(&second.cursor)).await);
    assert_eq!(third.unread, ["a", "a2"]);
    std::fs::remove_file(folder.path().join("a.ics")).unwrap();
    let fourth = whole(ask(Some(&third.cursor)).await);
    assert!(fourth.unread.is_empty());
    // One UID in two files: the later file by name.
    write("c.ics", feed(&[("b", "20260709T090000Z")]));
    let fifth = whole(ask(Some(&fourth.cursor)).await);
    assert_eq!(ids(&fifth), ["b"]);
    assert!(fifth.objects[0].octets.windows(8).any(|window| window == b"20260709"));
    assert!(matches!(
        ask_with(settings(IcsLocation::Folder(folder.path().join("none"))), fetcher(), None).await,
        Err(SourceError::Gone(_))
    ));
}
