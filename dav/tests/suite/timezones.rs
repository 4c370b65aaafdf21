//! Zones by reference (RFC 7809), and the service that tells them (RFC 7808).

use dav::xml::name::{caldav, dav};

use crate::client::{Answer, Server, document, event, propfind};

const A: &str = "/dav/calendars/ada/work/a.ics";
const SERVICE: &str = "/dav/timezones";

fn without_zone() -> String {
    event("a", "DTSTART;TZID=Europe/Berlin:20260504T120000|DURATION:PT1H")
}

fn with_zones() -> String {
    let zone = |name: &str| {
        format!(
            "BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n\
             TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        )
    };
    let text = event("a", "DTSTART;TZID=Europe/Berlin:20260104T120000|DTEND;TZID=Mine:20260104T130000");
    text.replace("BEGIN:VEVENT", &format!("{}{}BEGIN:VEVENT", zone("Europe/Berlin"), zone("Mine")))
}

fn zones_in(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let named = |pair: &[&str]| (pair[0] == "BEGIN:VTIMEZONE").then(|| pair[1].replace("TZID:", ""));
    lines.windows(2).filter_map(named).collect()
}

#[tokio::test]
async fn an_object_is_given_with_the_zones_that_are_asked_for() {
    let server = Server::new();
    for (text, stored, every, own) in [
        (without_zone(), &[][..], &["Europe/Berlin"][..], &[][..]),
        (with_zones(), &["Europe/Berlin", "Mine"], &["Europe/Berlin", "Mine"], &["Mine"]),
    ] {
        let put = server.send(&format!("PUT {A}"), &[], &text).await;
        let tag = put.header("etag").unwrap().to_owned();
        for (header, expected) in [
            ("CalDAV-Timezones: T", every),
            ("CalDAV-Timezones: F", own),
            ("CalDAV-Timezones: maybe", stored),
            ("X-Nothing: F", stored),
        ] {
            let got = server.send(&format!("GET {A}"), &[header], "").await.expect(200);
            assert_eq!(zones_in(&got.text), expected, "{header}");
            assert_eq!(got.header("content-length"), Some(got.text.len().to_string().as_str()));
            assert_eq!(got.header("vary"), Some("Accept, CalDAV-Timezones"));
            // Whoever read it in any form can say which state it changes.
            assert_eq!(got.header("etag"), Some(tag.as_str()));
            let known = format!("If-None-Match: {tag}");
            server.send(&format!("GET {A}"), &[header, &known], "").await.expect(304);
            let head = server.send(&format!("HEAD {A}"), &[header], "").await.expect(200);
            assert_eq!(head.header("content-length"), got.header("content-length"));
            let json =
                server.send(&format!("GET {A}"), &[header, "Accept: application/calendar+json"], "").await;
            assert_eq!(json.text.matches("\"vtimezone\"").count(), expected.len(), "{header}");
            let body = document(
                "C:calendar-multiget",
                &format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{A}</D:href>"),
            );
            let report = server.send("REPORT /dav/calendars/ada/work/", &[header], &body).await.expect(207);
            assert_eq!(report.text_of(A, caldav("calendar-data")), got.text, "{header}");
            assert_eq!(report.text_of(A, dav("getetag")), tag);
            let all = server.send("GET /dav/calendars/ada/work/", &[header], "").await.expect(200);
            let expected = if header.ends_with(": F") && header.starts_with("Cal") { own } else { every };
            assert_eq!(zones_in(&all.text), expected, "{header}");
        }
        let shown = ["CalDAV-Timezones: F", "Prefer: return=representation"];
        let shown = server.send(&format!("PUT {A}"), &shown, &text).await.expect(200);
        assert_eq!(zones_in(&shown.text), own);
    }
}

#[tokio::test]
async fn the_tags_of_a_whole_calendar_tell_its_forms_apart() {
    let server = Server::new();
    server.send(&format!("PUT {A}"), &[], &with_zones()).await.expect(201);
    let mut seen = Vec::new();
    for header in ["X-Nothing: F", "CalDAV-Timezones: T", "CalDAV-Timezones: F"] {
        let got = server.send("GET /dav/calendars/ada/work/", &[header], "").await.expect(200);
        let tag = got.header("etag").unwrap().to_owned();
        assert!(tag.starts_with("W/"), "{tag}");
        assert_eq!(got.header("vary"), Some("Accept, CalDAV-Timezones"));
        seen.push((tag, got.text));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].0 != seen[2].0 && seen[0].1 != seen[2].1);
}

#[tokio::test]
async fn parts_and_instances_with_and_without_zones() {
    let server = Server::new();
    server.send(&format!("PUT {A}"), &[], &with_zones()).await.expect(201);
    let data = async |header: &str, inner: &str| {
        let asked =
            format!("<D:prop><C:calendar-data>{inner}</C:calendar-data></D:prop><D:href>{A}</D:href>");
        let body = document("C:calendar-multiget", &asked);
        let answer = server.send("REPORT /dav/calendars/ada/work/", &[header], &body).await.expect(207);
        answer.text_of(A, caldav("calendar-data"))
    };
    let all = "<C:comp name=\"VCALENDAR\"><C:allprop/><C:allcomp/></C:comp>";
    assert_eq!(zones_in(&data("CalDAV-Timezones: F", all).await), ["Mine"]);
    assert_eq!(zones_in(&data("CalDAV-Timezones: T", all).await).len(), 2);
    // What names no zone needs none, and the instances are those of the object's own rules.
    let expand = "<C:expand start=\"20260101T000000Z\" end=\"20270101T000000Z\"/>";
    for header in ["CalDAV-Timezones: T", "CalDAV-Timezones: F"] {
        let got = data(header, expand).await;
        assert!(got.contains("DTSTART:20260104T110000Z") && zones_in(&got).is_empty(), "{got}");
    }
    // What is selected is what is given.
    let events = "<C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"/></C:comp>";
    assert!(zones_in(&data("CalDAV-Timezones: T", events).await).is_empty());
}

#[tokio::test]
async fn what_is_said_of_it() {
    let server = Server::new();
    let options = server.send_as_is("OPTIONS /dav/calendars/ada/", &[], "").await.expect(200);
    assert!(options.header("dav").unwrap().split(", ").any(|class| class == "calendar-no-timezone"));
    let home = "/dav/calendars/ada/";
    let body = propfind(&["C:timezone-service-set"]);
    let answer = server.send(&format!("PROPFIND {home}"), &["Depth: 0"], &body).await.expect(207);
    let set = answer.property(home, caldav("timezone-service-set")).1;
    assert_eq!(set.first(dav("href")).unwrap().text(), SERVICE);
    let moved = server.send_as_is("GET /.well-known/timezone", &[], "").await.expect(301);
    assert_eq!(moved.header("location"), Some(SERVICE));
    assert!(moved.header("cache-control").unwrap().contains("max-age"));
}

#[tokio::test]
async fn a_zone_that_is_set_by_name_is_that_zone() {
    let server = Server::new();
    let work = "/dav/calendars/ada/work/";
    for name in ["America/New_York", "US/Eastern", "Africa/Casablanca", "UTC"] {
        let set = format!(
            "<D:set><D:prop><C:calendar-timezone-id>{name}</C:calendar-timezone-id></D:prop></D:set>"
        );
        let body = document("D:propertyupdate", &set);
        server.send(&format!("PROPPATCH {work}"), &[], &body).await.expect(207);
        let body = propfind(&["C:calendar-timezone", "C:calendar-timezone-id"]);
        let answer = server.send(&format!("PROPFIND {work}"), &["Depth: 0"], &body).await.expect(207);
        assert_eq!(answer.text_of(work, caldav("calendar-timezone-id")), name);
        let text = answer.text_of(work, caldav("calendar-timezone"));
        assert_eq!(zones_in(&text), [name]);
        let known = calendar::zone::Zone::named(name).unwrap();
        // Equal rules included, those of the past as well.
        assert_eq!(dav::timezone::of_icalendar(&text).unwrap().called(known.name()), known);
    }
}

async fn ask(server: &Server, address: &str, headers: &[&str]) -> Answer {
    server.send_as_is(&format!("GET {SERVICE}{address}"), headers, "").await
}

#[tokio::test]
async fn a_zone_in_each_of_its_forms() {
    let server = Server::new();
    let york = "/zones/America%2FNew_York";
    let got = ask(&server, york, &[]).await.expect(200);
    assert_eq!(got.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert!(got.text.contains("BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\nBEGIN:"), "{}", got.text);
    let tag = got.header("etag").unwrap();
    ask(&server, york, &[&format!("If-None-Match: {tag}")]).await.expect(304);
    let json = ask(&server, york, &["Accept: application/calendar+json"]).await.expect(200);
    assert!(json.text.contains("\"vtimezone\"") && json.header("etag") != Some(tag));
    let alias = ask(&server, "/zones/US/Eastern", &["Accept: text/*"]).await.expect(200);
    assert!(alias.text.contains("TZID:US/Eastern\r\nTZID-ALIAS-OF:America/New_York\r\n"), "{}", alias.text);
    let range = "?start=2010-01-01T00:00:00Z&end=2020-01-01T00:00:00Z";
    let part = ask(&server, &format!("{york}{range}"), &[]).await.expect(200);
    assert!(part.text.contains("TZUNTIL:20200101T000000Z\r\n") && part.text.len() < got.text.len());
    let expanded = ask(&server, &format!("{york}/observances{range}"), &[]).await.expect(200);
    assert_eq!(expanded.header("etag"), Some(tag));
    let first = "{\"name\":\"Standard\",\"onset\":\"2010-01-01T00:00:00Z\",\"utc-offset-from\":-18000,\
                 \"utc-offset-to\":-18000}";
    assert!(expanded.text.contains(first), "{}", expanded.text);
    assert_eq!(expanded.text.matches("onset").count(), 21);
    assert!(!expanded.text.contains("\"end\""));
    let ages = "?start=0001-02-01T00:00:00Z&end=9999-01-01T00:00:00Z";
    let bounded = ask(&server, &format!("{york}/observances{ages}"), &[]).await.expect(200);
    assert_eq!(bounded.text.matches("onset").count(), 1000);
    assert!(bounded.text.contains("\"end\":\"24"), "{}", &bounded.text[..200]);
    for address in ["", "/", "/capabilities", "/leapseconds"] {
        let got = ask(&server, address, &[]).await.expect(200);
        assert_eq!(got.header("content-type"), Some("application/json; charset=utf-8"));
        assert!(got.header("cache-control").unwrap().starts_with("public, max-age="));
    }
}

#[tokio::test]
async fn the_list_and_what_is_found_in_it() {
    let server = Server::new();
    let list = ask(&server, "/zones", &[]).await.expect(200);
    let york = "\"tzid\":\"America/New_York\"";
    assert!(list.text.contains(york) && list.text.matches("\"tzid\"").count() > 400);
    let token = list.text.split("\"synctoken\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(list.header("etag"), Some(format!("\"{token}\"").as_str()));
    ask(&server, "/zones", &[&format!("If-None-Match: \"{token}\"")]).await.expect(304);
    let unchanged = ask(&server, &format!("/zones?changedsince={token}"), &[]).await.expect(200);
    assert_eq!(unchanged.text.matches("\"tzid\"").count(), 0, "{}", unchanged.text);
    assert!(unchanged.text.contains(token));
    // A token of another time, and the whole list again.
    assert_eq!(ask(&server, "/zones?changedsince=x", &[]).await.expect(200).text, list.text);
    // Another server over the same rules says the same, and so does the zone itself.
    let tag = ask(&server, "/zones/America%2FNew_York", &[]).await.header("etag").unwrap().to_owned();
    assert!(list.text.contains(&format!("\"etag\":{tag}")), "{tag}");
    for (pattern, count) in
        [("us/eastern", 1), ("*new%20york*", 1), ("America/Indiana*", 8), ("nowhere", 0), ("*/S%5C*", 0)]
    {
        let found = ask(&server, &format!("/zones?pattern={pattern}"), &[]).await.expect(200);
        assert_eq!(found.text.matches("\"tzid\"").count(), count, "{pattern}: {}", found.text);
    }
}

#[tokio::test]
async fn problems_are_told_by_name() {
    let server = Server::new();
    for (address, headers, status, name) in [
        ("/zones/America%2FPittsburgh", &[][..], 404, "tzid-not-found"),
        ("/zones/W.%20Europe%20Standard%20Time", &[], 404, "tzid-not-found"),
        ("/zones/..%2F..%2Fetc%2Fpasswd", &[], 404, "tzid-not-found"),
        ("/zones/UTC", &["Accept: application/calendar+xml"], 406, "invalid-format"),
        ("/zones/UTC?start=now", &[], 400, "invalid-start"),
        ("/zones/UTC/observances?start=2026-01-01T00:00:00Z", &[], 400, "invalid-end"),
        ("/zones?pattern=a*b", &[], 400, "invalid-pattern"),
        ("/zones?changedsince=a&changedsince=b", &[], 400, "invalid-changedsince"),
        ("/nothing", &[], 404, "invalid-action"),
    ] {
        let answer = ask(&server, address, headers).await.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json; charset=utf-8"));
        let urn = format!("\"type\":\"urn:ietf:params:tzdist:error:{name}\"");
        assert!(
            answer.text.contains(&urn) && answer.text.contains(&format!("\"status\":{status}")),
            "{address}"
        );
    }
    let post = server.send_as_is(&format!("POST {SERVICE}/zones"), &[], "x").await.expect(405);
    assert_eq!(post.header("allow"), Some("OPTIONS, GET, HEAD"));
    let head = server.send_as_is(&format!("HEAD {SERVICE}/capabilities"), &[], "").await.expect(200);
    assert!(head.text.is_empty() && head.header("content-length") != Some("0"));
    server.send_as_is(&format!("PROPFIND {SERVICE}X"), &[], "").await.expect(401);
}
