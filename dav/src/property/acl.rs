//! Live properties of access control and principals (RFC 3744 §4, §5; RFC 5397).

use calendar::collection::{PrincipalId, Privilege};
use http::StatusCode;

use crate::access_list::{self, Subject};
use crate::backend::{Ace, PropertyChange, Verdict, Who};
use crate::condition::{Failure, RECOGNIZED_PRINCIPAL};
use crate::path::Resource;
use crate::privilege;
use crate::property::{Facets, Kinds, LiveProperty, Read, Value, View};
use crate::xml::Element;
use crate::xml::name::dav;

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // RFC 5397: on everything, so that discovery can begin anywhere.
    LiveProperty::protected(dav("current-user-principal"), Kinds::ANY, |view, out| {
        out.href(&Resource::Principal(view.setting.caller.principal.clone()))
    }),
    // RFC 3744 §4.2. On principals it is their own; Apple Calendar and Evolution ask for it on other resources too,
    // where it helps them to that of the caller.
    LiveProperty::protected(dav("principal-URL"), Kinds::ANY, |view, out| {
        let own = view.setting.caller.principal.clone();
        match &view.resource {
            Resource::Principal(_) | Resource::Group(_) => out.href(&view.resource),
            _ => out.href(&Resource::Principal(own)),
        }
    }),
    // §4.1: there are no others.
    LiveProperty::protected(dav("alternate-URI-set"), Kinds::ANY_PRINCIPAL, |_, _| Some(())),
    // §4.3: whoever is no group has no members; those of a group are set by its owner.
    LiveProperty::protected(dav("group-member-set"), Kinds::ANY_PRINCIPAL, |view, out| {
        if view.kind == Kinds::GROUP {
            for member in view.group_members.as_ref()?.iter() {
                out.href(&Resource::Principal(member.clone()));
            }
        }
        Some(())
    })
    .needing(Facets::MEMBERSHIP)
    .accepting(members),
    // §4.4
    LiveProperty::protected(dav("group-membership"), Kinds::ANY_PRINCIPAL, |view, out| {
        for group in view.memberships.iter().flat_map(|groups| groups.iter()) {
            out.href(&Resource::Group(group.clone()));
        }
        Some(())
    })
    .needing(Facets::MEMBERSHIP),
    // §5.1
    LiveProperty::protected(dav("owner"), Kinds::ANY, |view, out| match view.owner() {
        Some(owner) => out.href(&Resource::Principal(owner.clone())),
        None => Some(()),
    }),
    // §5.2: no resource belongs to a group.
    LiveProperty::protected(dav("group"), Kinds::ANY, |_, _| Some(())),
    // §5.3
    LiveProperty::protected(dav("supported-privilege-set"), Kinds::ANY, |view, out| {
        privilege::write_supported(out.writer(), view.kind);
        Some(())
    }),
    // §5.4: aggregates and parts both, as clients look for either.
    LiveProperty::protected(dav("current-user-privilege-set"), Kinds::ANY, |view, out| {
        for name in privilege::names_held(&view.privileges(), view.kind) {
            privilege::write(out.writer(), name);
        }
        Some(())
    }),
    // §5.5: told to whoever may read it.
    LiveProperty {
        read: Read::Asked(|view, _, out| write_list(view, out)),
        ..LiveProperty::protected(dav("acl"), Kinds::ANY, |_, _| None)
    }
    .needing(Facets::ACCESS),
    // §5.6
    LiveProperty::protected(dav("acl-restrictions"), Kinds::ANY, |view, out| {
        if view.kind.meets(Kinds::HOME.or(Kinds::COLLECTION)) {
            out.empty(dav("deny-before-grant"));
            return out.empty(dav("no-invert"));
        }
        // Whatever there is is protected or inherited.
        out.empty(dav("grant-only"));
        out.empty(dav("no-invert"))
    }),
    // §5.7: what is said of a home is inherited by all that is in it.
    LiveProperty::protected(dav("inherited-acl-set"), Kinds::ANY, |view, out| {
        let name = match &view.resource {
            Resource::Collection(name) => name,
            Resource::Object(name) => {
                out.href(&Resource::Collection(name.collection.clone()));
                &name.collection
            }
            _ => return Some(()),
        };
        out.href(&Resource::Home(name.owner.clone()))
    }),
];

/// The access list of what has one; on all else everybody may read, and the owner of files everything.
fn write_list(view: &View, out: &mut Value<'_>) -> Result<(), StatusCode> {
    let nobody = PrincipalId::new("");
    let owner = view.owner().unwrap_or(&nobody);
    let subject = Subject { kind: view.kind, owner };
    if view.kind.meets(Kinds::HOME.or(Kinds::COLLECTION).or(Kinds::OBJECT)) {
        let aces = view.access.as_ref().ok_or(StatusCode::FORBIDDEN)?;
        access_list::write(aces, subject, out.writer());
        return Ok(());
    }
    let (who, privileges) = if view.kind.meets(Kinds::FILES) {
        (Who::Owner, privilege::all_on(view.kind))
    } else {
        (Who::Authenticated, vec![Privilege::Read])
    };
    let ace = Ace { who, verdict: Verdict::Grant, privileges, protected: true, inherited: None };
    access_list::write(&[ace], subject, out.writer());
    Ok(())
}

/// The members that a group shall have.
fn members(set: Option<&Element>) -> Result<PropertyChange, Failure> {
    let mut members = Vec::new();
    for href in set.into_iter().flat_map(|set| set.all(dav("href"))) {
        let Some(Resource::Principal(id)) = Resource::of_href(&href.trimmed(), &Resource::Principals) else {
            let reason = format!("{} is no principal that can be in a group", href.trimmed());
            return Err(Failure::of(RECOGNIZED_PRINCIPAL, reason));
        };
        members.push(id);
    }
    Ok(PropertyChange::GroupMembers(members))
}
