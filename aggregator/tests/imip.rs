//! Mails as the programs that people use send them, and as nobody should.

use std::fmt::Write as _;

use aggregator::imip::{
    CALENDARS_MAX, Carriage, DEPTH_MAX, HEADER_OCTETS_MAX, Imip, MAIL_OCTETS_MAX, NotImip, PARTS_MAX, Place,
    TEXT_MAX,
};
use base64::Engine as _;
use calendar::address::Address;
use calendar::itip::Method;
use calendar::limits::Limits;

fn read(mail: &str) -> Result<Imip, NotImip> {
    Imip::read(mail.replace('\n', "\r\n").as_bytes(), &Limits::default())
}

fn base64(text: &str) -> String {
    let whole = base64::engine::general_purpose::STANDARD.encode(text);
    whole.as_bytes().chunks(76).fold(String::new(), |mut lines, line| {
        let _ = writeln!(lines, "{}", String::from_utf8_lossy(line));
        lines
    })
}

fn calendar(method: &str, attendee: &str, more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nPRODID:-//Somebody//EN\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nMETHOD:{method}\r\n\
         BEGIN:VEVENT\r\nDTSTART:20261201T090000Z\r\nDTEND:20261201T093000Z\r\nDTSTAMP:20261120T100000Z\r\n\
         ORGANIZER;CN=Host:mailto:calendar+tok@example.org\r\nUID:bk-77@cal.example.org\r\n\
         ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;{attendee}\r\n{more}SEQUENCE:1\r\nSUMMARY:Café\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn mailto(address: &str) -> Address {
    Address::parse(address)
}

#[test]
fn gmail_accepts() {
    let text = calendar("REPLY", "PARTSTAT=ACCEPTED;CN=Bob Guest;X-NUM-GUESTS=0:mailto:bob@gmail.test", "");
    let encoded = base64(&text);
    let mail = format!(
        "MIME-Version: 1.0\nReply-To: Bob Guest <bob@gmail.test>\nSender: Google Calendar <calendar-notification@google.test>\n\
         Message-ID: <calendar-0d1e@google.test>\nIn-Reply-To: <bk-77.1.request@cal.example.org>\n\
         References: <bk-77.1.request@cal.example.org>\nDate: Fri, 20 Nov 2026 10:00:01 +0000\n\
         Subject: =?UTF-8?Q?Accepted=3A_Caf=C3=A9_=40_Tue_Dec_1=2C_2026_10am_=2D_10=3A30am_=28CET=29?=\n =?UTF-8?Q?_=28Host=29?=\n\
         From: Bob Guest <bob@gmail.test>\nTo: \"calendar+tok@example.org\" <calendar+tok@example.org>, Eve <eve@example.org>\n\
         Content-Type: multipart/mixed; boundary=\"000000000000f5e1\"\n\n\
         --000000000000f5e1\nContent-Type: multipart/alternative; boundary=\"000000000000f5df\"\n\n\
         --000000000000f5df\nContent-Type: text/plain; charset=\"UTF-8\"; format=flowed; delsp=yes\nContent-Transfer-Encoding: base64\n\n{}\n\
         --000000000000f5df\nContent-Type: text/html; charset=\"UTF-8\"\nContent-Transfer-Encoding: quoted-printable\n\n<p>Bob Guest <b>has accepted</b></p>\n\
         --000000000000f5df\nContent-Type: text/calendar; charset=\"UTF-8\"; method=REPLY\nContent-Transfer-Encoding: base64\n\n{encoded}\n\
         --000000000000f5df--\n--000000000000f5e1\nContent-Type: application/ics; name=\"invite.ics\"\n\
         Content-Disposition: attachment; filename=\"invite.ics\"\nContent-Transfer-Encoding: base64\n\n{encoded}\n--000000000000f5e1--\n",
        base64("Bob Guest has accepted this invitation.\n")
    );
    let imip = read(&mail).unwrap();
    assert_eq!(imip.message.method, Method::Reply);
    assert_eq!(imip.message.object.uid(), "bk-77@cal.example.org");
    assert_eq!(&**imip.message.object.octets(), text.as_bytes());
    let from = imip.from.clone().unwrap();
    assert_eq!((from.address, from.name.as_deref()), (mailto("bob@gmail.test"), Some("Bob Guest")));
    assert_eq!(imip.sender.clone().unwrap().address, mailto("calendar-notification@google.test"));
    assert_eq!(imip.reply_to[0].address, mailto("bob@gmail.test"));
    let to: Vec<_> = imip.to.iter().map(|person| person.address.clone()).collect();
    assert_eq!(to, [mailto("calendar+tok@example.org"), mailto("eve@example.org")]);
    assert_eq!(imip.message_id.as_deref(), Some("calendar-0d1e@google.test"));
    assert_eq!(imip.in_reply_to, ["bk-77.1.request@cal.example.org"]);
    assert_eq!(imip.subject, "Accepted: Café @ Tue Dec 1, 2026 10am - 10:30am (CET) (Host)");
    assert_eq!(imip.text, "Bob Guest has accepted this invitation.");
    assert_eq!(imip.comment, None);
    let carriages: Vec<_> = imip.calendars.iter().map(|part| (part.carriage, part.place)).collect();
    assert_eq!(carriages, [(Carriage::WithMethod, Place::Itself), (Carriage::Attached, Place::Itself)]);
    assert_eq!(imip.believed, 0);
    assert!(imip.methods_agree());
}

#[test]
fn outlook_declines_with_words() {
    // A byte order mark, HTML alone besides the calendar, a comment, and the method in lower case.
    let text = calendar(
        "REPLY",
        "PARTSTAT=DECLINED;CN=Carol:MAILTO:Carol@Contoso.test",
        "COMMENT;LANGUAGE=de-DE:Leider nein\\, erst am Freitag.\\n\r\nX-MICROSOFT-CDO-BUSYSTATUS:FREE\r\n",
    );
    let mail = format!(
        "From: Carol <Carol@Contoso.test>\nTo: \"calendar+tok@example.org\"\n\t<calendar+tok@example.org>\n\
         Subject: =?iso-8859-1?Q?Abgelehnt:_Caf=E9?=\nThread-Topic: x\nDate: Fri, 20 Nov 2026 11:35:16 +0000\n\
         Message-ID:\n <AS8PR01MB1234@AS8PR01MB1234.eurprd01.prod.test>\nIn-Reply-To: <bk-77.1.request@cal.example.org>\n\
         X-MS-Has-Attach:\nContent-Type: multipart/alternative;\n\tboundary=\"_000_AS8PR01MB1234_\"\nMIME-Version: 1.0\n\n\
         --_000_AS8PR01MB1234_\nContent-Type: text/html; charset=\"iso-8859-1\"\nContent-Transfer-Encoding: quoted-printable\n\n\
         <html><head><style>p {{margin:0}}</style></head><body><p>Leider nein, erst am Freitag.=A0Gr=FC=DFe</p></body></html>\n\n\
         --_000_AS8PR01MB1234_\nContent-Type: text/calendar; charset=\"utf-8\"; method=reply\nContent-Transfer-Encoding: base64\n\n{}\n\
         --_000_AS8PR01MB1234_--\n",
        base64(&format!("\u{feff}{text}"))
    );
    let imip = read(&mail).unwrap();
    assert_eq!(imip.message.method, Method::Reply);
    assert_eq!(imip.message.attendees, [mailto("carol@contoso.test")]);
    assert_eq!(imip.from.clone().unwrap().address, mailto("carol@contoso.test"));
    assert_eq!(imip.comment.as_deref(), Some("Leider nein, erst am Freitag."));
    assert!(imip.text.starts_with("Leider nein, erst am Freitag."), "{}", imip.text);
    assert!(imip.text.ends_with("Grüße") && !imip.text.contains("margin"), "{}", imip.text);
    assert_eq!(imip.subject, "Abgelehnt: Café");
    assert_eq!(imip.message_id.as_deref(), Some("AS8PR01MB1234@AS8PR01MB1234.eurprd01.prod.test"));
    assert_eq!(imip.calendar().unwrap().method.as_deref(), Some("REPLY"));
    assert!(imip.methods_agree());
}

#[test]
fn apple_sends_the_calendar_alone() {
    let text = calendar("REPLY", "PARTSTAT=TENTATIVE;CN=Dan:mailto:dan@icloud.test", "");
    let mail = format!(
        "From: Dan <dan@icloud.test>\nContent-Type: text/calendar;\n\tcharset=utf-8;\n\tmethod=REPLY;\n\tname=\"iCal-20261120.ics\"\n\
         Content-Transfer-Encoding: 8bit\nMime-Version: 1.0 (Mac OS X Mail 16.0)\nSubject: Dan\nTo: calendar+tok@example.org\n\n{}",
        text.replace("\r\n", "\n")
    );
    let imip = read(&mail).unwrap();
    assert_eq!(imip.calendar().unwrap().carriage, Carriage::WithMethod);
    assert_eq!(imip.message.object.master().unwrap().text("SUMMARY").as_deref(), Some("Café"));
    assert_eq!((imip.text.as_str(), imip.message_id), ("", None));
    // The same with bare line feeds.
    let bare = Imip::read(mail.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(bare.message.object.uid(), imip.message.object.uid());
}

#[test]
fn what_real_servers_sent() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/providers/mail");
    let read = |name: &str| {
        let octets = std::fs::read(format!("{folder}/{name}"));
        let octets =
            octets.unwrap_or_else(|error| panic!("{folder}/{name}: {error}; the shared folder is needed"));
        Imip::read(&octets, &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for (name, method) in [
        ("sogo-reply-accepted.eml", Method::Reply),
        ("sogo-reply-declined.eml", Method::Reply),
        ("sogo-reply-needs-action.eml", Method::Reply),
        ("sogo-request-1.eml", Method::Request),
        ("sogo-cancel-1.eml", Method::Cancel),
        ("gromox-request-1.eml", Method::Request),
    ] {
        let imip = read(name);
        assert_eq!(imip.message.method, method, "{name}");
        assert!(imip.methods_agree() && imip.from.is_some(), "{name}");
        assert_eq!(imip.calendar().unwrap().carriage, Carriage::WithMethod, "{name}");
    }
}

/// A mail whose body is `body`, of the type `media`.
fn of(media: &str, body: &str) -> String {
    format!("From: Bob <bob@x.test>\nSubject: s\nContent-Type: {media}\n\n{body}")
}

fn part(media: &str, body: &str) -> String {
    format!("--b\nContent-Type: {media}\n\n{body}\n")
}

#[test]
fn whom_to_believe() {
    let reply = |partstat: &str| {
        calendar("REPLY", &format!("PARTSTAT={partstat}:mailto:bob@x.test"), "").replace("\r\n", "\n")
    };
    let mixed =
        |parts: &[String]| read(&of("multipart/mixed; boundary=b", &(parts.concat() + "--b--\n"))).unwrap();
    let believed = |imip: &Imip| {
        let attendee = imip.message.object.master().unwrap().property("ATTENDEE").unwrap().clone();
        attendee.parameter("PARTSTAT").unwrap().to_owned()
    };
    let file = part("application/ics; name=invite.ics", &reply("DECLINED"));
    let silent = part("text/calendar", &reply("TENTATIVE"));
    let named = part("text/calendar; method=REPLY", &reply("ACCEPTED"));
    let octet = part("application/octet-stream; name=\"Invite.ICS\"", &reply("DELEGATED"));
    let broken = part("text/calendar; method=REPLY", "BEGIN:VCALENDAR\n");
    let forwarded = part(
        "message/rfc822",
        &format!(
            "From: Eve <eve@x.test>\nContent-Type: text/calendar; method=REPLY\n\n{}",
            reply("NEEDS-ACTION")
        ),
    );
    let imip = mixed(&[forwarded.clone(), file.clone(), silent.clone(), named.clone()]);
    assert_eq!((believed(&imip).as_str(), imip.believed, imip.calendars.len()), ("ACCEPTED", 3, 4));
    assert_eq!(believed(&mixed(&[file.clone(), silent.clone()])), "TENTATIVE");
    assert_eq!(believed(&mixed(&[octet.clone(), file.clone()])), "DELEGATED");
    // One that cannot be read stands in nobody's way.
    assert_eq!(believed(&mixed(&[broken, silent])), "TENTATIVE");
    let imip = mixed(std::slice::from_ref(&forwarded));
    assert_eq!(
        (believed(&imip).as_str(), imip.calendar().unwrap().place),
        ("NEEDS-ACTION", Place::Forwarded)
    );
    assert_eq!(imip.from.unwrap().address, mailto("bob@x.test"), "the forwarder, not the writer");
    // Our own invitation in a bounce is not somebody's invitation.
    let report = of("multipart/report; report-type=delivery-status; boundary=b", &(forwarded + "--b--\n"));
    assert_eq!(read(&report).unwrap().calendar().unwrap().place, Place::Returned);
    // METHOD inside decides.
    let imip = read(&of("text/calendar; method=REQUEST", &reply("ACCEPTED"))).unwrap();
    assert!(!imip.methods_agree() && imip.message.method == Method::Reply);
}

#[test]
fn odd_but_readable() {
    let reply = calendar("REPLY", "PARTSTAT=ACCEPTED:mailto:bob@x.test", "").replace("\r\n", "\n");
    // Nested in a signed multipart, never closed, with a preamble.
    let inner = format!("--c\nContent-Type: text/calendar; method=REPLY\n\n{reply}");
    let signed = of(
        "multipart/signed; boundary=\"b c\"",
        &format!("preamble\n--b c  \nContent-Type: multipart/alternative; boundary=c\n\n{inner}"),
    );
    assert_eq!(read(&signed).unwrap().message.method, Method::Reply);
    // Another charset, by its name.
    let mut latin: Vec<u8> = of("text/calendar; method=REPLY; charset=iso-8859-1", "").into_bytes();
    latin.extend(reply.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()));
    let imip = Imip::read(&latin, &Limits::default()).unwrap();
    assert_eq!(imip.message.object.master().unwrap().text("SUMMARY").as_deref(), Some("Café"));
    // The same without its name: the calendar reads windows-1252 by itself, as nothing was lost before.
    let name = b"; charset=iso-8859-1";
    let at = latin.windows(name.len()).position(|window| window == name).unwrap();
    latin.drain(at..at + name.len());
    let imip = Imip::read(&latin, &Limits::default()).unwrap();
    assert_eq!(imip.message.object.master().unwrap().text("SUMMARY").as_deref(), Some("Café"));
    // A charset that nobody knows, and an encoding that is none.
    let odd =
        of("text/calendar; method=REPLY; charset=x-none\nContent-Transfer-Encoding: 7bit (really)", &reply);
    assert!(read(&odd).is_ok());
}

#[test]
fn who_sent_it_is_told_only_if_it_is_plain() {
    let reply = calendar("REPLY", "PARTSTAT=ACCEPTED:mailto:bob@x.test", "").replace("\r\n", "\n");
    let from = |fields: &str| {
        let mail = format!("{fields}Content-Type: text/calendar; method=REPLY\n\n{reply}");
        read(&mail).unwrap().from.map(|person| person.address)
    };
    assert_eq!(from("From: BOB@X.test\n"), Some(mailto("bob@x.test")));
    assert_eq!(from("From: \"eve@x.test\" <bob@x.test>\n"), Some(mailto("bob@x.test")));
    assert_eq!(from("From: bob@x.test\nFrom: eve@x.test\n"), None);
    assert_eq!(from("From: bob@x.test, eve@x.test\n"), None);
    assert_eq!(from("Subject: x\n"), None);
    assert_eq!(from("From: \n"), None);
    assert_eq!(from("From : bob@x.test\n"), Some(mailto("bob@x.test")));
    for unnamed in ["Fr om: bob@x.test\n", ":From: bob@x.test\n", " From: bob@x.test\n"] {
        assert_eq!(from(unnamed), None, "{unnamed}");
    }
}

#[test]
fn what_is_no_scheduling_mail() {
    assert!(matches!(read(""), Err(NotImip::NotAMail)));
    assert!(matches!(read(&of("text/plain", "hello")), Err(NotImip::NoCalendar)));
    assert!(matches!(read(&of("text/calendar; method=REPLY", "hello")), Err(NotImip::NoMessage(_))));
    let published = calendar("REPLY", "RSVP=TRUE:mailto:b@x", "").replace("METHOD:REPLY\r\n", "");
    assert!(matches!(read(&of("text/calendar", &published)), Err(NotImip::NoMessage(_))));
}

#[test]
fn bounds() {
    let too_much = |mail: &[u8]| match Imip::read(mail, &Limits::default()) {
        Err(NotImip::TooMuch { limit, .. }) => limit,
        other => panic!("{other:?}"),
    };
    assert_eq!(too_much(&vec![b'x'; MAIL_OCTETS_MAX + 1]), MAIL_OCTETS_MAX);
    assert_eq!(too_much(format!("X: {}\n\n", "x".repeat(HEADER_OCTETS_MAX)).as_bytes()), HEADER_OCTETS_MAX);
    let many = of("multipart/mixed; boundary=b", &"--b\n\nx\n".repeat(PARTS_MAX + 9));
    assert_eq!(too_much(many.as_bytes()), PARTS_MAX);
    let deep = "Content-Type: message/rfc822\n\n".repeat(100_000);
    assert_eq!(too_much(deep.as_bytes()), DEPTH_MAX);
    let nested = (0..100_000).fold(String::new(), |mut mail, at| {
        let _ = write!(mail, "Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n");
        mail
    });
    assert_eq!(too_much(nested.as_bytes()), DEPTH_MAX);
    // More calendars than are read, and more text than is kept.
    let reply = calendar("REPLY", "PARTSTAT=ACCEPTED:mailto:bob@x.test", "").replace("\r\n", "\n");
    let parts = part("text/plain", &"x".repeat(TEXT_MAX * 2))
        + &part("text/calendar; method=REPLY", &reply).repeat(20);
    let imip = read(&of("multipart/mixed; boundary=b", &parts)).unwrap();
    assert_eq!((imip.calendars.len(), imip.text.len()), (CALENDARS_MAX, TEXT_MAX));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it is the real time that a quadratic reader would take")]
fn hostile_headers_cost_little() {
    let reply = calendar("REPLY", "PARTSTAT=ACCEPTED:mailto:bob@x.test", "").replace("\r\n", "\n");
    let attributes: String = (0..9_000).fold(String::new(), |mut all, at| {
        let _ = write!(all, ";\n a*{at}=x");
        all
    });
    let addresses = "a <b@c>, ".repeat(13_000);
    let words = "=?utf-8?q?x?= ".repeat(8_000);
    let brackets = "(".repeat(120_000);
    for field in [
        format!("Content-Type: text/calendar; method=REPLY{attributes}\n"),
        format!("Content-Type: text/calendar; method=REPLY\nTo: {addresses}\n"),
        format!("Content-Type: text/calendar; method=REPLY\nSubject: {words}\n"),
        format!("Content-Type: text/calendar; method=REPLY\nTo: {brackets}\n"),
        format!("Content-Type: text/calendar; method=REPLY\nTo: {}\n", "a:".repeat(60_000)),
        format!("Content-Type: text/calendar; method=REPLY\nSubject: {}\n", "=?".repeat(60_000)),
        format!("Content-Type: text/calendar; method=REPLY\nMessage-ID: {}\n", "<".repeat(120_000)),
    ] {
        let mail = format!("From: bob@x.test\n{field}\n{reply}");
        let head: String = field.chars().take(60).collect();
        let begun = std::time::Instant::now();
        let imip = read(&mail).unwrap_or_else(|error| panic!("{head}: {error}"));
        assert!(imip.from.is_some());
        assert!(begun.elapsed().as_secs() < 60, "{head} took {:?}", begun.elapsed());
    }
}
