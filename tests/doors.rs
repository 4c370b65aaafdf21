//! The doors of the running program: their guards, their surfaces, and how they close.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly and wait on the real clock"
)]

mod support;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use support::{ADA, Answer, Server, basic, free_address, head};

const TIGHT: &str = "
[limits]
connections = 6
header_octets = 8192
header_timeout = \"1s\"
body_octets = 4000
body_timeout = \"2s\"
idle_timeout = \"2s\"
bookings_per_minute = 3
";

fn tight() -> Server {
    Server::start(&format!("{TIGHT}{ADA}"))
}

/// Writes, then reads until the other side closes; what came, and how long it took.
fn until_closed(server: &Server, octets: &[u8], then: &[u8], pause: Duration) -> (Vec<u8>, Duration) {
    let mut stream = server.connect();
    let began = Instant::now();
    stream.write_all(octets).expect("written");
    let mut writer = stream.try_clone().expect("a clone");
    let then = then.to_vec();
    let slow = std::thread::spawn(move || {
        for octet in then {
            std::thread::sleep(pause);
            if writer.write_all(&[octet]).is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let took = began.elapsed();
    slow.join().expect("the writer ends");
    (answer, took)
}

#[test]
fn connections_that_are_silent_or_slow_are_cut() {
    let server = tight();
    let pause = Duration::from_millis(150);
    let (answer, took) = until_closed(&server, b"", b"", pause);
    assert!(answer.is_empty() && took < Duration::from_secs(5), "silent: {took:?}");

    let (_, took) = until_closed(&server, b"GET / HTTP/1.1\r\n", b"x-slow: aaaaaaaaaaaaaaaaaaaaaaaa", pause);
    assert!(took < Duration::from_secs(6), "slow header: {took:?}");

    let head = b"POST /ada/intro/book HTTP/1.1\r\nhost: a\r\ncontent-length: 3000\r\n\r\n";
    let (answer, took) = until_closed(&server, head, &[b'a'; 40], pause);
    assert_eq!(Answer::parse(&answer).map(|answer| answer.status), Some(408));
    assert!(took >= Duration::from_millis(1500) && took < Duration::from_secs(8), "slow body: {took:?}");

    let (answer, took) = until_closed(&server, b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n", b"", pause);
    assert_eq!(Answer::parse(&answer).map(|answer| answer.status), Some(200));
    assert!(took < Duration::from_secs(6), "kept alive in silence: {took:?}");
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let server = tight();
    let password = basic("ada", "secret");
    let large = vec![b'a'; 5000];
    let put = "/dav/calendars/ada/personal/a.ics";
    let answer = server.ask("PUT", put, &[("authorization", &password)], &large).expect("an answer");
    assert_eq!(answer.status, 413);

    // The length is not told, so it has to be found out.
    let mut chunked = format!(
        "PUT {put} HTTP/1.1\r\nhost: a\r\nauthorization: {password}\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for _ in 0..5 {
        chunked.extend_from_slice(b"400\r\n");
        chunked.extend_from_slice(&[b'a'; 1024]);
        chunked.extend_from_slice(b"\r\n");
    }
    let (answer, _) = until_closed(&server, &chunked, b"", Duration::ZERO);
    assert_eq!(Answer::parse(&answer).map(|answer| answer.status), Some(413));

    let long = "a".repeat(20_000);
    assert_eq!(server.status("GET", "/healthz", &[("x-long", &long)]), 431);
    assert_eq!(server.status("GET", "/healthz", &[]), 200);
}

#[test]
fn who_announces_much_and_sends_little_takes_nobodys_room() {
    let server = Server::start(&format!("[limits]\nbody_octets = 8000\nbody_timeout = \"20s\"\n{ADA}"));
    let announced = "PUT /dav/calendars/ada/personal/a.ics HTTP/1.1\r\nhost: a\r\nauthorization: Basic eDp4\r\n\
                     content-length: 7900\r\n\r\nBEGIN";
    let slow: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(announced.as_bytes()).expect("written");
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let password = basic("ada", "secret");
    let body = format!("<propfind xmlns=\"DAV:\"><allprop/><!--{}--></propfind>", "a".repeat(4000));
    let fields = [("authorization", password.as_str()), ("content-type", "text/xml"), ("depth", "0")];
    let answer = server.ask("PROPFIND", "/dav/", &fields, body.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 207, "{}", answer.text());
    drop(slow);
}

#[test]
fn a_refusal_arrives_although_the_client_is_still_sending() {
    let server = tight();
    let large = vec![b'a'; 8 * 1024 * 1024];
    let fields = [("authorization", basic("ada", "secret"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for _ in 0..5 {
        let answer = server.ask("PUT", "/dav/calendars/ada/personal/a.ics", &fields, &large);
        assert_eq!(answer.map(|answer| answer.status), Some(413));
    }
}

#[test]
fn passwords_are_not_taken_in_the_open() {
    // This machine's address towards the outside, if it has one: what comes from there is not from loopback.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let outside = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr()).map(|address| address.ip());
    let outside = match outside {
        Ok(address) if !address.is_loopback() => address,
        other => {
            eprintln!("not tested: this machine has no address besides loopback ({other:?})");
            return;
        }
    };
    let local = free_address();
    let start = |proxies: &str| {
        let folder = support::prepared(local, ADA);
        let config = folder.path().join("kalends.toml");
        let text = std::fs::read_to_string(&config).expect("readable");
        let text = text
            .replace(&format!("address = \"{local}\""), &format!("address = \"0.0.0.0:{}\"", local.port()))
            .replace("data_dir", &format!("trusted_proxies = [{proxies}]\ndata_dir"));
        std::fs::write(&config, text).expect("written");
        let mut server = Server::start_in(folder, local);
        server.address = (outside, local.port()).into();
        server
    };
    let password = basic("ada", "secret");
    let fields = [("authorization", password.as_str())];
    let server = start("");
    let refused = server.ask("PROPFIND", "/dav/", &fields, b"").expect("an answer");
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("https") && refused.field("www-authenticate").is_none(),
        "{}",
        refused.text()
    );
    assert_eq!(server.status("GET", "/dav/", &[]), 403);
    assert_eq!(server.status("GET", "/.well-known/caldav", &[]), 301);
    assert_eq!(server.status("GET", "/ada", &[]), 200);
    drop(server);
    let server = start(&format!("\"{outside}\""));
    assert_eq!(server.status("PROPFIND", "/dav/", &fields), 207);
}

#[test]
fn newcomers_wait_until_there_is_room() {
    let server = tight();
    let held: Vec<_> = (0..6).map(|_| server.connect()).collect();
    let began = Instant::now();
    // The silent ones are cut after a second; then there is room.
    assert_eq!(server.status("GET", "/healthz", &[]), 200);
    assert!(began.elapsed() > Duration::from_millis(500), "{:?}", began.elapsed());
    drop(held);
}

#[test]
fn bookings_are_limited_by_whoever_asks_and_not_by_the_proxy() {
    let server = tight();
    let post = |from: &str| {
        let fields = [("x-forwarded-for", from), ("content-type", "application/x-www-form-urlencoded")];
        server.ask("POST", "/ada/intro/book", &fields, b"a=b").expect("an answer")
    };
    for _ in 0..3 {
        assert_ne!(post("192.0.2.1").status, 429);
    }
    let answer = post("192.0.2.1");
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.field("retry-after").expect("when").parse().expect("seconds");
    assert!((1..=21).contains(&wait));
    assert_ne!(post("192.0.2.2").status, 429);
    // What a stranger put before the proxy's own word does not help.
    assert_eq!(post("198.51.100.7, 192.0.2.1").status, 429);
}

#[test]
fn a_surface_is_served_only_where_it_is_named() {
    let address = free_address();
    let more = format!("{ADA}\n[[listen]]\naddress = \"127.0.0.1:0\"\nsurfaces = [\"admin\"]\n");
    let folder = support::prepared(address, &more);
    let config = folder.path().join("kalends.toml");
    let text = std::fs::read_to_string(&config).expect("readable");
    std::fs::write(&config, text.replace("\"booking\", \"caldav\", \"metrics\"", "\"booking\", \"metrics\""))
        .expect("written");
    let server = Server::start_in(folder, address);
    assert_eq!(server.status("GET", "/ada", &[]), 200);
    assert_eq!(server.status("PROPFIND", "/dav/", &[("authorization", &basic("ada", "secret"))]), 404);
    assert_eq!(server.status("GET", "/.well-known/caldav", &[]), 404);
    assert_eq!(server.status("GET", "/admin/", &[]), 404);
    assert_eq!(server.status("GET", "/healthz", &[]), 200);
    let page = server.ask("GET", "/nobody", &[], b"").expect("an answer");
    assert_eq!(page.status, 404);
    assert!(page.text().contains("<h1"), "{}", page.text());
}

#[test]
fn requests_have_ids_and_the_log_has_no_secrets() {
    let server = Server::start(ADA);
    let answer = server.ask("GET", "/b/SECRETTOKEN?x=SECRETQUERY", &[], b"").expect("an answer");
    let id = answer.field("x-request-id").expect("an id").to_owned();
    let password = basic("ada", "secret");
    assert_eq!(server.status("PROPFIND", "/dav/", &[("authorization", &password)]), 207);
    server.wait_for_log(&id);
    let log = server.log();
    assert!(log.contains("/b/…"), "{log}");
    assert!(!log.contains("SECRET") && !log.contains(&password), "{log}");

    let head = server.ask("HEAD", "/healthz", &[], b"").expect("an answer");
    assert_eq!((head.status, head.body.len(), head.field("content-length")), (200, 0, Some("3")));
    assert_eq!(server.status("POST", "/healthz", &[]), 405);
    let ready = server.ask("GET", "/readyz", &[], b"").expect("an answer");
    let ready: serde_json::Value = serde_json::from_str(&ready.text()).expect("JSON");
    assert_eq!(ready["ready"], true, "{ready}");
}

#[test]
fn a_source_that_stays_away_closes_readiness_with_the_reason() {
    let address = free_address();
    let source = "\n  [[owner.source]]\n  id = \"work\"\n  kind = \"ics\"\n  path = \"work.ics\"\n";
    let folder = support::prepared(address, &format!("{ADA}{source}"));
    std::fs::write(folder.path().join("work.ics"), "<html>please sign in</html>").expect("written");
    let server = Server::start_in(folder, address);
    let deadline = Instant::now() + Duration::from_secs(10);
    let ready = loop {
        let ready = server.ask("GET", "/readyz", &[], b"").expect("an answer");
        if ready.status == 503 || Instant::now() > deadline {
            break ready;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert!(
        ready.text().contains("source ada/work") && ready.text().contains("never read"),
        "{}",
        ready.text()
    );
    let health = server.cli(&["healthcheck"]);
    assert!(support::said(&health, 1).contains("FAIL  source ada/work"));
}

#[test]
fn both_versions_of_http_are_spoken() {
    let server = Server::start(ADA);
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let output = std::process::Command::new("curl")
            .args(["-s", version, "-o", "/dev/null", "-w", "%{http_version} %{http_code}"])
            .arg(format!("http://{}/ada", server.address))
            .output()
            .expect("curl is installed");
        let expected = if version == "--http1.1" { "1.1 200" } else { "2 200" };
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
    let mut stream = server.connect();
    let request = format!(
        "PUT /dav/calendars/ada/personal/a.ics HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ncontent-type: text/calendar\r\n\
         content-length: 5\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        basic("ada", "secret")
    );
    stream.write_all(request.as_bytes()).expect("written");
    let mut first = [0_u8; 21];
    stream.read_exact(&mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 100 Continue");
    stream.write_all(b"hello").expect("written");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("an answer");
    assert!(String::from_utf8_lossy(&rest).contains(" 403 "), "{}", String::from_utf8_lossy(&rest));
}

#[test]
fn sigterm_lets_what_is_under_way_end() {
    let mut server = Server::start(ADA);
    let idle = server.connect();
    let mut busy = server.connect();
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n\
                DTSTART:20300101T100000Z\r\nDTEND:20300101T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let head = format!(
        "PUT /dav/calendars/ada/personal/a.ics HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\n\
         content-type: text/calendar\r\ncontent-length: {}\r\n\r\n",
        basic("ada", "secret"),
        text.len()
    );
    busy.write_all(head.as_bytes()).expect("written");
    busy.write_all(&text.as_bytes()[..50]).expect("written");
    std::thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    let began = Instant::now();
    std::thread::sleep(Duration::from_millis(500));
    assert!(std::net::TcpStream::connect(server.address).is_err(), "newcomers are taken");
    busy.write_all(&text.as_bytes()[50..]).expect("written");
    let mut answer = Vec::new();
    busy.read_to_end(&mut answer).expect("an answer");
    assert_eq!(
        Answer::parse(&answer).map(|answer| answer.status),
        Some(201),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let status = server.process.wait().expect("it ends");
    assert!(status.success(), "{status}\n{}", server.log());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(idle);
}

#[test]
fn a_request_without_end_does_not_hold_up_the_end() {
    let mut server = Server::start(ADA);
    let mut busy = server.connect();
    busy.write_all(b"POST /ada/intro/book HTTP/1.1\r\nhost: a\r\ncontent-length: 3000\r\n\r\n")
        .expect("written");
    std::thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    server.signal("INT");
    let status = server.process.wait().expect("it ends");
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn sighup_puts_a_good_configuration_in_force_and_refuses_a_bad_one() {
    let server = Server::start(ADA);
    let text = std::fs::read_to_string(server.config()).expect("readable");
    assert_eq!(server.status("GET", "/bob", &[]), 404);
    let bob = "\n[[owner]]\nid = \"bob\"\nemails = [\"bob@example.org\"]\ntime_zone = \"Europe/Paris\"\npassword = \"bobs\"\n";
    std::fs::write(server.config(), format!("{text}{bob}")).expect("written");
    server.signal("HUP");
    server.wait_for_log("the configuration was read again");
    assert_eq!(server.status("GET", "/bob", &[]), 200);
    assert_eq!(server.status("PROPFIND", "/dav/", &[("authorization", &basic("bob", "bobs"))]), 207);

    std::fs::write(server.config(), "[server]\ncolour = \"red\"\n").expect("written");
    server.signal("HUP");
    server.wait_for_log("server.colour: is not a known key");
    server.wait_for_log("the old one stays in force");
    assert_eq!(server.status("GET", "/bob", &[]), 200);

    std::fs::write(server.config(), head(free_address()) + ADA).expect("written");
    server.signal("HUP");
    server.wait_for_log("this change needs a restart");
    assert_eq!(server.status("PROPFIND", "/dav/", &[("authorization", &basic("bob", "bobs"))]), 401);
}

#[test]
fn a_taken_address_is_told_with_the_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = taken.local_addr().expect("an address");
    let folder = support::prepared(address, ADA);
    let output = support::cli(&folder.path().join("kalends.toml"), &["serve"]);
    let told = support::said(&output, 1);
    assert!(told.contains(&format!("cannot listen on {address}")) && told.contains("another port"), "{told}");
}

#[test]
fn the_service_manager_is_told_what_happens() {
    let address = free_address();
    let folder = support::prepared(address, ADA);
    let manager = tempfile::tempdir().expect("a folder");
    let path = manager.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let heard = |wanted: &str| {
        let mut octets = [0_u8; 4096];
        loop {
            let length = socket.recv(&mut octets).unwrap_or_else(|error| panic!("{wanted}: {error}"));
            let text = String::from_utf8_lossy(&octets[..length]).into_owned();
            if text.lines().any(|line| line.starts_with(wanted)) {
                return text;
            }
        }
    };
    let environment = [("NOTIFY_SOCKET", path.to_str().expect("a name")), ("WATCHDOG_USEC", "400000")];
    let mut server = Server::start_with(folder, address, &environment);
    assert!(heard("READY=1").contains("STATUS=1 owners, 0 sources"));
    heard("WATCHDOG=1");
    heard("WATCHDOG=1");
    server.signal("HUP");
    assert!(heard("RELOADING=1").contains("MONOTONIC_USEC="));
    heard("READY=1");
    server.signal("TERM");
    heard("STOPPING=1");
    assert!(server.process.wait().expect("it ends").success());
}
