//! Letters: their messages, a mail relay that fails in turn, order, leases and dead letters.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail where it stands

#[allow(dead_code)]
mod world;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aggregator::delivery::mail::{MailContent, MailError, message};
use aggregator::delivery::{Channel, Courier, Delivered, FolderChannel, SmtpChannel, SmtpSettings};
use aggregator::world::World;
use async_trait::async_trait;
use base64::Engine as _;
use store::Change;
use store::outbox::{Letter, LetterId, LetterState};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use world::{NOW, ada};

const INVITATION: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:bk-1\r\nSUMMARY:Grüße\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn content() -> MailContent {
    MailContent {
        message_id: "bk-1.0.request@cal.example.test".into(),
        to: "bob@example.org".into(),
        to_name: Some("Bob".into()),
        from: "host@example.test".into(),
        from_name: Some("Müller".into()),
        reply_to: Some("rsvp+tok123@example.test".into()),
        subject: "Grüße @ Tue 1 Dec".into(),
        text: "You are invited – Grüße\n.\nBye".into(),
        html: "<p>You are invited – Grüße</p>".into(),
        calendar: Some(("REQUEST".into(), INVITATION.into())),
        written: 1_795_172_272,
    }
}

fn letter(id: &str, sequence: u64) -> Letter {
    let mut content = content();
    content.message_id = format!("{id}@cal.example.test");
    Letter {
        id: LetterId(id.into()),
        owner: "ada".into(),
        channel: "mail".into(),
        destination: "bob@example.org".into(),
        topic: "bk-1".into(),
        content: serde_json::to_string(&content).unwrap(),
        written: NOW,
        due: NOW,
        attempts: 0,
        last_error: None,
        leased_until: 0,
        state: LetterState::Open,
        sequence,
    }
}

fn text_of(content: &MailContent) -> String {
    String::from_utf8(message(content).unwrap().formatted()).unwrap()
}

#[test]
fn an_invitation_has_the_tree_that_mail_programs_act_on() {
    let text = text_of(&content());
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: =?utf-8?b?TcO8bGxlcg==?= <host@example.test>",
        "Reply-To: rsvp+tok123@example.test",
        "Message-ID: <bk-1.0.request@cal.example.test>",
        "Date: Fri, 20 Nov 2026 10:57:52 +0000",
        "MIME-Version: 1.0",
    ] {
        assert!(head.contains(line), "{line} is missing in\n{head}");
    }
    assert!(head.contains("bob@example.org") && !head.contains("Auto-Submitted"));
    let kinds: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("Content-Type: "))
        .map(|kind| kind.split("; boundary").next().unwrap_or(kind).trim_end_matches(';'))
        .collect();
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain; charset=utf-8",
            "text/html; charset=utf-8",
            "text/calendar; charset=utf-8; method=REQUEST; component=VEVENT",
            "application/ics; name=\"invite.ics\"",
        ]
    );
    assert_eq!(body.matches("Content-Transfer-Encoding: base64").count(), 2);
    assert_eq!(body.matches("Content-Disposition: ").count(), 1);
    assert!(body.contains("Content-Disposition: attachment; filename=\"invite.ics\""));
    // The calendar is there twice, octet for octet.
    let encoded = base64::engine::general_purpose::STANDARD.encode(INVITATION);
    let joined = body.replace("\r\n", "");
    assert_eq!(joined.matches(&encoded).count(), 2);
    assert!(text.lines().all(|line| line.len() <= 998));
    // The same letter is the same message.
    assert_eq!(text, text_of(&content()));
}

#[test]
fn a_notice_says_that_a_machine_wrote_it() {
    let text = text_of(&MailContent { calendar: None, reply_to: None, ..content() });
    assert!(text.contains("Auto-Submitted: auto-generated\r\n"));
    assert!(text.contains("Content-Type: multipart/alternative") && !text.contains("text/calendar"));
}

#[test]
fn nothing_in_a_content_begins_a_header_of_its_own() {
    let evil = "x\r\nBcc: eve@example.org\r\n\r\nbody\u{2028}y\0";
    let text = text_of(&MailContent {
        subject: evil.into(),
        to_name: Some(evil.into()),
        from_name: Some(evil.into()),
        ..content()
    });
    assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
    assert_eq!(text.matches("Subject: ").count(), 1);
    let bad_address =
        message(&MailContent { to: "bob@example.org\r\nBcc: eve@example.org".into(), ..content() });
    assert!(matches!(bad_address, Err(MailError::Address(_))));
    for id in ["", "no-host", "a@b@c", "a b@c", "a@b>\r\nX: y", "a@"] {
        let refused = message(&MailContent { message_id: id.into(), ..content() });
        assert!(matches!(refused, Err(MailError::MessageId)), "{id}");
    }
    let method = message(&MailContent { calendar: Some(("A; x=y".into(), String::new())), ..content() });
    assert!(matches!(method, Err(MailError::Method)));
    let long = message(&MailContent { subject: "ü".repeat(5000), written: i64::MAX, ..content() }).unwrap();
    assert!(long.formatted().split(|octet| *octet == b'\n').all(|line| line.len() <= 998));
}

#[tokio::test]
async fn a_folder_gets_one_file_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let channel = FolderChannel::new(folder.path().join("mail"));
    assert_eq!(channel.deliver(&letter("one", 1)).await, Delivered::Yes);
    assert_eq!(channel.deliver(&letter("one", 1)).await, Delivered::Yes);
    assert_eq!(channel.deliver(&letter("two", 2)).await, Delivered::Yes);
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("mail"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["one@cal.example.test.eml", "two@cal.example.test.eml"]);
    let unreadable = Letter { content: "{}".into(), ..letter("three", 3) };
    assert!(matches!(channel.deliver(&unreadable).await, Delivered::Never(_)));
}

/// A mail relay that answers each RCPT TO as it is told, and keeps what it took.
struct Relay {
    port: u16,
    taken: Arc<Mutex<Vec<String>>>,
    _running: JoinSet<()>,
}

impl Relay {
    async fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (kept, asked) = (Arc::clone(&taken), Arc::new(AtomicUsize::new(0)));
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, asked) = (Arc::clone(&kept), Arc::clone(&asked));
                talks.spawn(async move {
                    let _ = talk(stream, answers, &asked, &kept).await;
                });
            }
        });
        Self { port, taken, _running: running }
    }

    fn channel(&self) -> SmtpChannel {
        let url = format!("smtp://127.0.0.1:{}", self.port);
        SmtpChannel::new(&SmtpSettings { url, user: None, password: None }).unwrap()
    }

    fn message_ids(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken
            .iter()
            .filter_map(|mail| mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")))
            .map(str::to_owned)
            .collect()
    }
}

async fn talk(
    stream: TcpStream,
    answers: &[&str],
    asked: &AtomicUsize,
    kept: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 relay\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-relay\r\n250 8BITMIME",
            "RCPT" => answers.get(asked.fetch_add(1, Ordering::SeqCst)).copied().unwrap_or("250 ok"),
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push('\n');
                }
                kept.lock().unwrap().push(mail);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if answer == "HANG UP" {
            return Ok(());
        }
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_relay_decides_what_is_later_and_what_is_never() {
    let relay = Relay::start(&[
        "250 ok",
        "451 4.7.1 greylisted",
        "550 5.1.1 no such user",
        "535 5.7.8 who are you",
        "HANG UP",
    ])
    .await;
    let channel = relay.channel();
    assert_eq!(channel.deliver(&letter("a", 1)).await, Delivered::Yes);
    assert!(
        matches!(channel.deliver(&letter("b", 2)).await, Delivered::Later(text) if text.contains("greylisted"))
    );
    assert!(
        matches!(channel.deliver(&letter("c", 3)).await, Delivered::Never(text) if text.contains("no such user"))
    );
    assert!(matches!(channel.deliver(&letter("d", 4)).await, Delivered::Later(_)));
    assert!(matches!(channel.deliver(&letter("e", 5)).await, Delivered::Later(_)));
    assert_eq!(relay.message_ids(), ["<a@cal.example.test>"]);
    assert!(relay.taken.lock().unwrap()[0].contains("\n.\n"), "a line with a dot arrives as it is");
    assert!(channel.test().await.is_ok());
    let nobody = SmtpSettings { url: "smtp://127.0.0.1:1".into(), user: None, password: None };
    assert!(matches!(SmtpChannel::new(&nobody).unwrap().deliver(&letter("f", 6)).await, Delivered::Later(_)));
}

#[tokio::test]
async fn a_password_never_travels_in_the_clear() {
    let with = |url: &str| {
        SmtpChannel::new(&SmtpSettings {
            url: url.into(),
            user: Some("u".into()),
            password: Some("p".into()),
        })
    };
    assert!(with("smtps://mail.example.org").is_ok());
    assert!(with("smtp://mail.example.org").is_ok());
    assert!(with("smtp://localhost").is_ok());
    assert!(with("smtp://mail.example.org?tls=none").is_err());
    assert!(with("smtp://u:p@mail.example.org").is_err());
    assert!(with("http://mail.example.org").is_err());
    let settings =
        SmtpSettings { url: "smtp://h".into(), user: Some("u".into()), password: Some("secret".into()) };
    assert!(!format!("{settings:?}").contains("secret"));
}

/// Answers as it is told, in turn, and keeps the ids it was given.
struct Script {
    answers: Mutex<Vec<Delivered>>,
    given: Mutex<Vec<String>>,
}

#[async_trait]
impl Channel for Script {
    async fn deliver(&self, letter: &Letter) -> Delivered {
        self.given.lock().unwrap().push(letter.id.0.clone());
        assert_ne!(letter.destination, "panic@example.org", "as told");
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() { Delivered::Yes } else { answers.remove(0) }
    }
}

async fn office(answers: Vec<Delivered>) -> (World, Arc<world::StandingClock>, Arc<Script>, Courier) {
    let (world, clock) = world::world(ada(Vec::new())).await;
    let script = Arc::new(Script { answers: Mutex::new(answers), given: Mutex::default() });
    let channels: HashMap<String, Arc<dyn Channel>> =
        HashMap::from([("mail".to_owned(), Arc::clone(&script) as Arc<dyn Channel>)]);
    let courier = Courier::new(world.clone(), channels);
    (world, clock, script, courier)
}

async fn post(world: &World, letters: &[Letter]) {
    let mut change = Change::new();
    for letter in letters {
        change.post(letter);
    }
    world.store.commit(change).await.unwrap();
}

async fn state_of(world: &World, id: &str) -> Letter {
    world.store.letter(&LetterId(id.into())).await.unwrap().unwrap().0
}

#[tokio::test]
async fn a_letter_waits_for_the_earlier_ones_of_its_lane_only() {
    let (world, clock, script, courier) = office(vec![Delivered::Later("not now".into())]).await;
    let other = Letter { destination: "eve@example.org".into(), written: NOW - 5, ..letter("eve", 9) };
    post(&world, &[letter("1", 1), letter("2", 2), letter("3", 3)]).await;
    assert_eq!(courier.deliver_due().await.unwrap(), 0);
    assert_eq!(*script.given.lock().unwrap(), ["1"]);
    let first = state_of(&world, "1").await;
    assert_eq!(
        (first.attempts, first.state, first.last_error.as_deref()),
        (1, LetterState::Open, Some("not now"))
    );
    // Those behind it wait with it, and nothing is due before.
    assert_eq!(courier.next_due().await.unwrap(), Some(first.due));
    assert!((NOW + 10..=NOW + 14).contains(&first.due));
    post(&world, &[other]).await;
    assert_eq!(courier.deliver_due().await.unwrap(), 1);
    clock.0.store(first.due, Ordering::SeqCst);
    assert_eq!(courier.deliver_due().await.unwrap(), 3);
    assert_eq!(*script.given.lock().unwrap(), ["1", "eve", "1", "2", "3"]);
    assert_eq!(courier.next_due().await.unwrap(), None);
    assert_eq!(courier.deliver_due().await.unwrap(), 0);
}

#[tokio::test]
async fn what_never_arrives_is_dead_and_lets_the_next_go() {
    let (world, _, script, courier) = office(vec![Delivered::Never("no such user\r\nx".into())]).await;
    post(&world, &[letter("1", 1), letter("2", 2)]).await;
    assert_eq!(courier.deliver_due().await.unwrap(), 1);
    assert_eq!(*script.given.lock().unwrap(), ["1", "2"]);
    let dead = state_of(&world, "1").await;
    assert_eq!((dead.state, dead.last_error.as_deref()), (LetterState::Dead, Some("no such user  x")));
    assert_eq!(state_of(&world, "2").await.state, LetterState::Delivered);
}

#[tokio::test]
async fn after_three_days_a_letter_is_given_up() {
    let (world, clock, script, courier) = office(vec![Delivered::Later("down".into()); 200]).await;
    post(&world, &[letter("1", 1)]).await;
    while let Some(due) = courier.next_due().await.unwrap() {
        assert!(due >= clock.0.load(Ordering::SeqCst), "due times only go ahead");
        clock.0.store(due, Ordering::SeqCst);
        courier.deliver_due().await.unwrap();
    }
    let dead = state_of(&world, "1").await;
    assert_eq!(dead.state, LetterState::Dead);
    assert_eq!(dead.last_error.as_deref(), Some("down"));
    let days = (clock.0.load(Ordering::SeqCst) - NOW) / 86_400;
    assert_eq!(days, 3);
    assert!((20..40).contains(&script.given.lock().unwrap().len()));
}

#[tokio::test]
async fn a_crash_repeats_the_letter_when_its_lease_has_run_out() {
    let (world, clock, script, courier) = office(Vec::new()).await;
    let panicking =
        Letter { destination: "panic@example.org".into(), topic: "other".into(), ..letter("p", 1) };
    post(&world, &[panicking, letter("1", 1)]).await;
    // The fault of one costs no other.
    assert_eq!(courier.deliver_due().await.unwrap(), 1);
    let leased = state_of(&world, "p").await;
    assert_eq!((leased.attempts, leased.leased_until), (1, NOW + 120));
    assert_eq!(courier.deliver_due().await.unwrap(), 0);
    assert_eq!(courier.next_due().await.unwrap(), Some(NOW + 120));
    clock.0.store(NOW + 120, Ordering::SeqCst);
    courier.deliver_due().await.unwrap();
    assert_eq!(script.given.lock().unwrap().iter().filter(|id| *id == "p").count(), 2);
}

#[tokio::test]
async fn two_couriers_deliver_each_letter_once() {
    let (world, _, script, courier) = office(Vec::new()).await;
    let letters: Vec<Letter> = (0..40)
        .map(|number| Letter { topic: format!("t{}", number % 7), ..letter(&format!("{number:02}"), number) })
        .collect();
    post(&world, &letters).await;
    let (one, other) = tokio::join!(courier.deliver_due(), courier.deliver_due());
    let rest = courier.deliver_due().await.unwrap();
    assert_eq!(one.unwrap() + other.unwrap() + rest, 40);
    let mut given = script.given.lock().unwrap().clone();
    for topic in 0..7 {
        let of_topic: Vec<&String> =
            given.iter().filter(|id| id.parse::<u64>().unwrap() % 7 == topic).collect();
        assert!(of_topic.is_sorted(), "{of_topic:?}");
    }
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 40);
}

#[tokio::test]
async fn a_letter_without_a_way_out_waits_for_one() {
    let (world, _, _, courier) = office(Vec::new()).await;
    post(&world, &[Letter { channel: "pigeon".into(), topic: String::new(), ..letter("1", 1) }]).await;
    assert_eq!(courier.deliver_due().await.unwrap(), 0);
    let waiting = state_of(&world, "1").await;
    assert_eq!(waiting.state, LetterState::Open);
    assert!(waiting.last_error.unwrap().contains("pigeon"));
}
