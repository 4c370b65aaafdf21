//! The `If` header, and whether a request may change what is locked (RFC 4918 §10.4, §7).

use calendar::collection::EntityTag;
use calendar::refusal::Refusal;
use http::{HeaderMap, StatusCode};

use super::{Lock, LockChange, Touched, is_below, place_of};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::headers;
use crate::lock::touched::Presence;
use crate::path::Resource;
use crate::property::{Facets, View};
use crate::tree_token::TreeToken;

/// Conditions that one header may hold.
const CONDITIONS_MAX: usize = 200;

/// What one condition is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// A state token: of a lock, or of synchronisation (RFC 6578 §5).
    Token(String),
    /// An entity tag.
    Tag(EntityTag),
}

/// Conditions that hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct List {
    /// The resource that they are about; `None`: the one of the request.
    about: Option<String>,
    /// `false`: it must not be so.
    conditions: Vec<(bool, State)>,
}

/// The header: it holds if one of its lists does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct If {
    lists: Vec<List>,
}

impl If {
    /// Reads the header, if it is there.
    ///
    /// # Errors
    /// 400.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Failure> {
        let Some(value) = headers.get("if") else { return Ok(None) };
        let text = value.to_str().ok();
        text.and_then(Self::parse)
            .map(Some)
            .ok_or_else(|| Failure::bad_request("the If header cannot be read"))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lists = Vec::new();
        let mut about = None;
        let mut rest = text.trim_start();
        let mut room = CONDITIONS_MAX;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('<') {
                let (resource, after) = inner.split_once('>')?;
                about = Some(resource.to_owned());
                rest = after.trim_start();
            }
            let (conditions, after) = conditions(rest.strip_prefix('(')?)?;
            room = room.checked_sub(conditions.len().max(1))?;
            lists.push(List { about: about.clone(), conditions });
            rest = after.trim_start();
        }
        (!lists.is_empty()).then_some(Self { lists })
    }

    /// All tokens that it names, wherever: with them the client says that it knows of these locks.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        let conditions = self.lists.iter().flat_map(|list| &list.conditions);
        conditions.filter_map(|(_, state)| match state {
            State::Token(token) => Some(token.as_str()),
            State::Tag(_) => None,
        })
    }

    /// Whether it holds.
    async fn holds(&self, exchange: &Exchange, locks: &[Lock]) -> Result<bool, Failure> {
        let follows_tree = self.tokens().any(TreeToken::is_named_by);
        let needs = if follows_tree { Facets::TREE } else { Facets::NONE };
        for list in &self.lists {
            let resource = match &list.about {
                None => Some(exchange.resource.clone()),
                Some(href) => Resource::of_href(href, &exchange.resource),
            };
            // What is no resource of this server has neither tag nor lock.
            let (place, view) = match &resource {
                None => (String::new(), None),
                Some(resource) => (place_of(resource), loaded(exchange, resource, needs).await?),
            };
            let is_so = |state: &State| match state {
                State::Tag(tag) => view.as_ref().and_then(View::tag) == Some(tag),
                State::Token(token) => {
                    locks.iter().any(|lock| lock.token == *token && lock.covers(&place))
                        || view.as_ref().is_some_and(|view| view.is_at(token))
                }
            };
            if list.conditions.iter().all(|(wanted, state)| is_so(state) == *wanted) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The conditions of a list, and what follows its closing parenthesis.
fn conditions(text: &str) -> Option<(Vec<(bool, State)>, &str)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return (!found.is_empty()).then_some((found, after));
        }
        let negated = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("not"));
        if negated {
            rest = rest[3..].trim_start();
        }
        let (state, after) = if let Some(inner) = rest.strip_prefix('<') {
            let (token, after) = inner.split_once('>')?;
            (State::Token(token.to_owned()), after)
        } else {
            let (tag, after) = rest.strip_prefix('[')?.split_once(']')?;
            // A weak tag is none that is kept here.
            let tag = tag.trim();
            let plain = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
            (State::Tag(EntityTag(plain.to_owned())), after)
        };
        found.push((!negated, state));
        rest = after.trim_start();
    }
}

/// The resource as it is; `None` where nothing is there.
///
/// # Errors
/// DAV:need-privileges where the caller may not read it; those of the backend.
pub(crate) async fn existing(exchange: &Exchange, resource: &Resource) -> Result<Option<View>, Failure> {
    loaded(exchange, resource, Facets::NONE).await
}

async fn loaded(exchange: &Exchange, resource: &Resource, needs: Facets) -> Result<Option<View>, Failure> {
    match exchange.view(resource, needs).await {
        Ok(view) => Ok(Some(view)),
        Err(failure) if failure.status == StatusCode::NOT_FOUND => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether a request may go on: its `If` header holds, and it knows of the locks on what it changes.
///
/// # Errors
/// 412 where the header does not hold; 423 with DAV:lock-token-submitted where a lock is not known to it.
pub async fn permit(exchange: &Exchange, method: &str) -> Result<(), Failure> {
    let condition = If::of(&exchange.headers)?;
    let Some(owner) = exchange.resource.owner() else { return Ok(()) };
    let mut locks = exchange.locks(owner).await?;
    let to = headers::destination(&exchange.headers).and_then(|to| Resource::of_href(to, &exchange.resource));
    if let Some(other) = to.as_ref().and_then(Resource::owner).filter(|other| *other != owner) {
        // Whether the caller may go there is said by whoever moves it there.
        locks.extend(exchange.backend.locks(exchange.caller(), other).await.unwrap_or_default());
    }
    if let Some(condition) = &condition
        && !condition.holds(exchange, &locks).await?
    {
        return Err(Refusal::TagMismatch.into());
    }
    if locks.is_empty() {
        return Ok(());
    }
    let presence = match existing(exchange, &exchange.resource).await {
        Ok(Some(_)) => Presence::Present,
        // To whoever may not look it is as if nothing were there, which touches more.
        Ok(None) => Presence::Absent,
        Err(failure) if failure.status == StatusCode::FORBIDDEN => Presence::Absent,
        Err(failure) => return Err(failure),
    };
    let touched = Touched::by(method, &exchange.resource, &exchange.headers, presence);
    known(exchange, condition.as_ref(), (&locks, &touched))
}

/// Whether a request whose body names many resources may do what `method` does to one of them.
///
/// # Errors
/// 423 with DAV:lock-token-submitted.
pub async fn permit_one(exchange: &Exchange, method: &str, resource: &Resource) -> Result<(), Failure> {
    let Some(owner) = resource.owner() else { return Ok(()) };
    let locks = exchange.locks(owner).await?;
    let touched = Touched::by(method, resource, &exchange.headers, Presence::Present);
    known(exchange, If::of(&exchange.headers)?.as_ref(), (&locks, &touched))
}

/// Whether the locks on what is touched are known to the request.
fn known(
    exchange: &Exchange,
    condition: Option<&If>,
    (locks, touched): (&[Lock], &[Touched]),
) -> Result<(), Failure> {
    let tokens: Vec<&str> = condition.into_iter().flat_map(If::tokens).collect();
    let caller = exchange.caller().principal.as_str();
    let unknown = touched.iter().find_map(|touched| unknown_lock(locks, touched, (&tokens, caller)));
    unknown.map_or(Ok(()), |root| Err(Refusal::Locked(root.to_owned()).into()))
}

/// Ends the locks at and below a resource that has gone.
///
/// # Errors
/// Those of the backend.
pub async fn sweep(exchange: &Exchange, gone: &Resource) -> Result<(), Failure> {
    let Some(owner) = gone.owner() else { return Ok(()) };
    let place = place_of(gone);
    let locks = exchange.locks(owner).await?;
    if locks.iter().any(|lock| lock.root == place || is_below(&lock.root, &place)) {
        let change = LockChange::Sweep(place);
        exchange.backend.change_locks(exchange.caller(), owner, &change).await?;
    }
    Ok(())
}

/// The root of a lock on what is touched that the caller does not have, or has not named.
fn unknown_lock<'a>(
    locks: &'a [Lock],
    touched: &Touched,
    (tokens, caller): (&[&str], &str),
) -> Option<&'a str> {
    let is_known = |lock: &&Lock| lock.principal == caller && tokens.contains(&lock.token.as_str());
    let covering = |place: &str| locks.iter().filter(|lock| lock.covers(place)).collect::<Vec<_>>();
    // Of several shared locks on one resource, one's own is enough.
    let unknown = |at: Vec<&'a Lock>| match at.first() {
        Some(first) if !at.iter().any(is_known) => Some(first.root.as_str()),
        _ => None,
    };
    match touched {
        Touched::Itself(place) | Touched::Members(place) => unknown(covering(place)),
        Touched::Below(place) => unknown(covering(place)).or_else(|| {
            let below = locks.iter().filter(|lock| is_below(&lock.root, place));
            below.map(|lock| covering(&lock.root)).find_map(unknown)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_in_its_forms() {
        let tokens =
            |text: &str| If::parse(text).map(|read| read.tokens().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(tokens("(<urn:a>)"), Some(vec!["urn:a".to_owned()]));
        assert_eq!(
            tokens("(<urn:a> [\"x\"]) (Not <urn:b>[\"y\"])"),
            Some(vec!["urn:a".to_owned(), "urn:b".to_owned()])
        );
        assert_eq!(
            tokens("</dav/files/ada/x> (<urn:a>) (<urn:b>) <http://h/y> ([\"t\"])").map(|all| all.len()),
            Some(2)
        );
        for bad in ["", "x", "(", "()", "(<a>", "<r>", "<r> x", "([x)", "(Not)"] {
            assert_eq!(If::parse(bad), None, "{bad}");
        }
        assert!(If::parse(&"(<a>)".repeat(CONDITIONS_MAX + 1)).is_none());
    }
}
