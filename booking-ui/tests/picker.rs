//! The picker: months and their edges, zones, repeated hours, lengths, the next free time.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod support;

use booking::event_type::Interval;
use support::{Pages, ada, event_type, html, owner, pages};

/// The instants that a page offers, as they stand in its links.
fn offered(page: &str) -> Vec<&str> {
    let links = page.split("class=\"time\" href=\"").skip(1);
    links.filter_map(|link| link.split_once("s=").map(|(_, rest)| &rest[..16])).collect()
}

/// What stands on the buttons of the times.
fn read(page: &str) -> Vec<String> {
    let links = page.split("class=\"time\" ").skip(1);
    let text = |link: &str| {
        let inner = link.split_once('>').unwrap().1.split("</a>").next().unwrap().to_owned();
        inner.replace("<small>", "").replace("</small>", "")
    };
    links.map(text).collect()
}

async fn page(pages: &Pages, address: &str) -> String {
    let answered = pages.look(address).await;
    assert_eq!(answered.status, 200, "{address}: {}", answered.text);
    html::check(&answered.text);
    answered.text
}

#[tokio::test]
async fn the_first_answer_holds_month_day_and_times() {
    let pages = ada().await;
    let shown = page(&pages, "/ada/intro").await;
    assert!(shown.contains("<h2 id=\"month-name\">November 2026</h2>"));
    // Four hours' notice after 09:12 in Berlin.
    assert_eq!(read(&shown)[0], "13:30");
    assert!(shown.contains("Next free: Fri 20 Nov, 13:30"));
    assert!(shown.contains("aria-label=\"Tuesday 24 November 2026, 14 times free\""), "{shown}");
    assert!(shown.contains("aria-disabled=\"true\" aria-label=\"Sunday 22 November 2026, no times\""));
    assert!(shown.contains("aria-label=\"13:30 to 14:00, Europe/Berlin\""));
    assert!(shown.contains("id=\"next\"") && !shown.contains("id=\"previous\""));
    assert!(shown.contains("data-said=\"November 2026, 7 days with free times\""));
    let day = page(&pages, "/ada/intro?d=2026-11-24").await;
    assert!(day.contains("<h3>Morning</h3>") && day.contains("<h3>Afternoon</h3>"));
    assert!(day.contains("data-said=\"14 times on Tuesday 24 November\""));
    assert!(day.contains("<td role=\"gridcell\" aria-selected=\"true\"><a class=\"day many\""), "{day}");
}

#[tokio::test]
async fn the_instants_are_the_same_in_every_zone() {
    let pages = ada().await;
    let berlin = page(&pages, "/ada/intro?d=2026-11-24").await;
    for (zone, first, offset) in [
        ("Asia/Kathmandu", "13:45", "UTC+5:45"),
        ("Asia/Calcutta", "13:30", "UTC+5:30"),
        ("America/New_York", "03:00", "UTC−5"),
        ("Africa/Lagos", "09:00", "UTC+1"),
    ] {
        let shown = page(&pages, &format!("/ada/intro?d=2026-11-24&tz={zone}")).await;
        assert_eq!(offered(&shown), offered(&berlin), "{zone}");
        assert_eq!(read(&shown)[0], first, "{zone}");
        assert!(shown.contains(offset), "{zone}");
    }
    // East of Berlin by ten hours the working day is spread over two.
    let island = page(&pages, "/ada/intro?d=2026-11-24&tz=Australia/Lord_Howe").await;
    assert_eq!(read(&island)[0], "00:00", "the last hours of Monday in Berlin");
    assert!(island.contains("UTC+11") && island.contains("data-zone=\"Australia/Lord_Howe\""));
    assert!(page(&pages, "/ada/intro?tz=asia/calcutta").await.contains("data-zone=\"Asia/Kolkata\""));
}

#[tokio::test]
async fn hours_are_written_as_chosen_or_as_at_home() {
    let pages = ada().await;
    let twelve = page(&pages, "/ada/intro?d=2026-11-24&h12=1").await;
    assert_eq!(read(&twelve)[0], "9:00\u{a0}am");
    assert!(
        twelve.contains("h12=1\" aria-label=\"9:00\u{a0}am to 9:30\u{a0}am, Europe/Berlin\""),
        "{twelve}"
    );
    let request = http::Request::get("/ada/intro?d=2026-11-24").header("accept-language", "en-US");
    let american = pages.send(request.body(bytes::Bytes::new()).unwrap()).await;
    assert_eq!(read(&american.text)[0], "9:00\u{a0}am");
    assert_eq!(american.field("vary"), "Accept-Language");
}

#[tokio::test]
async fn a_repeated_hour_is_offered_twice_and_told_apart() {
    let mut night = event_type("night", "Night", "Europe/Paris");
    night.hours.weekly =
        [const { Vec::new() }; 7].map(|_: Vec<Interval>| vec![Interval { start: 0, end: 360 }]);
    let pages = pages(vec![(owner("ada", "Ada", "Europe/Paris"), vec![night])]).await;
    pages.clock.put("2027-10-28T10:00:00");
    let shown = page(&pages, "/ada/night?d=2027-10-31").await;
    let twos: Vec<_> = read(&shown).into_iter().filter(|time| time.starts_with("02:00")).collect();
    assert_eq!(twos, ["02:00 UTC+2", "02:00 UTC+1"]);
    assert!(offered(&shown).contains(&"20271031T000000Z") && offered(&shown).contains(&"20271031T010000Z"));
    assert!(shown.contains("UTC+2, later UTC+1"));
    let second = pages.look("/ada/night/book?s=20271031T010000Z").await.text;
    assert!(second.contains("02:00–02:30") && second.contains("Europe/Paris (UTC+1)"));
    let first = pages.look("/ada/night/book?s=20271031T000000Z").await.text;
    assert!(first.contains("02:00–02:30") && first.contains("Europe/Paris (UTC+2)"));
    // After the change the label shows what holds then, and says when it happens.
    let after = page(&pages, "/ada/night?d=2027-11-02").await;
    assert!(after.contains("<br>UTC+1</p>") && after.contains("Clocks change on Sun 31 October."), "{after}");
}

#[tokio::test]
async fn months_end_where_booking_ends() {
    let pages = ada().await;
    // Sixty days from 20 November: to 19 January.
    let december = page(&pages, "/ada/intro?m=2026-12").await;
    assert!(
        december.contains("href=\"/ada/intro?m=2026-11\"")
            && december.contains("href=\"/ada/intro?m=2027-01\"")
    );
    assert!(december.contains("First free in December: Tue 1 Dec, 09:00"));
    let january = page(&pages, "/ada/intro?m=2027-01&tz=UTC").await;
    assert!(january.contains("id=\"previous\"") && !january.contains("id=\"next\""));
    assert!(january.contains("aria-label=\"Tuesday 19 January 2027, 14 times free\""));
    assert!(january.contains("aria-label=\"Wednesday 20 January 2027, no times\""));
    let february = page(&pages, "/ada/intro?m=2027-02").await;
    assert!(
        february.contains("No free times in February") && february.contains("Next free: Fri 20 Nov, 13:30")
    );
    let past = page(&pages, "/ada/intro?m=2020-01").await;
    assert!(past.contains("No free times in January") && offered(&past).is_empty());
    page(&pages, "/ada/intro?m=1970-01").await;
    page(&pages, "/ada/intro?m=9998-12").await;
}

#[tokio::test]
async fn a_slot_late_on_the_last_belongs_to_the_invitees_month() {
    let mut late = event_type("late", "Late", "UTC");
    late.hours.weekly =
        [const { Vec::new() }; 7].map(|_: Vec<Interval>| vec![Interval { start: 1380, end: 1440 }]);
    let pages = pages(vec![(owner("ada", "Ada", "UTC"), vec![late])]).await;
    let there = page(&pages, "/ada/late?m=2026-12&tz=Asia/Kathmandu").await;
    assert_eq!(offered(&there), ["20261130T230000Z", "20261130T233000Z"]);
    assert!(there.contains("aria-label=\"Tuesday 1 December 2026, 2 times free\""));
    let west = page(&pages, "/ada/late?d=2026-11-30&tz=America/New_York").await;
    assert_eq!(offered(&west), ["20261130T230000Z", "20261130T233000Z"]);
}

#[tokio::test]
async fn when_the_month_is_full_the_next_free_time_is_one_press_away() {
    let pages = ada().await;
    pages.plant("ada", "away", ("2026-11-20T00:00:00", "2026-12-03T08:00:00"), "Away").await;
    let shown = page(&pages, "/ada/intro").await;
    assert!(shown.contains("No free times in November"));
    assert!(shown.contains("href=\"/ada/intro?d=2026-12-03\">Next free: Thu 3 Dec, 09:00</a>"), "{shown}");
    pages.plant("ada", "gone", ("2026-11-20T00:00:00", "2027-03-01T08:00:00"), "Gone").await;
    let none = page(&pages, "/ada/intro").await;
    assert!(none.contains("There are no free times at the moment") && !none.contains("Next free"));
}

#[tokio::test]
async fn lengths_are_chips_and_change_the_times() {
    let pages = ada().await;
    let shown = page(&pages, "/ada/intro?d=2026-11-24").await;
    assert!(shown.contains("href=\"/ada/intro?d=2026-11-24&#38;dur=60\""));
    assert!(shown.contains("dur=30\" aria-current=\"true\">30\u{a0}min"));
    let hour = page(&pages, "/ada/intro?d=2026-11-24&dur=60").await;
    assert!(hour.contains("09:00 to 10:00") && hour.contains("dur=60\" aria-label=\"09:00 to 10:00"));
    assert_eq!(pages.look("/ada/intro?dur=7").await.status, 422);
}

#[tokio::test]
async fn every_zone_of_the_list_draws_the_same_month() {
    let pages = ada().await;
    let shown = page(&pages, "/ada/intro").await;
    let options: Vec<_> =
        shown.split("<option value=\"").skip(1).filter_map(|one| one.split('"').next()).collect();
    assert!(options.len() > 100);
    for zone in options.iter().step_by(9) {
        let there = page(&pages, &format!("/ada/intro?m=2026-12&tz={zone}")).await;
        assert!(there.contains(&format!("<option value=\"{zone}\" selected>")), "{zone}");
    }
}
