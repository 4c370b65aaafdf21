//! Devices that are told of changes: a push service that takes what the server sends, and opens it with other
//! libraries than the server sealed it with.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly and wait on the real clock"
)]

mod support;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aes_gcm::aead::Aead;
use aes_gcm::{Aes128Gcm, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use p256::ecdsa::signature::Verifier;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use sha2::Sha256;
use support::{ADA, Answer, Server, basic, said, said_json};

const CALENDAR: &str = "/dav/calendars/ada/personal/";

/// What came to the push service.
struct Came {
    path: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Came {
    fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

/// A push service that answers as it is told to, and with 201 else.
struct PushService {
    address: SocketAddr,
    answers: Arc<Mutex<VecDeque<u16>>>,
    came: Receiver<Came>,
}

impl PushService {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("an address");
        let (sender, came) = channel();
        let answers: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let to_give = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, to_give) = (sender.clone(), Arc::clone(&to_give));
                std::thread::spawn(move || serve(stream, &sender, &to_give));
            }
        });
        Self { address, answers, came }
    }

    fn next(&self, server: &Server) -> Came {
        let came = self.came.recv_timeout(Duration::from_secs(20));
        came.unwrap_or_else(|_| panic!("nothing came:\n{}", server.log()))
    }

    /// Whether nothing comes for a while.
    fn is_quiet(&self) -> bool {
        self.came.recv_timeout(Duration::from_secs(7)).is_err()
    }
}

fn serve(stream: TcpStream, sender: &Sender<Came>, answers: &Mutex<VecDeque<u16>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a clone"));
    let mut stream = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let path = lines[0].split(' ').nth(1).unwrap_or("").to_owned();
        let fields: Vec<(String, String)> = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let length = fields.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
        let mut body = vec![0; length.parse().expect("a length")];
        reader.read_exact(&mut body).expect("a body");
        let status = answers.lock().expect("answers").pop_front().unwrap_or(201);
        let _ = sender.send(Came { path, fields, body });
        let _ = stream.write_all(format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\n\r\n").as_bytes());
    }
}

/// A device with the keys of its subscription.
struct Device {
    secret_key: p256::SecretKey,
    auth: [u8; 16],
}

impl Device {
    fn new(seed: u8) -> Self {
        let secret_key = p256::SecretKey::from_slice(&[seed; 32]).expect("a key");
        Self { secret_key, auth: [seed; 16] }
    }

    fn public_key(&self) -> Vec<u8> {
        self.secret_key.public_key().to_encoded_point(false).as_bytes().to_vec()
    }

    fn register(&self, resource: &str, more: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><push-register xmlns=\"https://bitfire.at/webdav-push\">\
             <subscription><web-push-subscription><push-resource>{resource}</push-resource>\
             <content-encoding>aes128gcm</content-encoding>\
             <subscription-public-key type=\"p256dh\">{}</subscription-public-key>\
             <auth-secret>{}</auth-secret></web-push-subscription></subscription>{more}</push-register>",
            URL_SAFE_NO_PAD.encode(self.public_key()),
            URL_SAFE_NO_PAD.encode(self.auth)
        )
    }

    /// Opens a message (RFC 8291 §3, RFC 8188 §2).
    fn open(&self, body: &[u8]) -> String {
        let (salt, rest) = body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert!(u32::from_be_bytes(size.try_into().expect("four")) >= 18);
        let (length, rest) = rest.split_at(1);
        let (sender, record) = rest.split_at(usize::from(length[0]));
        let theirs = p256::PublicKey::from_sec1_bytes(sender).expect("a point");
        let shared = p256::ecdh::diffie_hellman(self.secret_key.to_nonzero_scalar(), theirs.as_affine());
        let info = [&b"WebPush: info\0"[..], &self.public_key(), sender].concat();
        let mut material = [0; 32];
        let derive = Hkdf::<Sha256>::new(Some(&self.auth), shared.raw_secret_bytes());
        derive.expand(&info, &mut material).expect("derived");
        let derive = Hkdf::<Sha256>::new(Some(salt), &material);
        let (mut key, mut nonce) = ([0; 16], [0; 12]);
        derive.expand(b"Content-Encoding: aes128gcm\0", &mut key).expect("derived");
        derive.expand(b"Content-Encoding: nonce\0", &mut nonce).expect("derived");
        let opened = Aes128Gcm::new(&key.into()).decrypt(&nonce.into(), record).expect("it opens");
        let (last, text) = opened.split_last().expect("an end");
        assert_eq!(*last, 2);
        String::from_utf8(text.to_vec()).expect("text")
    }
}

fn start(service: &PushService) -> Server {
    let push = "[push]\nprivate_hosts = [\"127.0.0.1\"]\n";
    let server = Server::start(&format!("{ADA}\n{push}"));
    assert!(service.address.ip().is_loopback());
    server
}

fn send(server: &Server, method: &str, path: &str, (body, fields): (&str, &[(&str, &str)])) -> Answer {
    let password = basic("ada", "secret");
    let mut all = vec![("authorization", password.as_str())];
    all.extend_from_slice(fields);
    server.ask(method, path, &all, body.as_bytes()).expect("an answer")
}

fn post(server: &Server, body: &str) -> Answer {
    send(server, "POST", CALENDAR, (body, &[("content-type", "application/xml; charset=utf-8")]))
}

fn put(server: &Server, uid: &str, fields: &[(&str, &str)]) {
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20300101T100000Z\r\nDTEND:20300101T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let mut all = vec![("content-type", "text/calendar")];
    all.extend_from_slice(fields);
    let answer = send(server, "PUT", &format!("{CALENDAR}{uid}.ics"), (&text, &all));
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// A property of the calendar, as text.
fn property(server: &Server, name: &str) -> String {
    let body = format!(
        "<propfind xmlns=\"DAV:\" xmlns:P=\"https://bitfire.at/webdav-push\"><prop><{name}/></prop></propfind>"
    );
    let answer = send(server, "PROPFIND", CALENDAR, (&body, &[("depth", "0"), ("content-type", "text/xml")]));
    assert_eq!(answer.status, 207);
    answer.text()
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1;
    rest.split_once(to).expect("an end").0
}

fn token(server: &Server) -> String {
    between(&property(server, "sync-token"), "sync-token>", "<").to_owned()
}

/// Starts the server again where it was.
fn again(mut server: Server) -> Server {
    server.process.kill().expect("killed");
    server.process.wait().expect("ended");
    let folder = std::mem::replace(&mut server.folder, tempfile::tempdir().expect("a folder"));
    let address = server.address;
    drop(server);
    Server::start_in(folder, address)
}

#[test]
fn a_change_is_told_sealed_and_signed_and_many_changes_are_few_messages() {
    let (service, device) = (PushService::start(), Device::new(7));
    let server = start(&service);
    let options = server.ask("OPTIONS", CALENDAR, &[], b"").expect("an answer");
    assert!(options.field("dav").expect("classes").contains("webdav-push"));
    let transports = property(&server, "P:transports");
    let key = between(&transports, "p256ecdsa\">", "<").to_owned();
    let topic = between(&property(&server, "P:topic"), "topic>", "<").to_owned();
    assert!(property(&server, "P:supported-triggers").contains("sync-level>1<"));

    // As DAVx5 sends it: no trigger.
    let resource = format!("http://{}/device/one", service.address);
    let expires = "<expires>Fri, 01 Jan 2100 00:00:00 GMT</expires>";
    let made = post(&server, &device.register(&resource, expires));
    assert_eq!(made.status, 204, "{}", made.text());
    let location = made.field("location").expect("an address").to_owned();
    assert!(made.field("expires").expect("an end").ends_with("GMT"));
    let renewed = post(&server, &device.register(&resource, ""));
    assert_eq!(
        (renewed.status, renewed.field("location")),
        (204, Some(location.as_str())),
        "the same device"
    );

    put(&server, "a", &[]);
    let came = service.next(&server);
    assert_eq!((came.path.as_str(), came.field("content-encoding")), ("/device/one", "aes128gcm"));
    assert!(came.field("ttl").parse::<u32>().is_ok() && came.field("topic").len() <= 32);
    let text = device.open(&came.body);
    assert!(text.contains(&format!("topic>{topic}<")) && text.contains("content-update>"), "{text}");
    assert!(text.contains(&token(&server)), "{text}");
    assert!(!text.contains("personal") && !text.contains("ada"), "{text}");

    // RFC 8292: signed by the key that the calendar names, for this service, not for ever.
    let proof = came.field("authorization").strip_prefix("vapid t=").expect("a proof");
    let (jwt, signer) = proof.split_once(", k=").expect("a key");
    assert_eq!(signer, key);
    let (signed, signature) = jwt.rsplit_once('.').expect("a signature");
    let octets = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let verifier = p256::ecdsa::VerifyingKey::from_sec1_bytes(&octets(signer)).expect("a key");
    let signature = p256::ecdsa::Signature::from_slice(&octets(signature)).expect("a signature");
    verifier.verify(signed.as_bytes(), &signature).expect("it is signed");
    let claims: serde_json::Value =
        serde_json::from_slice(&octets(signed.split_once('.').expect("claims").1)).expect("JSON");
    assert_eq!(claims["aud"], format!("http://{}", service.address));
    assert!(claims["sub"].as_str().is_some_and(|contact| contact.starts_with("mailto:")), "{claims}");

    for number in 0..30 {
        put(&server, &format!("many-{number}"), &[]);
    }
    let last = token(&server);
    let mut messages = 0;
    loop {
        messages += 1;
        if device.open(&service.next(&server).body).contains(&last) {
            break;
        }
    }
    assert!(messages <= 8, "{messages} messages for 30 changes");
    assert!(service.is_quiet(), "it is told again");

    // Its own change need not be told; another's must be.
    let quoted = format!("\"http://{}{location}\"", server.address);
    put(&server, "mine", &[("push-dont-notify", &quoted)]);
    assert!(service.is_quiet(), "it is told what it did itself");
    put(&server, "theirs", &[]);
    assert!(device.open(&service.next(&server).body).contains(&token(&server)));

    assert_eq!(send(&server, "DELETE", &location, ("", &[])).status, 204);
    assert_eq!(send(&server, "DELETE", &location, ("", &[])).status, 404);
    put(&server, "after", &[]);
    assert!(service.is_quiet(), "who has left is told");
    assert!(!server.log().contains("/device/one"), "the address is in the log");
}

#[test]
fn what_was_committed_is_told_after_a_kill_and_failures_are_kept_or_end() {
    let (service, device) = (PushService::start(), Device::new(9));
    let server = start(&service);
    let resource = format!("http://{}/device/two", service.address);
    assert_eq!(post(&server, &device.register(&resource, "")).status, 204);
    let key = property(&server, "P:transports");
    put(&server, "a", &[]);
    // Nothing goes within the first second: it is killed between the commit and the delivery.
    let server = again(server);
    assert_eq!(property(&server, "P:transports"), key, "the key stays");
    assert!(device.open(&service.next(&server).body).contains(&token(&server)));

    // The service is away, and comes back: the same state is told.
    service.answers.lock().expect("answers").push_back(503);
    put(&server, "b", &[]);
    let (first, began) = (service.next(&server), Instant::now());
    let deadline = Duration::from_secs(90);
    let second = service.came.recv_timeout(deadline).expect("it is tried again");
    assert!(began.elapsed() < deadline && device.open(&first.body) == device.open(&second.body));
    assert_ne!(first.body, second.body, "sealed anew each time");

    // The service says that the device is gone: so is the subscription.
    service.answers.lock().expect("answers").push_back(410);
    put(&server, "c", &[]);
    service.next(&server);
    put(&server, "d", &[]);
    assert!(service.is_quiet(), "who is gone is told");
    let ready = server.ask("GET", "/readyz", &[], b"").expect("an answer").text();
    assert!(ready.contains("0 letters wait") && !ready.contains("could not be delivered"), "{ready}");
}

#[test]
fn a_device_that_was_revoked_is_told_nothing_more() {
    let (service, device) = (PushService::start(), Device::new(13));
    let server = start(&service);
    let made = said_json(&server.cli(&["device", "add", "ada", "phone", "--json"]), 0);
    let own = basic("ada", made["password"].as_str().expect("a password"));
    let resource = format!("http://{}/device/lost", service.address);
    let fields = [("authorization", own.as_str()), ("content-type", "application/xml")];
    let body = device.register(&resource, "");
    let subscribed = server.ask("POST", CALENDAR, &fields, body.as_bytes()).expect("an answer");
    assert_eq!(subscribed.status, 204, "{}", subscribed.text());
    put(&server, "before", &[]);
    assert_eq!(service.next(&server).path, "/device/lost");
    said(&server.cli(&["device", "revoke", "ada", "phone"]), 0);
    put(&server, "after", &[]);
    assert!(service.is_quiet(), "a device that was revoked is told");
}

#[test]
fn subscriptions_of_no_use_are_refused_by_name() {
    let (service, device) = (PushService::start(), Device::new(11));
    let server = start(&service);
    let good = device.register("https://push.example/a", "");
    let refused = |body: &str, condition: &str| {
        let answer = post(&server, body);
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(answer.text().contains(&format!(":{condition}")), "{condition}: {}", answer.text());
    };
    for resource in [
        "http://push.example/a",
        "https://localhost/a",
        "https://192.168.1.1/a",
        "https://[::1]/a",
        "ftp://x/",
        "a",
    ] {
        refused(&device.register(resource, ""), "invalid-subscription");
    }
    refused(&good.replace("p256dh", "p384"), "invalid-subscription");
    refused(&good.replace("aes128gcm", "aesgcm"), "invalid-subscription");
    refused(&good.replace("<auth-secret>", "<auth-secret>AA"), "invalid-subscription");
    refused(&good.replace("web-push-subscription", "other-subscription"), "invalid-subscription");
    let trigger = "<trigger><property-update><depth xmlns=\"DAV:\">0</depth></property-update></trigger>";
    refused(&device.register("https://push.example/a", trigger), "no-supported-trigger");
    let both = "<trigger><content-update/><property-update/></trigger>";
    assert_eq!(post(&server, &device.register("https://push.example/a", both)).status, 204);
    assert_eq!(post(&server, &good.replace("</push-register>", "")).status, 403, "it is no XML");
    for number in 0..19 {
        let answer = post(&server, &device.register(&format!("https://push.example/{number}"), ""));
        assert_eq!(answer.status, 204, "{number}");
    }
    refused(&device.register("https://push.example/too-many", ""), "push-not-available");
    assert_eq!(server.ask("POST", CALENDAR, &[], good.as_bytes()).expect("an answer").status, 401);
}
