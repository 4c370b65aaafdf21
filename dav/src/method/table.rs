//! All methods: what they are called, where they are allowed, what answers them.

use std::sync::Arc;

use http::StatusCode;

use crate::condition::{CALENDAR_COLLECTION_LOCATION_OK, Failure, RESOURCE_MUST_BE_NULL};
use crate::exchange::{Answering, Exchange};
use crate::method::{
    acl, delete, get, lock, mkcalendar, options, post, propfind, proppatch, put, relocate, report,
};
use crate::path::Resource;
use crate::property::Kinds;

/// Whether a method changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// It only reads.
    Nothing,
    /// It may.
    Something,
}

/// A method.
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// On which resources it is allowed.
    pub on: Kinds,
    /// Where it is defined.
    pub rfc: &'static str,
    /// Whether it changes anything, so that locks are asked about.
    pub writes: Writes,
    /// How it is answered.
    pub answer: fn(Arc<Exchange>) -> Answering,
    /// How it is refused where it is not allowed; `None` for a URL that names nothing.
    pub elsewhere: fn(Option<&Resource>) -> Failure,
}

/// The rows.
pub const METHODS: &[Method] = &[
    Method {
        name: "OPTIONS",
        on: Kinds::ANY,
        rfc: "RFC 4918 §10.1",
        writes: Writes::Nothing,
        answer: |exchange| Box::pin(async move { Ok(options::answer(&allowed(exchange.kind()))) }),
        elsewhere: not_here,
    },
    Method {
        name: "GET",
        on: Kinds::ANY,
        rfc: "RFC 9110 §9.3.1",
        writes: Writes::Nothing,
        answer: |exchange| Box::pin(get::answer(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "HEAD",
        on: Kinds::ANY,
        rfc: "RFC 9110 §9.3.2",
        writes: Writes::Nothing,
        answer: |exchange| Box::pin(get::answer_head(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "PUT",
        on: Kinds::OBJECT.or(Kinds::FILES),
        rfc: "RFC 4791 §5.3.2",
        writes: Writes::Something,
        answer: |exchange| Box::pin(put::answer(exchange)),
        elsewhere: no_parent,
    },
    Method {
        name: "POST",
        on: post::ON,
        rfc: "RFC 9110 §9.3.3",
        writes: Writes::Something,
        answer: |exchange| Box::pin(post::answer(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "DELETE",
        on: Kinds::COLLECTION.or(Kinds::OBJECT).or(Kinds::FILES).or(Kinds::NOTIFICATION),
        rfc: "RFC 4918 §9.6",
        writes: Writes::Something,
        answer: |exchange| Box::pin(delete::answer(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "COPY",
        on: Kinds::OBJECT.or(Kinds::FILES),
        rfc: "RFC 4918 §9.8",
        writes: Writes::Something,
        answer: |exchange| Box::pin(relocate::answer_copy(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "MOVE",
        on: Kinds::OBJECT.or(Kinds::FILES),
        rfc: "RFC 4918 §9.9",
        writes: Writes::Something,
        answer: |exchange| Box::pin(relocate::answer_move(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "PROPFIND",
        on: Kinds::ANY,
        rfc: "RFC 4918 §9.1",
        writes: Writes::Nothing,
        answer: |exchange| Box::pin(propfind::answer(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "PROPPATCH",
        on: Kinds::ANY,
        rfc: "RFC 4918 §9.2",
        writes: Writes::Something,
        answer: |exchange| Box::pin(proppatch::answer(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "MKCALENDAR",
        on: Kinds::COLLECTION,
        rfc: "RFC 4791 §5.3.1",
        writes: Writes::Something,
        answer: |exchange| Box::pin(mkcalendar::answer(exchange)),
        elsewhere: no_calendar,
    },
    Method {
        name: "MKCOL",
        on: Kinds::COLLECTION.or(Kinds::FILES),
        rfc: "RFC 5689",
        writes: Writes::Something,
        answer: |exchange| Box::pin(mkcalendar::answer_mkcol(exchange)),
        elsewhere: no_collection,
    },
    Method {
        name: "LOCK",
        on: Kinds::LOCKABLE,
        rfc: "RFC 4918 §9.10",
        writes: Writes::Something,
        answer: |exchange| Box::pin(lock::answer(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "UNLOCK",
        on: Kinds::LOCKABLE,
        rfc: "RFC 4918 §9.11",
        writes: Writes::Something,
        answer: |exchange| Box::pin(lock::answer_unlock(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "ACL",
        on: Kinds::HOME.or(Kinds::COLLECTION),
        rfc: "RFC 3744 §8.1",
        writes: Writes::Something,
        answer: |exchange| Box::pin(acl::answer(exchange)),
        elsewhere: not_here,
    },
    Method {
        name: "REPORT",
        on: Kinds::ANY,
        rfc: "RFC 3253 §3.6",
        writes: Writes::Nothing,
        answer: |exchange| Box::pin(report::answer(exchange)),
        elsewhere: not_here,
    },
];

/// The method called `name`.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// The value of `Allow` on a kind of resource.
pub fn allowed(kind: Kinds) -> String {
    let names: Vec<&str> =
        METHODS.iter().filter(|method| method.on.meets(kind)).map(|method| method.name).collect();
    names.join(", ")
}

/// The same without `refused`, which only the resource itself and not its kind could refuse.
pub fn allowed_but(kind: Kinds, refused: &str) -> String {
    let names = METHODS.iter().filter(|method| method.on.meets(kind)).map(|method| method.name);
    names.filter(|name| *name != refused).collect::<Vec<_>>().join(", ")
}

/// 405 on what is there, 404 on what is not.
pub fn not_here(resource: Option<&Resource>) -> Failure {
    match resource {
        Some(_) => Failure::new(StatusCode::METHOD_NOT_ALLOWED, "the method is not allowed here"),
        None => Failure::not_found(),
    }
}

/// PUT makes no collection, and none for its object.
fn no_parent(resource: Option<&Resource>) -> Failure {
    match resource {
        Some(_) => not_here(resource),
        None => Failure::new(StatusCode::CONFLICT, "there is no calendar to put it into"),
    }
}

/// What would be the parent of a URL that names nothing can be no collection (RFC 4918 §9.3.1).
fn no_collection(resource: Option<&Resource>) -> Failure {
    match resource {
        None => Failure::new(StatusCode::CONFLICT, "there is no collection to make it in"),
        Some(_) => no_calendar(resource),
    }
}

/// Calendars are made in a home, and nowhere else.
fn no_calendar(resource: Option<&Resource>) -> Failure {
    match resource {
        None | Some(Resource::Object(_)) => {
            Failure::of(CALENDAR_COLLECTION_LOCATION_OK, "calendars are made in a calendar home")
        }
        Some(_) => Failure::of(RESOURCE_MUST_BE_NULL, "there is a collection already"),
    }
}
