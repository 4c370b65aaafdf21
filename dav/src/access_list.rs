//! Access lists: as XML, and what a client may make of them (RFC 3744 §5.5, §8.1).

use calendar::collection::PrincipalId;

use crate::backend::{Ace, Verdict, Who};
use crate::condition::{
    ALLOWED_PRINCIPAL, DENY_BEFORE_GRANT, Failure, LIMITED_NUMBER_OF_ACES, NO_ABSTRACT, NO_ACE_CONFLICT,
    NO_INHERITED_ACE_CONFLICT, NO_INVERT, NO_PROTECTED_ACE_CONFLICT, NOT_SUPPORTED_PRIVILEGE,
    RECOGNIZED_PRINCIPAL,
};
use crate::path::Resource;
use crate::privilege::{self, Named};
use crate::property::Kinds;
use crate::xml::name::dav;
use crate::xml::{Element, Writer};

/// Entries that a client may give one resource.
pub const ACES_MAX: usize = 100;

/// The resource whose list it is: what is said of it depends on its kind and its owner.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its kind.
    pub kind: Kinds,
    /// Its owner.
    pub owner: &'a PrincipalId,
}

/// Writes the entries of a list.
pub fn write(aces: &[Ace], subject: Subject<'_>, out: &mut Writer) {
    for ace in aces {
        let names = privilege::topmost(&ace.privileges, subject.kind);
        if names.is_empty() {
            // What is inherited may mean nothing on this kind of resource.
            continue;
        }
        out.open(dav("ace"));
        out.open(dav("principal"));
        match address(&ace.who, subject.owner) {
            Some(resource) => out.text_element(dav("href"), &resource.href()),
            None => out.empty(dav("authenticated")),
        }
        out.close(dav("principal"));
        let verdict = match ace.verdict {
            Verdict::Grant => dav("grant"),
            Verdict::Deny => dav("deny"),
        };
        out.open(verdict);
        for name in names {
            privilege::write(out, name);
        }
        out.close(verdict);
        if ace.protected {
            out.empty(dav("protected"));
        }
        if let Some(source) = &ace.inherited {
            out.open(dav("inherited"));
            out.text_element(dav("href"), &source.href());
            out.close(dav("inherited"));
        }
        out.close(dav("ace"));
    }
}

/// The principal that an entry is about, if it is about one.
pub fn address(who: &Who, owner: &PrincipalId) -> Option<Resource> {
    match who {
        Who::Owner => Some(Resource::Principal(owner.clone())),
        Who::Principal(id) => Some(Resource::Principal(id.clone())),
        Who::Group(group) => Some(Resource::Group(group.clone())),
        Who::Authenticated => None,
    }
}

/// Reads the entries of the body of an ACL request, and checks them against the list in force. Entries that are said to
/// be protected or inherited are left out if they are, and so is what is granted to the owner, who has it anyway.
///
/// # Errors
/// The preconditions of RFC 3744 §8.1.1; 400.
pub fn read(body: &Element, subject: Subject<'_>, current: &[Ace]) -> Result<Vec<Ace>, Failure> {
    let mut aces = Vec::new();
    for element in body.all(dav("ace")) {
        let ace = ace(element, subject)?;
        let marked = element.first(dav("protected")).is_some() || element.first(dav("inherited")).is_some();
        if marked {
            check_marked(element, &ace, current)?;
        } else {
            aces.push(ace);
        }
        if aces.len() > ACES_MAX {
            let reason = format!("a resource has at most {ACES_MAX} entries");
            return Err(Failure::of(LIMITED_NUMBER_OF_ACES, reason));
        }
    }
    check(&aces, current)?;
    aces.retain(|ace| ace.who != Who::Owner);
    Ok(aces)
}

fn ace(element: &Element, subject: Subject<'_>) -> Result<Ace, Failure> {
    if element.first(dav("invert")).is_some() {
        return Err(Failure::of(NO_INVERT, "entries are about principals, not about all others"));
    }
    let principal = element.first(dav("principal"));
    let principal = principal.ok_or_else(|| Failure::bad_request("an ace has a principal"))?;
    let who = who(principal, subject.owner)?;
    let (verdict, granted) = match (element.first(dav("grant")), element.first(dav("deny"))) {
        (Some(granted), None) => (Verdict::Grant, granted),
        (None, Some(denied)) => (Verdict::Deny, denied),
        _ => return Err(Failure::bad_request("an ace has either a grant or a deny")),
    };
    let mut privileges = Vec::new();
    for name in granted.all(dav("privilege")).flat_map(Element::elements) {
        match privilege::named(name.name(), subject.kind) {
            Named::Privileges(meant) => privileges.extend(meant),
            Named::Abstract => {
                let reason = format!("{} goes with what contains it", name.name().local);
                return Err(Failure::of(NO_ABSTRACT, reason));
            }
            Named::Unknown => {
                let reason = format!("there is no privilege {:?} here", name.name());
                return Err(Failure::of(NOT_SUPPORTED_PRIVILEGE, reason));
            }
        }
    }
    if privileges.is_empty() {
        return Err(Failure::bad_request("a grant or deny names a privilege"));
    }
    privileges.sort_unstable();
    privileges.dedup();
    Ok(Ace { who, verdict, privileges, protected: false, inherited: None })
}

fn who(principal: &Element, owner: &PrincipalId) -> Result<Who, Failure> {
    let mut choices = principal.elements();
    let (Some(choice), None) = (choices.next(), choices.next()) else {
        return Err(Failure::bad_request("a principal is one thing"));
    };
    if choice.is(dav("href")) {
        return match Resource::of_href(&choice.trimmed(), &Resource::Principals) {
            Some(Resource::Principal(id)) if id == *owner => Ok(Who::Owner),
            Some(Resource::Principal(id)) => Ok(Who::Principal(id)),
            Some(Resource::Group(group)) => Ok(Who::Group(group)),
            _ => Err(Failure::of(RECOGNIZED_PRINCIPAL, format!("{} is no principal", choice.trimmed()))),
        };
    }
    if choice.is(dav("authenticated")) {
        return Ok(Who::Authenticated);
    }
    if choice.is(dav("property")) && choice.elements().all(|name| name.is(dav("owner"))) {
        return Ok(Who::Owner);
    }
    let known = ["all", "unauthenticated", "self", "property"];
    if known.iter().any(|name| choice.is(dav(name))) {
        let reason = format!("{} cannot be named here: whoever asks has signed in", choice.name().local);
        return Err(Failure::of(ALLOWED_PRINCIPAL, reason));
    }
    Err(Failure::of(RECOGNIZED_PRINCIPAL, format!("{:?} is no principal", choice.name())))
}

/// What is said to be protected or inherited must be there as such.
fn check_marked(element: &Element, ace: &Ace, current: &[Ace]) -> Result<(), Failure> {
    let protected = element.first(dav("protected")).is_some();
    let is_there = current.iter().any(|other| {
        other.who == ace.who
            && other.verdict == ace.verdict
            && ace.privileges.iter().all(|privilege| other.privileges.contains(privilege))
            && (!protected || other.protected)
            && element.first(dav("inherited")).is_some() == other.inherited.is_some()
    });
    if is_there {
        return Ok(());
    }
    if element.first(dav("inherited")).is_some() {
        Err(Failure::of(NO_INHERITED_ACE_CONFLICT, "nothing like this is inherited"))
    } else {
        Err(Failure::of(NO_PROTECTED_ACE_CONFLICT, "nothing like this is protected"))
    }
}

/// Whether the entries can be together, with one another and with those that stay.
fn check(aces: &[Ace], current: &[Ace]) -> Result<(), Failure> {
    let share = |one: &Ace, other: &Ace| {
        one.who == other.who
            && one.verdict != other.verdict
            && one.privileges.iter().any(|privilege| other.privileges.contains(privilege))
    };
    for (place, ace) in aces.iter().enumerate() {
        if aces.iter().take(place).any(|other| share(ace, other)) {
            return Err(Failure::of(NO_ACE_CONFLICT, "what one entry gives another takes away"));
        }
        if let Some(kept) = current.iter().find(|kept| kept.protected && share(ace, kept)) {
            return Err(match &kept.inherited {
                Some(_) => {
                    Failure::of(NO_INHERITED_ACE_CONFLICT, "what is protected above cannot be denied here")
                }
                None => Failure::of(NO_PROTECTED_ACE_CONFLICT, "what is protected cannot be denied"),
            });
        }
        let grants_before = aces.iter().take(place).any(|other| other.verdict == Verdict::Grant);
        if ace.verdict == Verdict::Deny && grants_before {
            return Err(Failure::of(DENY_BEFORE_GRANT, "entries that deny come before those that grant"));
        }
    }
    Ok(())
}
