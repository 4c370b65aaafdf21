//! Live properties of access control and principals (RFC 3744 §4, §5; RFC 5397).

use crate::path::Resource;
use crate::privilege;
use crate::property::{Kinds, LiveProperty};
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
            Resource::Principal(_) => out.href(&view.resource),
            _ => out.href(&Resource::Principal(own)),
        }
    }),
    // §4.1: there are no others.
    LiveProperty::protected(dav("alternate-URI-set"), Kinds::PRINCIPAL, |_, _| Some(())),
    // §4.4: there are no groups yet.
    LiveProperty::protected(dav("group-membership"), Kinds::PRINCIPAL, |_, _| Some(())),
    // §5.1
    LiveProperty::protected(dav("owner"), Kinds::ANY, |view, out| match view.resource.owner() {
        Some(owner) => out.href(&Resource::Principal(owner.clone())),
        None => Some(()),
    }),
    // §5.3
    LiveProperty::protected(dav("supported-privilege-set"), Kinds::ANY, |_, out| {
        privilege::write_supported(out.writer());
        Some(())
    }),
    // §5.4: aggregates and parts both, as clients look for either.
    LiveProperty::protected(dav("current-user-privilege-set"), Kinds::ANY, |view, out| {
        for name in privilege::names_held(&view.privileges()) {
            privilege::write(out.writer(), name);
        }
        Some(())
    }),
    // §5.5: the owner's, told to the owner.
    LiveProperty::protected(dav("acl"), Kinds::HOME.or(Kinds::COLLECTION).or(Kinds::OBJECT), |view, out| {
        let owner = view.resource.owner().filter(|owner| **owner == view.setting.caller.principal)?;
        let out = out.writer();
        out.open(dav("ace"));
        out.open(dav("principal"));
        out.text_element(dav("href"), &Resource::Principal(owner.clone()).href());
        out.close(dav("principal"));
        out.open(dav("grant"));
        for name in privilege::names_held(&view.privileges()) {
            privilege::write(out, name);
        }
        out.close(dav("grant"));
        out.empty(dav("protected"));
        out.close(dav("ace"));
        Some(())
    }),
    // §5.6: whatever there is is protected, and only grants.
    LiveProperty::protected(dav("acl-restrictions"), Kinds::ANY, |_, out| out.empty(dav("grant-only"))),
    // §5.7
    LiveProperty::protected(dav("inherited-acl-set"), Kinds::ANY, |_, _| Some(())),
];
