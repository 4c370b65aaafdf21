//! The walk through a mail: which of its parts are calendars, and which is for people to read (RFC 2046).

use mail_parser::decoders::html::html_to_text;

use super::entity::Entity;
use super::{CALENDARS_MAX, CalendarPart, Carriage, DEPTH_MAX, NotImip, PARTS_MAX, Place, shortened};

/// What was met on the walk through a mail.
#[derive(Default)]
pub(super) struct Gathered {
    parts: usize,
    pub(super) calendars: Vec<CalendarPart>,
    plain: Option<String>,
    html: Option<String>,
}

impl Gathered {
    /// Walks through `entity`, which stands at `place`, inside `depth` others.
    pub(super) fn entity(&mut self, entity: &Entity<'_>, place: Place, depth: usize) -> Result<(), NotImip> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(NotImip::TooMuch { limit: PARTS_MAX, unit: "parts" });
        }
        if depth >= DEPTH_MAX {
            return Err(NotImip::TooMuch { limit: DEPTH_MAX, unit: "parts inside one another" });
        }
        match entity.media.as_str() {
            "message/rfc822" | "message/global" => {
                let inside = match place {
                    Place::Itself => Place::Forwarded,
                    other => other,
                };
                let mail = entity.decoded();
                self.entity(&Entity::read(&mail)?, inside, depth + 1)
            }
            media if media.starts_with("multipart/") => {
                let inside = if media == "multipart/report" { Place::Returned } else { place };
                for part in entity.parts(PARTS_MAX) {
                    self.entity(&Entity::part(part, media)?, inside, depth + 1)?;
                }
                Ok(())
            }
            _ => {
                self.leaf(entity, place);
                Ok(())
            }
        }
    }

    fn leaf(&mut self, entity: &Entity<'_>, place: Place) {
        let is_file = entity.name.as_deref().is_some_and(|name| {
            name.get(name.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".ics"))
        });
        // Written by whoever wrote the mail.
        let is_for_people = place == Place::Itself && !entity.is_attachment;
        let carriage = match (entity.media.as_str(), &entity.method) {
            ("text/calendar", Some(_)) => Carriage::WithMethod,
            ("text/calendar", None) => Carriage::WithoutMethod,
            ("application/ics", _) => Carriage::Attached,
            _ if is_file => Carriage::Attached,
            ("text/plain", _) if is_for_people && self.plain.is_none() => {
                self.plain = Some(shortened(&entity.as_text()));
                return;
            }
            ("text/html", _) if is_for_people && self.html.is_none() => {
                self.html = Some(entity.as_text());
                return;
            }
            _ => return,
        };
        if self.calendars.len() < CALENDARS_MAX {
            let octets = entity.as_calendar();
            self.calendars.push(CalendarPart { carriage, place, method: entity.method.clone(), octets });
        }
    }

    /// What the mail says to people.
    pub(super) fn text(&self) -> String {
        match (&self.plain, &self.html) {
            (Some(plain), _) if !plain.is_empty() => plain.clone(),
            (_, Some(html)) => shortened(&html_to_text(html)),
            (plain, None) => plain.clone().unwrap_or_default(),
        }
    }
}
