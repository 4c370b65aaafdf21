//! Every page over a desk: what it holds, what it must not hold, and how it is dressed.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod support;

use bytes::Bytes;
use http::{Method, Request};
use support::{Answered, Pages, ada, event_type, html, owner, pages};

/// All addresses of pages, with what they answer.
async fn every_page(pages: &Pages) -> Vec<(String, u16)> {
    let booking = pages.book("20261127T100000Z").await;
    let mut all: Vec<(String, u16)> = [
        ("/ada", 200),
        ("/ada/intro", 200),
        ("/ada/intro?m=2026-12&tz=Asia/Kathmandu&h12=1", 200),
        ("/ada/intro?d=2026-11-22", 200),
        ("/ada/intro?m=2027-06", 200),
        ("/ada/intro?dur=60&d=2026-11-24", 200),
        ("/ada/intro/book?s=20261124T090000Z", 200),
        ("/ada/intro/book?s=20261122T090000Z", 409),
        ("/ada/friends", 200),
        ("/ada/old", 410),
        ("/ada/nothing", 404),
        ("/nobody", 404),
        ("/b/0000000000000000000000000000000000000000", 404),
        ("/ada/intro?tz=Mars/Phobos", 422),
        ("/ada/intro?m=never", 422),
        ("/ada/intro?dur=7", 422),
    ]
    .map(|(address, status)| (address.to_owned(), status))
    .into();
    all.push((booking.clone(), 200));
    all.push((format!("{booking}/cancel"), 200));
    all.push((format!("{booking}/reschedule"), 200));
    all.push((format!("{booking}/reschedule?s=20261124T090000Z"), 200));
    all.push((format!("{booking}/reschedule?s=20261122T090000Z"), 409));
    all
}

fn dressed(address: &str, answered: &Answered) {
    let policy = answered.field("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{address}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{address}");
    assert_eq!(answered.field("referrer-policy"), "no-referrer", "{address}");
    assert_eq!(answered.field("x-content-type-options"), "nosniff", "{address}");
    assert_eq!(answered.field("cross-origin-opener-policy"), "same-origin", "{address}");
    assert!(answered.field("permissions-policy").contains("camera=()"), "{address}");
    assert_eq!(answered.field("set-cookie"), "", "{address}");
    let keep = if address.starts_with("/b/") { "no-store" } else { "private, no-cache" };
    assert_eq!(answered.field("cache-control"), keep, "{address}");
}

#[tokio::test]
async fn every_page_is_whole_and_dressed() {
    let pages = ada().await;
    for (address, status) in every_page(&pages).await {
        let answered = pages.look(&address).await;
        assert_eq!(answered.status, status, "{address}: {}", answered.text);
        assert_eq!(answered.field("content-type"), "text/html; charset=utf-8", "{address}");
        dressed(&address, &answered);
        html::check(&answered.text);
        let hidden = answered.text.contains("<meta name=\"robots\" content=\"noindex\">");
        assert_eq!(hidden, address != "/ada", "{address}");
        let head = Request::head(&address).body(Bytes::new()).unwrap();
        let head = pages.send(head).await;
        assert_eq!((head.status, head.text.as_str()), (status, ""), "{address}");
        // A form has a number of its own; all digits of it are as many.
        assert_eq!(head.field("content-length"), answered.text.len().to_string(), "{address}");
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    let pages = ada().await;
    let addresses = every_page(&pages).await;
    let before = pages.desk.world.store.engine().scan(&[], &[0xFF; 8], usize::MAX).await.unwrap();
    for (address, _) in &addresses {
        for method in [Method::GET, Method::HEAD] {
            for _ in 0..3 {
                let request = Request::builder().method(&method).uri(address).body(Bytes::new()).unwrap();
                pages.send(request).await;
            }
        }
    }
    let after = pages.desk.world.store.engine().scan(&[], &[0xFF; 8], usize::MAX).await.unwrap();
    assert!(!before.is_empty());
    assert_eq!(before, after);
}

#[tokio::test]
async fn nothing_of_an_event_is_told() {
    let pages = ada().await;
    pages.plant("ada", "planted", ("2026-11-24T09:00:00", "2026-11-24T10:00:00"), "Zanzibar").await;
    for (address, _) in every_page(&pages).await {
        let text = pages.look(&address).await.text;
        for planted in ["Zanzibar", "planted", "hidden.example", "personal", "cal.example"] {
            assert!(!text.contains(planted), "{planted} on {address}");
        }
        assert!(
            address.starts_with("/b/") || !text.contains("secret-room"),
            "the call's address on {address}"
        );
    }
    let day = pages.look("/ada/intro?d=2026-11-24").await.text;
    assert!(day.contains("s=20261124T083000Z") && day.contains("s=20261124T100000Z"), "{day}");
    assert!(!day.contains("s=20261124T090000Z") && !day.contains("s=20261124T093000Z"), "{day}");
}

#[tokio::test]
async fn what_is_written_comes_back_escaped() {
    let evil = "\"><script>alert('x')</script><b onmouseover=alert(1)>&amp;";
    let mut host = owner("eve", evil, "Europe/Berlin");
    host.name = evil.to_owned();
    let mut kind = event_type("intro", evil, "Europe/Berlin");
    kind.description = format!("{evil}\n\n{evil}{}", "y".repeat(600));
    kind.location = Some(evil.to_owned());
    let pages = pages(vec![(host, vec![kind]), (owner("ada", evil, "UTC"), vec![])]).await;
    let fields = [
        ("s", "20261124T090000Z"),
        ("tz", "Asia/Kathmandu"),
        ("name", evil),
        ("email", "eve@example.org"),
        ("notes", evil),
    ];
    let booked = pages.post("/eve/intro/book", &fields).await;
    assert_eq!(booked.status, 303, "{}", booked.text);
    let booking = booked.field("location").to_owned();
    let mut answers = Vec::new();
    let query = form_urlencoded::byte_serialize(evil.as_bytes()).collect::<String>();
    for address in [
        "/".to_owned(),
        "/eve".to_owned(),
        "/eve/intro".to_owned(),
        format!("/eve/intro?tz={query}"),
        format!("/eve/intro?m={query}"),
        format!("/eve/{query}"),
        "/eve/intro/book?s=20261124T100000Z".to_owned(),
        booking.clone(),
        format!("{booking}/cancel"),
        format!("{booking}/reschedule"),
        format!("{booking}/reschedule?s=20261125T100000Z"),
    ] {
        answers.push((address.clone(), pages.look(&address).await));
    }
    let refused =
        [("s", "20261125T090000Z"), ("name", evil), ("email", evil), ("notes", evil), ("nonce", evil)];
    answers.push(("refused".to_owned(), pages.post("/eve/intro/book", &refused).await));
    let cancelled = pages.post(&format!("{booking}/cancel"), &[("reason", evil)]).await;
    assert_eq!(cancelled.status, 303);
    answers.push(("cancelled".to_owned(), pages.look(&booking).await));
    for (address, answered) in answers {
        html::check(&answered.text);
        let visible = answered.text.replace("<script type=\"module\"", "");
        assert!(
            !visible.contains("<script") && !visible.contains("<b onmouse"),
            "{address}: {}",
            answered.text
        );
    }
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again() {
    let pages = ada().await;
    let first = pages.look("/ada/intro").await;
    let request = Request::get("/ada/intro").header("if-none-match", first.field("etag"));
    let again = pages.send(request.body(Bytes::new()).unwrap()).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let fields = [("s", "20261124T090000Z"), ("name", "Grace"), ("email", "g@navy.example")];
    pages.post("/ada/intro/book", &fields).await;
    let request = Request::get("/ada/intro").header("if-none-match", first.field("etag"));
    let changed = pages.send(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(changed.status, 200, "a time was taken");
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_hash() {
    let pages = ada().await;
    let page = pages.look("/ada").await.text;
    for ending in [".css", ".js", ".svg"] {
        let path =
            page.split('"').find(|value| value.starts_with("/assets/") && value.ends_with(ending)).unwrap();
        let asset = pages.look(path).await;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.field("cache-control"), "public, max-age=31536000, immutable");
        assert!(!asset.text.contains("http://") || ending == ".svg", "nothing from elsewhere");
        assert_eq!(pages.look(&path.replace("page.", "page.0").replace("icon.", "icon.0")).await.status, 404);
    }
}

#[tokio::test]
async fn methods_and_small_addresses() {
    let pages = ada().await;
    let robots = pages.look("/robots.txt").await;
    assert_eq!((robots.status, robots.field("content-type")), (200, "text/plain; charset=utf-8"));
    assert!(!robots.text.contains('\r') && robots.text.ends_with('\n'));
    let open = |agent: &str, path: &str| {
        let mut groups = robots.text.split("User-agent: ");
        let rules = groups.find_map(|group| group.strip_prefix(agent)).unwrap();
        let rule = |line: &str, word: &str| {
            let fits = |rule: &&str| match rule.strip_suffix('$') {
                Some(whole) => path == whole,
                None => path.starts_with(*rule),
            };
            line.strip_prefix(word).filter(fits).map(str::len)
        };
        let longest = |word: &str| rules.lines().filter_map(|line| rule(line, word)).max();
        longest("Allow: ").unwrap_or(0) >= longest("Disallow: ").unwrap_or(0)
    };
    for path in ["/", "/ada", "/ada/intro", "/assets/site.css", "/davina", "/setups/call"] {
        assert!(open("*", path), "{path}");
    }
    for path in
        ["/dav/published/x.ics", "/dav/", "/b/SECRET", "/a/x", "/setup", "/freebusy/ada.ifb", "/ics/x"]
    {
        assert!(!open("*", path), "{path}");
    }
    assert!(open("Google-Calendar-Importer", "/dav/published/x.ics"));
    assert!(!open("Google-Calendar-Importer", "/ada"));
    let slashed = pages.look("/ada/intro/?m=2026-12").await;
    assert_eq!((slashed.status, slashed.field("location")), (308, "/ada/intro?m=2026-12"));
    assert_eq!(pages.look("//evil.example/").await.status, 404);
    let home = pages.look("/?tz=UTC").await;
    assert_eq!((home.status, home.field("location")), (302, "/ada?tz=UTC"));
    let no_time = pages.look("/ada/intro/book?tz=UTC").await;
    assert_eq!((no_time.status, no_time.field("location")), (302, "/ada/intro?tz=UTC"));
    for (method, address, status, allow) in [
        ("PUT", "/ada/intro", 405, "GET, HEAD"),
        ("POST", "/ada/intro", 405, "GET, HEAD"),
        ("DELETE", "/ada/intro/book", 405, "GET, HEAD, POST"),
        ("POST", "/dav/x/y/z", 404, ""),
    ] {
        let request = Request::builder().method(method).uri(address).body(Bytes::new()).unwrap();
        let answered = pages.send(request).await;
        assert_eq!((answered.status, answered.field("allow")), (status, allow), "{method} {address}");
    }
}

#[tokio::test]
async fn several_hosts_are_listed_none_is_nothing() {
    let kind = || event_type("tea", "Tea", "UTC");
    let two = pages(vec![
        (owner("ada", "Ada Lovelace", "UTC"), vec![kind()]),
        (owner("grace", "Grace Hopper", "UTC"), vec![]),
    ])
    .await;
    let home = two.look("/").await;
    assert_eq!(home.status, 200);
    html::check(&home.text);
    assert!(home.text.contains("href=\"/ada\"") && home.text.contains("Grace Hopper"));
    assert!(two.look("/grace").await.text.contains("nothing to book"));
    assert_eq!(pages(vec![]).await.look("/").await.status, 404);
    let ada = ada().await.look("/ada").await.text;
    assert!(ada.contains("Intro call") && !ada.contains("Tea with friends") && !ada.contains("Old offer"));
}

#[tokio::test]
async fn an_unknown_type_leads_to_those_there_are() {
    let pages = ada().await;
    for (address, status) in [("/ada/nothing", 404), ("/ada/old?tz=UTC", 410)] {
        let answered = pages.look(address).await;
        assert_eq!(answered.status, status);
        assert!(answered.text.contains(">Intro call</a>"), "{}", answered.text);
        assert!(!answered.text.contains("Tea with friends"), "what is not listed stays so");
    }
}

#[tokio::test]
async fn a_failing_store_is_told_kindly_and_books_nothing() {
    let pages = ada().await;
    let booking = pages.book("20261124T090000Z").await;
    pages.engine.fail();
    let fields =
        [("s", "20261124T100000Z"), ("name", "Grace"), ("email", "g@navy.example"), ("notes", "kept")];
    let refused = pages.post("/ada/intro/book", &fields).await;
    assert!(refused.text.contains(">kept</textarea>") && refused.text.contains("Please try again"));
    let mut answers = vec![("post", refused)];
    for address in ["/ada/intro", "/ada/intro/book?s=20261124T100000Z"] {
        answers.push((address, pages.look(address).await));
    }
    answers.push(("booking", pages.look(&booking).await));
    answers.push(("cancel", pages.post(&format!("{booking}/cancel"), &[]).await));
    for (address, answered) in answers {
        assert_eq!((answered.status, answered.field("retry-after")), (503, "30"), "{address}");
        html::check(&answered.text);
        assert!(!answered.text.contains("secret"), "{address}: {}", answered.text);
    }
}
