//! TLS as clients meet it: handshakes, certificates that change while it serves, and everything that goes wrong.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly and wait on the real clock"
)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::{ADA, Answer, Server, basic, free_address};

const HOST: &str = "cal.test";

/// An authority of our own.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    root: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).expect("a root").der().clone();
        Self { issuer: rcgen::Issuer::new(params, key), root }
    }

    /// Writes a certificate, valid until `until` (a year), and its key; the certificate.
    fn write(&self, folder: &Path, until: i32) -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().expect("a key");
        let names = vec![HOST.to_owned(), "127.0.0.1".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).expect("parameters");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        put(&folder.join("cert.pem"), &certificate.pem());
        put(&folder.join("key.pem"), &key.serialize_pem());
        certificate.der().clone()
    }

    fn client(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
        alpn: &[&str],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    fn any(&self) -> Arc<ClientConfig> {
        self.client(rustls::ALL_VERSIONS, &["http/1.1"])
    }
}

/// As careful programs write: whole, then in its place.
fn put(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).expect("written");
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    std::fs::rename(&beside, path).expect("renamed");
}

/// A server with a plain listener and one that speaks TLS.
fn start(authority: &Authority, until: i32, more: &str) -> (Server, SocketAddr) {
    let (plain, tls) = (free_address(), free_address());
    let more = format!(
        "{ADA}\n{more}\n[[listen]]\naddress = \"{tls}\"\nsurfaces = [\"booking\", \"caldav\", \"metrics\"]\n\
         tls = {{ cert = \"cert.pem\", key = \"key.pem\" }}\n"
    );
    let folder = support::prepared(plain, &more);
    authority.write(folder.path(), until);
    (Server::start_in(folder, plain), tls)
}

type Secured = StreamOwned<ClientConnection, TcpStream>;

/// A connection after its handshake.
fn shake(config: &Arc<ClientConfig>, at: SocketAddr, name: &str) -> std::io::Result<Secured> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut connection = ClientConnection::new(Arc::clone(config), name).expect("a connection");
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

fn ask(mut stream: Secured, head: &str) -> Option<Answer> {
    stream.write_all(format!("{head}\r\nhost: {HOST}\r\nconnection: close\r\n\r\n").as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Answer::parse(&answer)
}

fn presented(authority: &Authority, at: SocketAddr) -> CertificateDer<'static> {
    let stream = shake(&authority.any(), at, HOST).expect("a handshake");
    stream.conn.peer_certificates().expect("certificates")[0].clone().into_owned()
}

#[test]
fn both_versions_of_tls_and_of_http_are_spoken() {
    let authority = Authority::new();
    let (server, at) = start(&authority, 2100, "");
    let password = basic("ada", "secret");
    for (versions, expected) in [
        (&[&rustls::version::TLS12], rustls::ProtocolVersion::TLSv1_2),
        (&[&rustls::version::TLS13], rustls::ProtocolVersion::TLSv1_3),
    ] {
        // By name, and by address: then no name is sent.
        for name in [HOST, "127.0.0.1"] {
            let stream = shake(&authority.client(versions, &["http/1.1"]), at, name).expect("a handshake");
            assert_eq!(stream.conn.protocol_version(), Some(expected));
            assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
            let head = format!("PROPFIND /dav/ HTTP/1.1\r\nauthorization: {password}\r\ncontent-length: 0");
            let answer = ask(stream, &head).expect("an answer");
            assert_eq!(answer.status, 207, "{}", answer.text());
            assert_eq!(answer.field("strict-transport-security"), Some("max-age=31536000"));
        }
    }
    let found =
        ask(shake(&authority.any(), at, HOST).expect("a handshake"), "GET /.well-known/caldav HTTP/1.1");
    assert_eq!(found.expect("an answer").field("location"), Some("/dav/"), "the scheme stays");
    let plain = server.ask("GET", "/ada", &[], b"").expect("an answer");
    assert_eq!((plain.status, plain.field("strict-transport-security")), (200, None));

    let root = server.folder.path().join("root.der");
    std::fs::write(&root, &authority.root).expect("written");
    kalends::compose::install_tls();
    let certificate = reqwest::Certificate::from_der(&authority.root).expect("a root");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = reqwest::Client::builder().tls_certs_only([certificate]).resolve(HOST, at).no_proxy();
        let client = client.build().expect("a client");
        let url = format!("https://{HOST}:{}/ada", at.port());
        let answer = client.get(&url).send().await.expect("an answer");
        assert_eq!((answer.version(), answer.status().as_u16()), (http::Version::HTTP_2, 200));
        let all: Vec<_> = (0..20).map(|_| client.get(&url).send()).collect();
        for answer in all {
            assert_eq!(answer.await.expect("an answer").status(), 200);
        }
    });
}

#[test]
fn what_is_no_handshake_is_cut_or_told() {
    let authority = Authority::new();
    let (server, at) = start(&authority, 2100, "[limits]\nhandshake_timeout = \"1s\"\n");
    let mut plain = server;
    plain.address = at;
    let answer = plain.ask("GET", "/ada", &[], b"").expect("an answer");
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("https://"), "{}", answer.text());

    // It begins like a handshake, and goes on forever.
    let mut slow = TcpStream::connect(at).expect("connected");
    slow.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    slow.write_all(&[22, 3, 1, 2]).expect("written");
    let began = Instant::now();
    assert_eq!(slow.read(&mut [0; 8]).unwrap_or(0), 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());

    // What begins like one and is none, a protocol that nobody speaks, a name that is another's, another root.
    let mut wrong = TcpStream::connect(at).expect("connected");
    wrong.write_all(&[22; 400]).expect("written");
    let mut rest = Vec::new();
    let _ = wrong.read_to_end(&mut rest);
    assert!(rest.len() < 20, "an alert at most: {rest:?}");
    let stranger = authority.client(rustls::ALL_VERSIONS, &["gopher"]);
    assert!(shake(&stranger, at, HOST).is_err());
    assert!(shake(&authority.any(), at, "other.test").is_err());
    assert!(shake(&Authority::new().any(), at, HOST).is_err());
    assert_eq!(
        ask(shake(&authority.any(), at, HOST).expect("still"), "GET /ada HTTP/1.1").map(|a| a.status),
        Some(200)
    );
}

#[test]
fn certificates_change_under_load_and_wrong_ones_are_not_taken() {
    let authority = Authority::new();
    let (server, at) = start(&authority, 2100, "");
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = authority.any();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let stream = shake(&client, at, HOST).expect("a handshake");
                    assert_eq!(ask(stream, "GET /healthz HTTP/1.1").map(|answer| answer.status), Some(200));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let folder = server.folder.path();
        let first = presented(&authority, at);
        let second = authority.write(folder, 2090);
        server.signal("HUP");
        server.wait_for_log("a new certificate is presented");
        assert!(presented(&authority, at) == second && first != second);

        // A key of another certificate: refused by SIGHUP, and by whoever looks at the files.
        let key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
        put(&folder.join("key.pem"), &key);
        server.signal("HUP");
        server.wait_for_log("listen.tls.key");
        server.wait_for_log("the old certificate stays");
        let log = server.log();
        assert!(log.contains("is not the key of the certificate"), "{log}");
        assert!(log.contains("the configuration is refused"), "{log}");
        assert!(!log.contains(key.lines().nth(1).expect("a line")), "the key is in the log");
        assert!(presented(&authority, at) == second);
        assert_eq!(server.status("GET", "/readyz", &[]), 503);

        // The next pair is noticed without a signal; one that has expired is not taken.
        let third = authority.write(folder, 2091);
        let deadline = Instant::now() + Duration::from_secs(15);
        while presented(&authority, at) != third {
            assert!(Instant::now() < deadline, "{}", server.log());
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(server.status("GET", "/readyz", &[]), 200);
        authority.write(folder, 2021);
        server.wait_for_log("has expired");
        assert!(presented(&authority, at) == third);
        stop.store(true, Ordering::Relaxed);
    });
    assert!(done.load(Ordering::Relaxed) > 20, "there was no load");
}

#[test]
fn files_of_no_use_are_told_with_their_line_and_an_expired_one_closes_readiness() {
    let authority = Authority::new();
    let (server, at) = start(&authority, 2021, "");
    let ready = server.ask("GET", "/readyz", &[], b"").expect("an answer");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("expired at 2021-01-01"), "{}", ready.text());
    assert!(shake(&authority.any(), at, HOST).is_err(), "the client refuses it");

    let folder = server.folder.path();
    let line = std::fs::read_to_string(server.config()).expect("readable").lines().count();
    for (file, content, expected) in [
        ("key.pem", "", "listen.tls.key: there is no key in"),
        (
            "key.pem",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "passphrase",
        ),
        ("key.pem", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", "cannot be used"),
        ("cert.pem", "hello", "listen.tls.cert: there is no certificate in"),
        ("cert.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "is none"),
        ("cert.pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "is damaged"),
    ] {
        authority.write(folder, 2100);
        put(&folder.join(file), content);
        let told = support::said(&server.cli(&["check"]), 3);
        assert!(told.contains(expected) && told.contains(&format!("kalends.toml:{line}:")), "{file}: {told}");
    }
}

#[test]
fn a_plain_listener_leads_to_tls_and_takes_nothing() {
    let authority = Authority::new();
    let redirect = free_address();
    let more = format!("[[listen]]\naddress = \"{redirect}\"\nsurfaces = [\"redirect\"]\n");
    let address = free_address();
    let folder = support::prepared(address, &format!("{ADA}{more}"));
    let config = folder.path().join("kalends.toml");
    let text = std::fs::read_to_string(&config).expect("readable");
    let text =
        text.replace(&format!("public_url = \"http://{address}\""), "public_url = \"https://cal.test\"");
    std::fs::write(&config, text).expect("written");
    drop(authority);
    let server = Server::start_in(folder, address);
    let mut plain = server;
    plain.address = redirect;
    let answer = plain.ask("GET", "/ada/intro?a=b", &[("host", "evil.example")], b"").expect("an answer");
    assert_eq!((answer.status, answer.field("location")), (301, Some("https://cal.test/ada/intro?a=b")));
    let answer = plain.ask("PROPFIND", "/.well-known/caldav", &[], b"").expect("an answer");
    assert_eq!((answer.status, answer.field("location")), (301, Some("https://cal.test/.well-known/caldav")));
    assert_eq!(plain.status("REPORT", "/dav/calendars/ada/", &[]), 308);
    let refused = plain.ask("PROPFIND", "/dav/", &[("authorization", &basic("ada", "secret"))], b"");
    let refused = refused.expect("an answer");
    assert_eq!(
        (refused.status, refused.field("location"), refused.field("www-authenticate")),
        (403, None, None)
    );
    assert_eq!(plain.status("GET", "/healthz", &[]), 301);
}

#[test]
fn answers_are_packed_for_who_asks_and_keep_their_tags() {
    let server = Server::start(ADA);
    let password = basic("ada", "secret");
    let path = "/dav/calendars/ada/personal/a.ics";
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20300101T100000Z\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "words ".repeat(1000)
    );
    let fields = [("authorization", password.as_str()), ("content-type", "text/calendar")];
    assert_eq!(server.ask("PUT", path, &fields, text.as_bytes()).expect("an answer").status, 201);
    let plain = server.ask("GET", path, &[fields[0]], b"").expect("an answer");
    assert_eq!((plain.field("content-encoding"), plain.field("etag").is_some()), (None, true));
    let packed =
        server.ask("GET", path, &[fields[0], ("accept-encoding", "gzip, deflate")], b"").expect("an answer");
    assert_eq!(packed.field("content-encoding"), Some("gzip"));
    assert_eq!(packed.field("etag"), plain.field("etag"));
    assert!(packed.body.len() < plain.body.len() / 4, "{} of {}", packed.body.len(), plain.body.len());
    let tag = packed.field("etag").expect("a tag").to_owned();
    let fields = [fields[0], ("if-match", tag.as_str()), ("content-type", "text/calendar")];
    assert_eq!(server.ask("PUT", path, &fields, text.as_bytes()).expect("an answer").status, 204);
}

#[test]
fn a_flood_of_streams_that_are_reset_ends_the_connection() {
    let server = Server::start(ADA);
    let mut stream = server.connect();
    let frame = |kind: u8, flags: u8, id: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [&length[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()
    };
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(4, 0, 0, &[]));
    for number in 0..20_000_u32 {
        // GET / http a, whole; then CANCEL.
        flood.extend(frame(1, 5, number * 2 + 1, &[0x82, 0x84, 0x86, 0x41, 1, b'a']));
        flood.extend(frame(3, 0, number * 2 + 1, &[0, 0, 0, 8]));
    }
    let mut writer = stream.try_clone().expect("a clone");
    let writing = std::thread::spawn(move || writer.write_all(&flood).is_ok());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let _ = writing.join();
    // GOAWAY (7) with ENHANCE_YOUR_CALM (11).
    let mut rest = &answer[..];
    let mut calm = false;
    while let Some((head, after)) = rest.split_at_checked(9) {
        let length = usize::from(head[1]) * 256 + usize::from(head[2]);
        let Some((payload, after)) = after.split_at_checked(length) else { break };
        calm |= head[3] == 7 && payload.get(4..8) == Some(&[0, 0, 0, 11]);
        rest = after;
    }
    assert!(calm, "no GOAWAY among {} octets", answer.len());
    assert_eq!(server.status("GET", "/healthz", &[]), 200);
}
