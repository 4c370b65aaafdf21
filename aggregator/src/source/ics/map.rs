//! From the text of a feed to objects. Pure.

use std::sync::Arc;

use calendar::feed::Feed;
use calendar::limits::Limits;

use crate::reading::tag_of;
use crate::source::{Cursor, RemoteObject, Snapshot, SourceError, shortened};

/// Reads a feed into a complete listing without a cursor.
///
/// # Errors
/// [`SourceError::NotACalendar`] for an HTML page, half a file, or no calendar at all.
pub fn snapshot(text: &[u8], limits: &Limits) -> Result<Snapshot, SourceError> {
    if text.len() > limits.feed_octets_max {
        return Err(SourceError::NotACalendar(format!("more than {} octets", limits.feed_octets_max)));
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(SourceError::NotACalendar("there is nothing in it".into()));
    }
    if looks_like_a_page(text) {
        return Err(SourceError::NotACalendar(
            "a web page came instead of a calendar (a sign-in page?)".into(),
        ));
    }
    let mut skipped = Vec::new();
    let mut objects = Vec::new();
    // Only the text of each object is kept: read, it takes many times the memory.
    let feed = Feed::scan(text, limits, |object| {
        let octets = object.octets();
        if octets.len() > limits.object_octets_max {
            skipped.push(format!("an event of {} octets (UID {})", octets.len(), shortened(object.uid())));
        } else {
            let version = tag_of(octets).0;
            objects.push(RemoteObject { id: object.uid().to_owned(), version, octets: Arc::clone(octets) });
        }
    });
    let feed = feed
        .map_err(|error| SourceError::NotACalendar(format!("not a whole calendar (line {})", error.line)))?;
    Ok(Snapshot {
        objects,
        cursor: Cursor(String::new()),
        zone: feed.zone,
        name: feed.name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
        refresh_seconds: feed.refresh_seconds,
        warnings: feed.warnings,
        skipped,
        unread: Vec::new(),
    })
}

fn looks_like_a_page(text: &[u8]) -> bool {
    let text = text.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(text);
    text.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_calendar_is_named_without_its_text() {
        let limits = Limits::default();
        for (text, words) in [
            (&b"  \r\n"[..], "nothing"),
            (b"<!DOCTYPE html><html>secret</html>", "web page"),
            (b"\xef\xbb\xbf<html>secret</html>", "web page"),
        ] {
            let error = snapshot(text, &limits).unwrap_err();
            assert!(matches!(error, SourceError::NotACalendar(_)));
            assert!(error.to_string().contains(words) && !error.to_string().contains("secret"), "{error}");
        }
        let small = Limits { feed_octets_max: 3, ..limits };
        assert!(snapshot(b"BEGIN", &small).unwrap_err().to_string().contains("more than 3"));
    }
}
