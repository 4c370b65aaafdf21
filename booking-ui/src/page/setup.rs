//! `/setup`: an owner's devices. GET shows them; POST makes a password for one, or ends it.

use std::sync::Arc;

use aggregator::operation::sign_in::{self, Answer as SignedIn, AppPassword};
use aggregator::owner::Owner;
use aggregator::reading::hex;
use askama::Template;
use booking::desk::Desk;
use bytes::Bytes;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use http::request::Parts;
use http::{Method, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::device::code::Code;
use crate::device::{Account, profile};
use crate::english;
use crate::form;
use crate::page::Answer;
use crate::page::problem::Problem;
use crate::reply::{Keep, Reply};
use crate::view::Frame;

/// Nothing runs on pages that show passwords.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";
const CHALLENGE: &str = "Basic realm=\"Kalends\", charset=\"UTF-8\"";
/// Characters of a device's name.
const LABEL_CHARACTERS_MAX: usize = 60;

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    owner: String,
    user: String,
    address: String,
    devices: Vec<Device>,
    token: String,
    /// What was written already.
    label: String,
    /// What is wrong with it.
    fault: Option<&'static str>,
}

/// A device in the list.
struct Device {
    id: String,
    label: String,
    made: String,
    used: String,
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    frame: Frame,
    account: Account,
    address: String,
    link: Option<String>,
    code: Option<(usize, String)>,
}

/// One visit of whoever opens the page.
pub(crate) struct Visit<'a> {
    /// Whom to ask.
    pub(crate) desk: &'a Desk,
    /// What forms are sealed with; drawn when the pages were built.
    pub(crate) seal: &'a [u8; 16],
    /// The header of the request.
    pub(crate) parts: &'a Parts,
}

/// Signs in, and shows or does.
pub(crate) async fn answer(visit: &Visit<'_>, body: &Bytes) -> Reply {
    let reply = match owner_of(visit).await {
        Err(reply) => reply,
        Ok(owner) => {
            let answered = match visit.parts.method {
                Method::GET | Method::HEAD => show(visit, &owner, ("", None)).await,
                Method::POST => act(visit, &owner, body).await,
                _ => Err(Problem::method()),
            };
            answered.unwrap_or_else(|problem| problem.reply())
        }
    };
    let reply = if reply.status == StatusCode::METHOD_NOT_ALLOWED {
        reply.with(header::ALLOW, "GET, HEAD, POST")
    } else {
        reply
    };
    reply.keep(Keep::Never).with(header::CONTENT_SECURITY_POLICY, POLICY)
}

/// Who signed in with the password of the settings: that of a device opens calendars, and makes no more of its kind.
async fn owner_of(visit: &Visit<'_>) -> Result<Arc<Owner>, Reply> {
    let ask = || Problem::sign_in().reply().with(header::WWW_AUTHENTICATE, CHALLENGE);
    let pair = sign_in::credentials(&visit.parts.headers).ok_or_else(ask)?;
    let world = &visit.desk.world;
    match sign_in::check_own(world, (&pair.0, &pair.1)).await {
        Ok(SignedIn::Owner(id)) => world.owner(&id).ok_or_else(ask),
        Ok(SignedIn::Wrong) => Err(ask()),
        Ok(SignedIn::Wait(seconds)) => {
            Err(Problem::too_many().reply().with(header::RETRY_AFTER, &seconds.to_string()))
        }
        Err(_) => Err(Problem::unavailable().reply()),
    }
}

async fn show(visit: &Visit<'_>, owner: &Owner, (label, fault): (&str, Option<&'static str>)) -> Answer {
    let kept = sign_in::list(&visit.desk.world, &owner.id).await.map_err(|_| Problem::unavailable())?;
    let public_url = &visit.desk.correspondence.public_url;
    let page = SetupPage {
        frame: Frame::titled("Set up a device"),
        owner: owner.name.clone(),
        user: owner.id.clone(),
        address: format!("{public_url}/dav/"),
        devices: kept.iter().map(|one| device(one, owner)).collect(),
        token: token(visit.seal, owner),
        label: label.to_owned(),
        fault,
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(Reply::page(status, &page))
}

fn device(kept: &AppPassword, owner: &Owner) -> Device {
    let day = |seconds: i64| english::long_date(owner.zone.local_of(Instant::from_unix(seconds)).date());
    let used = match (kept.last_used, kept.last_address) {
        (None, _) => "never used".to_owned(),
        (Some(at), None) => format!("last used {}", day(at)),
        (Some(at), Some(address)) => format!("last used {} from {address}", day(at)),
    };
    Device { id: kept.id.clone(), label: kept.label.clone(), made: day(kept.created), used }
}

/// A number that only pages shown to this owner hold: a form that another site has the browser send lacks it.
fn token(seal: &[u8; 16], owner: &Owner) -> String {
    let mut hash = Sha256::new();
    hash.update(seal);
    hash.update(&owner.id);
    hex(&hash.finalize()[..16])
}

/// What the form holds.
#[derive(Default)]
struct Given {
    token: String,
    label: String,
    kind: String,
    end: Option<String>,
}

impl Given {
    fn parse(body: &[u8]) -> Self {
        let mut given = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "token" => given.token = value.into_owned(),
                "device" => value.trim().clone_into(&mut given.label),
                "kind" => given.kind = value.into_owned(),
                "end" => given.end = Some(value.into_owned()),
                _ => {}
            }
        }
        given
    }
}

async fn act(visit: &Visit<'_>, owner: &Owner, body: &Bytes) -> Answer {
    let public_url = &visit.desk.correspondence.public_url;
    let hosts = form::own_hosts(&visit.parts.headers, visit.parts.uri.authority(), public_url);
    form::check(&visit.parts.headers, body.len(), &hosts).map_err(Problem::not_read)?;
    let given = Given::parse(body);
    if given.token != token(visit.seal, owner) {
        return show(visit, owner, (&given.label, Some("This page was too old. Please press again."))).await;
    }
    let world = &visit.desk.world;
    if let Some(id) = &given.end {
        return match sign_in::revoke(world, &owner.id, id).await {
            // It is over either way, also where another page has ended it before.
            Ok(()) | Err(Refusal::NotFound) => Ok(Reply::redirect(StatusCode::SEE_OTHER, "/setup")),
            Err(_) => Err(Problem::unavailable()),
        };
    }
    let long = given.label.chars().count() > LABEL_CHARACTERS_MAX;
    if given.label.is_empty() || long || given.label.chars().any(char::is_control) {
        let fault = if long { "Please choose a shorter name." } else { "Please name the device." };
        return show(visit, owner, (&given.label, Some(fault))).await;
    }
    let (record, password) = match sign_in::add(world, owner, &given.label).await {
        Ok(made) => made,
        Err(Refusal::Protected(_)) => {
            let fault = "There are a hundred devices already. Please end one first.";
            return show(visit, owner, (&given.label, Some(fault))).await;
        }
        Err(_) => return Err(Problem::unavailable()),
    };
    Ok(handed_over(&Account::new(public_url, owner, &record, &password), &given.kind))
}

/// What the device is set up with. It is shown this once.
fn handed_over(account: &Account, kind: &str) -> Reply {
    if kind == "apple" {
        return Reply::new(StatusCode::OK, profile::MEDIA_TYPE, profile::profile(account))
            .with(header::CONTENT_DISPOSITION, "attachment; filename=\"kalends.mobileconfig\"");
    }
    let link = (kind == "android").then(|| account.link());
    let code = link.as_deref().and_then(Code::of).map(|code| (code.side(), code.path()));
    let page = DevicePage {
        frame: Frame::titled(format!("Set up {}", account.label)),
        account: account.clone(),
        address: account.address(),
        link,
        code,
    };
    Reply::page(StatusCode::OK, &page)
}
