//! Paths to pages: reads a request, asks the page, dresses the answer.

use booking::desk::Desk;
use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};

use crate::asset;
use crate::choice::Choice;
use crate::english::Clock;
use crate::form;
use crate::page::problem::Problem;
use crate::page::{Answer, Visit, book, cancel, event_type, host, manage, reschedule, setup};
use crate::reply::{Keep, Reply};
use crate::route::Route;

/// What search engines are told (RFC 9309): the booking pages are theirs, and nothing else. Rules are beginnings of paths,
/// or whole ones up to a dollar sign, and the longest that fits is followed. Google's calendar asks here before it reads a published calendar.
const ROBOTS: &str = "\
User-agent: Google-Calendar-Importer
Allow: /dav/published/
Disallow: /

User-agent: *
Disallow: /.well-known/
Disallow: /a/
Disallow: /admin$
Disallow: /admin/
Disallow: /agent/
Disallow: /api/
Disallow: /b/
Disallow: /dav/
Disallow: /freebusy/
Disallow: /healthz$
Disallow: /ics/
Disallow: /metrics$
Disallow: /principals/
Disallow: /readyz$
Disallow: /setup$
";

/// Regions in which hours are counted twice to twelve (CLDR, the preferred format of each).
const TWELVE_HOURS: &[&str] = &["AU", "BD", "CA", "CO", "EG", "IN", "MY", "NZ", "PH", "PK", "SA", "US"];

/// The pages over a desk.
#[derive(Clone)]
pub struct Service {
    desk: Desk,
    /// What the forms of `/setup` are sealed with.
    seal: [u8; 16],
}

impl Service {
    /// The pages over `desk`.
    pub fn new(desk: Desk) -> Self {
        let seal = desk.world.entropy.draw();
        Self { desk, seal }
    }

    /// Answers a request for `/setup`, the page of an owner's devices. It is signed in with a password, so the caller
    /// must see to it that nobody on the way can read it.
    pub async fn set_up(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let visit = setup::Visit { desk: &self.desk, seal: &self.seal, parts: &parts };
        let reply = setup::answer(&visit, &body).await;
        reply.into_response(&parts.method, &parts.headers)
    }

    /// Answers one request whose body was read (within limits) by the caller. GET and HEAD change nothing.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let route = Route::of(parts.uri.path());
        let reply = self.answer(&route, &parts, &body).await.unwrap_or_else(|problem| problem.reply());
        // What belongs to one booking is kept by nobody, whatever the answer is.
        let reply = if parts.uri.path().starts_with("/b/") { reply.keep(Keep::Never) } else { reply };
        let reply = if reply.status == StatusCode::METHOD_NOT_ALLOWED {
            reply.with(header::ALLOW, if route.takes_forms() { "GET, HEAD, POST" } else { "GET, HEAD" })
        } else {
            reply
        };
        reply.into_response(&parts.method, &parts.headers)
    }

    async fn answer(&self, route: &Route, parts: &Parts, body: &Bytes) -> Answer {
        match parts.method {
            Method::GET | Method::HEAD => self.look(route, parts).await,
            Method::POST if route.takes_forms() => self.act(route, parts, body).await,
            _ if *route == Route::Nowhere => Err(Problem::not_found()),
            _ => Err(Problem::method()),
        }
    }

    /// Shows; changes nothing.
    async fn look(&self, route: &Route, parts: &Parts) -> Answer {
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        match route {
            Route::Robots => return Ok(Reply::new(StatusCode::OK, "text/plain; charset=utf-8", ROBOTS)),
            Route::Asset => return asset_at(path),
            Route::Nowhere => return Err(Problem::not_found()),
            Route::Slashed(path) => {
                let location = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
                return Ok(Reply::redirect(StatusCode::PERMANENT_REDIRECT, &location));
            }
            _ => {}
        }
        let visit = self.visit(query.as_bytes(), parts)?;
        match route {
            Route::Owner(owner) => host::show(&visit, owner),
            Route::EventType(offered) => event_type::show(&visit, offered).await,
            Route::Book(offered) => book::show(&visit, offered).await,
            Route::Booking(token) => manage::show(&visit, token).await,
            Route::BookingText(token) => manage::text(&visit, token).await,
            Route::Reschedule(token) => reschedule::show(&visit, token).await,
            Route::Cancel(token) => cancel::show(&visit, token).await,
            _ => host::home(&visit),
        }
    }

    /// Does what a form asks for.
    async fn act(&self, route: &Route, parts: &Parts, body: &Bytes) -> Answer {
        let public_url = &self.desk.correspondence.public_url;
        let hosts = form::own_hosts(&parts.headers, parts.uri.authority(), public_url);
        form::check(&parts.headers, body.len(), &hosts).map_err(Problem::not_read)?;
        // What lasts may stand in the address of the form, what was chosen in the form itself.
        let mut choices = parts.uri.query().unwrap_or_default().as_bytes().to_vec();
        choices.push(b'&');
        choices.extend_from_slice(body);
        let visit = self.visit(&choices, parts)?;
        match route {
            Route::Book(offered) => book::act(&visit, offered, body).await,
            Route::Reschedule(token) => reschedule::act(&visit, token).await,
            Route::Cancel(token) => cancel::act(&visit, token, body).await,
            _ => Err(Problem::method()),
        }
    }

    fn visit(&self, choices: &[u8], parts: &Parts) -> Result<Visit<'_>, Problem> {
        let choice =
            Choice::parse(choices).map_err(|unclear| Problem::unclear(&unclear, parts.uri.path()))?;
        Ok(Visit { desk: &self.desk, now: self.desk.world.clock.now(), choice, habit: habit(&parts.headers) })
    }
}

fn asset_at(path: &str) -> Answer {
    let asset = asset::find(path).ok_or_else(Problem::not_found)?;
    Ok(Reply::new(StatusCode::OK, asset.media_type, asset.octets).keep(Keep::ForEver))
}

/// How hours are written where the visitor's first language comes from (RFC 9110 §12.5.4).
fn habit(headers: &HeaderMap) -> Clock {
    let languages =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = languages.split([',', ';']).next().unwrap_or_default();
    let region = first.trim().split('-').skip(1).find(|part| part.len() == 2).unwrap_or_default();
    if TWELVE_HOURS.iter().any(|one| one.eq_ignore_ascii_case(region)) {
        Clock::Hours12
    } else {
        Clock::Hours24
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn hours_are_written_as_at_home() {
        let habit_of = |languages: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(languages));
            habit(&headers)
        };
        assert_eq!(habit_of("en-US,en;q=0.9"), Clock::Hours12);
        assert_eq!(habit_of("en-us;q=0.9"), Clock::Hours12);
        assert_eq!(habit_of("de-DE,en-US;q=0.5"), Clock::Hours24);
        assert_eq!(habit_of("zh-Hant-TW"), Clock::Hours24);
        assert_eq!(habit_of("en"), Clock::Hours24);
        assert_eq!(habit(&HeaderMap::new()), Clock::Hours24);
    }
}
