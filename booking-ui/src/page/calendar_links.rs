//! Links that put a booking into the visitor's own calendar; opened by the visitor only, nothing is loaded from there.

use booking::booking::Booking;
use calendar::time::Instant;

use crate::choice;
use crate::view::Link;

/// The file, Google, and the two Outlooks on the web.
pub(crate) fn links(booking: &Booking, token: &str, location: Option<&str>) -> Vec<Link> {
    let place = location.unwrap_or_default();
    vec![
        Link::new("Apple, Outlook and others (.ics)", format!("{}.ics", choice::path(&["b", token]))),
        Link::new("Google Calendar", google(booking, place)),
        Link::new("Outlook.com", outlook("outlook.live.com", booking, place)),
        Link::new("Microsoft 365", outlook("outlook.office.com", booking, place)),
    ]
}

fn google(booking: &Booking, place: &str) -> String {
    let (start, end) = (Instant::from_unix(booking.start), Instant::from_unix(booking.end));
    format!(
        "https://calendar.google.com/calendar/render?action=TEMPLATE&text={}&dates={}/{}&ctz={}&location={}",
        choice::value(&booking.title),
        start.to_ical(),
        end.to_ical(),
        choice::value(&booking.time_zone),
        choice::value(place)
    )
}

fn outlook(host: &str, booking: &Booking, place: &str) -> String {
    let (start, end) = (Instant::from_unix(booking.start), Instant::from_unix(booking.end));
    format!(
        "https://{host}/calendar/0/deeplink/compose?path=/calendar/action/compose&rru=addevent&subject={}\
         &startdt={}&enddt={}&location={}",
        choice::value(&booking.title),
        choice::value(&start.to_string()),
        choice::value(&end.to_string()),
        choice::value(place)
    )
}
