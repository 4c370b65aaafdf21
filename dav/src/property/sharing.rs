//! Live properties of sharing and notifications (calendarserver.org caldav-sharing).

use crate::notification;
use crate::path::Resource;
use crate::property::{Facets, Kinds, LiveProperty};
use crate::xml::name::{calendar_server, dav, kalends};

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // Who is invited; also to those who are, so that Apple Calendar says whose calendar it is.
    LiveProperty::protected(calendar_server("invite"), Kinds::CALENDAR, |view, out| {
        let invitations = view.invitations.as_ref()?;
        let out = out.writer();
        out.open(calendar_server("organizer"));
        out.text_element(dav("href"), &Resource::Principal(invitations.organizer.clone()).href());
        out.close(calendar_server("organizer"));
        for invitee in &invitations.invitees {
            notification::write_invitee(invitee, out);
        }
        Some(())
    })
    .needing(Facets::SHARING),
    // Where sharing is the caller's to decide.
    LiveProperty::protected(calendar_server("allowed-sharing-modes"), Kinds::CALENDAR, |view, out| {
        let collection = view.collection.as_ref()?;
        let own = collection.privileges.contains(&calendar::collection::Privilege::WriteAcl);
        if own && collection.borrowed.is_none() {
            out.empty(calendar_server("can-be-shared"))?;
        }
        if view.publication.is_some() {
            out.empty(calendar_server("can-be-published"))?;
        }
        Some(())
    })
    .needing(Facets::PUBLICATION),
    // Where a published calendar is read without signing in; Apple Calendar shows it to its owner.
    LiveProperty::protected(calendar_server("publish-url"), Kinds::CALENDAR, |view, out| {
        let (address, _) = view.publication.as_ref()?.open.as_ref()?;
        out.writer().text_element(dav("href"), address);
        Some(())
    })
    .needing(Facets::PUBLICATION),
    // Where it would be: the secret is drawn when it is published.
    LiveProperty::protected(calendar_server("pre-publish-url"), Kinds::CALENDAR, |view, out| {
        let publication = view.publication.as_ref().filter(|publication| publication.open.is_none())?;
        out.writer().text_element(dav("href"), &publication.below);
        Some(())
    })
    .needing(Facets::PUBLICATION),
    // How much of it is shown: `busy`, `title` or `full`.
    LiveProperty::protected(kalends("publish-detail"), Kinds::CALENDAR, |view, out| {
        let (_, detail) = view.publication.as_ref()?.open.as_ref()?;
        out.text(detail.word())
    })
    .needing(Facets::PUBLICATION),
    // What is seen here, where it is at home.
    LiveProperty::protected(calendar_server("shared-url"), Kinds::CALENDAR, |view, out| {
        let name = view.collection.as_ref()?.borrowed.clone()?;
        out.href(&Resource::Collection(name))
    }),
    LiveProperty::protected(
        calendar_server("notification-URL"),
        Kinds::PRINCIPAL.or(Kinds::HOME),
        |view, out| {
            let owner = view.resource.owner()?;
            (*owner == view.setting.caller.principal)
                .then(|| out.href(&Resource::Notifications(owner.clone())))
                .flatten()
        },
    ),
    LiveProperty::protected(calendar_server("notificationtype"), Kinds::NOTIFICATION, |view, out| {
        out.empty(notification::type_name(&view.notification.as_ref()?.news))
    }),
];
