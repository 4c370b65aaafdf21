//! Whatever body comes on whatever method of whatever resource, the answer is never a fault of the server.
//!
//! A run takes one combination in 29, others with another `KALENDS_BODIES_FROM`; `KALENDS_BODIES=all` takes all.

#![allow(clippy::disallowed_methods, reason = "how much is tried is the caller's choice")]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use dav::method::table::METHODS;
use dav::xml::Element;
use dav_suites::compare::declared;
use dav_suites::house::{Answer, House};

const RESOURCES: &[&str] = &[
    "/",
    "/principals/",
    "/.well-known/caldav",
    "/dav/",
    "/dav/principals/",
    "/dav/principals/ada/",
    "/dav/principals/nobody/",
    "/dav/calendars/",
    "/dav/calendars/ada/",
    "/dav/calendars/bernard/",
    "/dav/calendars/bernard/personal/",
    "/dav/calendars/ada/personal/",
    "/dav/calendars/ada/unified/",
    "/dav/calendars/ada/bookings/",
    "/dav/calendars/ada/inbox/",
    "/dav/calendars/ada/outbox/",
    "/dav/calendars/ada/new/",
    "/dav/calendars/ada/personal/one.ics",
    "/dav/calendars/ada/personal/none.ics",
    "/dav/calendars/ada/personal/%E2%82%AC%2F%2e%2e",
    "/dav/calendars/ada/personal/a/b/c",
    "/dav/calendars/%ff/x",
    "/dav/files/ada/",
    "/dav/files/ada/note.txt",
    "/elsewhere",
];

const BODIES: &[&str] = &[
    "",
    " \r\n\t",
    "\u{0}",
    "<",
    "<a",
    "<a></b>",
    "<a/><b/>",
    "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
    "<!DOCTYPE a [<!ENTITY x \"y\"><!ENTITY z \"&x;&x;\">]><D:propfind>&z;</D:propfind>",
    "<x:y/>",
    "<D:x xmlns:D=\"\"/>",
    "<?xml version=\"1.0\" encoding=\"utf-16\"?><D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>",
    "<D:propfind/>",
    "<D:propfind><D:prop/></D:propfind>",
    "<D:propfind><D:prop><x:y xmlns:x=\"\"/><C:calendar-data/><D:acl/></D:prop><D:allprop/><D:propname/></D:propfind>",
    "<D:propertyupdate/>",
    "<D:propertyupdate><D:set/><D:remove><D:prop/></D:remove></D:propertyupdate>",
    "<D:propertyupdate><D:set><D:prop><D:resourcetype/><D:displayname><x:y xmlns:x=\"z\"/></D:displayname></D:prop></D:set></D:propertyupdate>",
    "<D:propertyupdate><D:remove><D:prop><D:displayname/><C:calendar-timezone/><D:getetag/></D:prop></D:remove></D:propertyupdate>",
    "<C:mkcalendar><D:set><D:prop><C:supported-calendar-component-set/><C:calendar-timezone/></D:prop></D:set></C:mkcalendar>",
    "<D:mkcol><D:set><D:prop><D:resourcetype/></D:prop></D:set></D:mkcol>",
    "<D:lockinfo/>",
    "<D:lockinfo><D:lockscope/><D:locktype/><D:owner>&amp;</D:owner></D:lockinfo>",
    "<D:lockinfo><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>",
    "<D:acl><D:ace/></D:acl>",
    "<D:acl><D:ace><D:principal/><D:grant/></D:ace></D:acl>",
    "<C:calendar-query/>",
    "<C:calendar-query><D:prop/><C:filter/></C:calendar-query>",
    "<C:calendar-query><D:prop><C:calendar-data><C:comp/><C:expand/></C:calendar-data></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter></C:calendar-query>",
    "<C:calendar-query><D:allprop/><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"\"/></C:comp-filter></C:comp-filter></C:filter><C:timezone>BEGIN:VCALENDAR</C:timezone></C:calendar-query>",
    "<C:calendar-multiget/>",
    "<C:calendar-multiget><D:prop><C:calendar-data/></D:prop><D:href/><D:href>::</D:href><D:href>%</D:href><D:href>../../..</D:href></C:calendar-multiget>",
    "<C:free-busy-query/>",
    "<C:free-busy-query><C:time-range start=\"00000000T000000Z\" end=\"99999999T999999Z\"/></C:free-busy-query>",
    "<C:free-busy-query><C:time-range start=\"00010101T000000Z\" end=\"99991231T235959Z\"/></C:free-busy-query>",
    "<D:sync-collection/>",
    "<D:sync-collection><D:sync-token>\u{1F4C5}</D:sync-token><D:sync-level>-1</D:sync-level><D:limit/></D:sync-collection>",
    "<D:sync-collection><D:sync-token/><D:limit><D:nresults>99999999999999999999</D:nresults></D:limit><D:prop/></D:sync-collection>",
    "<D:expand-property/>",
    "<D:expand-property><D:property/><D:property name=\"\"><D:property name=\"owner\"/></D:property></D:expand-property>",
    "<D:principal-property-search/>",
    "<D:principal-property-search><D:property-search/></D:principal-property-search>",
    "<D:principal-match/>",
    "<D:principal-match><D:principal-property><D:owner/></D:principal-property></D:principal-match>",
    "<D:acl-principal-prop-set/>",
    "<D:principal-search-property-set/>",
    "<CS:calendarserver-principal-search/>",
    "<CS:share/>",
    "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\nDTSTART:x\r\nATTENDEE:\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n",
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART;TZID=Nowhere:20060101T000000\r\nRRULE:FREQ=SECONDLY;BYDAY=99XX\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:x\r\nDURATION:-P99999999999W\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "{\"a\": [1, 2",
    "[\"vcalendar\", [], []]",
];

const HEADERS: &[&[(&str, &str)]] = &[
    &[],
    &[("Depth", "1"), ("Content-Type", "application/xml")],
    &[("Depth", "infinity"), ("Content-Type", "text/calendar"), ("If-None-Match", "*")],
    &[
        ("Depth", "7"),
        ("Content-Type", "application/calendar+json"),
        ("Overwrite", "maybe"),
        ("Timeout", "Second-x"),
    ],
    &[
        ("Destination", "/dav/calendars/ada/personal/two.ics"),
        ("If-Match", "garbage"),
        ("Prefer", "return=minimal"),
    ],
    &[("Destination", "http://%"), ("If", "(<urn:x> [\"a\"])"), ("Lock-Token", "<>"), ("Prefer", ",;=")],
    &[("If", "(((("), ("Range", "bytes=-"), ("If-Modified-Since", "yesterday"), ("Content-Type", "\u{e4}")],
];

fn check(line: (&str, &str), body: &str, answer: &Answer) {
    let status = answer.status.as_u16();
    assert!(status < 500 || status == 507, "{line:?} {body}: {status} {}", answer.text);
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/xml") && !answer.text.is_empty() {
        let read = Element::read(answer.text.as_bytes());
        assert!(read.is_ok(), "{line:?} {body}: {read:?} {}", answer.text);
    }
}

async fn furnished() -> House {
    let house = House::new().await;
    let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:one\r\n\
                 DTSTAMP:20060101T000000Z\r\nDTSTART:20060101T000000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let line = ("PUT", "/dav/calendars/ada/personal/one.ics");
    assert_eq!(house.send_as("ada", line, &[], event).await.status, 201);
    let line = ("PUT", "/dav/files/ada/note.txt");
    house.send_as("ada", line, &[], "note").await;
    house
}

#[tokio::test]
async fn no_body_on_any_method_of_any_resource_is_a_fault_of_the_server() {
    let mut methods: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
    methods.extend(["PATCH", "BIND", "SEARCH", "propfind", "X"]);
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    let every = if said("KALENDS_BODIES") == "all" { 1 } else { 29 };
    let from: usize = said("KALENDS_BODIES_FROM").parse().unwrap_or_default();
    let mut turn = 0;
    for method in methods {
        let house = furnished().await;
        for path in RESOURCES {
            for body in BODIES {
                // Every body meets every method and resource; the headers take turns.
                turn += 1;
                if !(turn + from).is_multiple_of(every) {
                    continue;
                }
                let headers = HEADERS[turn % HEADERS.len()];
                let sent = if body.starts_with('<') { declared(body) } else { (*body).to_owned() };
                let who = if turn % 170 < 10 { "nobody" } else { "ada" };
                let answer = house.send_as(who, (method, path), headers, sent).await;
                check((method, path), body, &answer);
            }
        }
    }
}

#[tokio::test]
async fn bodies_cut_short_and_octets_that_are_no_text() {
    let house = furnished().await;
    for method in ["PROPFIND", "PROPPATCH", "REPORT", "PUT", "MKCALENDAR", "MKCOL", "LOCK", "POST", "ACL"] {
        for path in
            ["/dav/calendars/ada/personal/", "/dav/calendars/ada/personal/one.ics", "/dav/calendars/ada/x/"]
        {
            for (number, body) in BODIES.iter().enumerate() {
                let mut octets = declared(body).into_bytes();
                octets.truncate(octets.len() * (number % 7) / 7);
                let at = octets.len() / 2;
                octets.insert(at, if number % 2 == 0 { 0xff } else { 0xc3 });
                let answer = house.send_as("ada", (method, path), &[], octets).await;
                check((method, path), body, &answer);
            }
        }
    }
}
