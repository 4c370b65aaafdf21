//! What a request changes, as far as locks are concerned (RFC 4918 §7).

use http::HeaderMap;

use crate::headers;
use crate::lock::place_of;
use crate::path::Resource;

/// A place that a request changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The resource itself.
    Itself(String),
    /// The resource with all that is below.
    Below(String),
    /// The list of members of a collection: one comes or goes.
    Members(String),
}

impl Touched {
    /// What a request with `method` on `resource` changes; `exists`: whether there is something at its URL.
    pub fn by(method: &str, resource: &Resource, headers: &HeaderMap, exists: Presence) -> Vec<Self> {
        let place = place_of(resource);
        let parent = parent(&place);
        match method {
            "PUT" | "LOCK" if exists == Presence::Absent => vec![Self::Itself(place), Self::Members(parent)],
            // Of an object it changes the text (RFC 8607), of a collection the members (RFC 5995).
            "POST" if !matches!(resource, Resource::Object(_)) => vec![Self::Members(place)],
            "PUT" | "PROPPATCH" | "ACL" | "POST" => vec![Self::Itself(place)],
            "MKCOL" | "MKCALENDAR" => vec![Self::Itself(place), Self::Members(parent)],
            "DELETE" => vec![Self::Below(place), Self::Members(parent)],
            "MOVE" | "COPY" => {
                let mut touched = Vec::new();
                if method == "MOVE" {
                    touched.extend([Self::Below(place), Self::Members(parent)]);
                }
                if let Some(to) = headers::destination(headers).and_then(|to| Resource::of_href(to, resource))
                {
                    let to = place_of(&to);
                    touched.extend([Self::Members(self::parent(&to)), Self::Below(to)]);
                }
                touched
            }
            // LOCK decides by itself what it can be together with.
            _ => Vec::new(),
        }
    }
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Present,
    /// It is not.
    Absent,
}

fn parent(place: &str) -> String {
    place.rsplit_once('/').map_or_else(String::new, |(above, _)| above.to_owned())
}
