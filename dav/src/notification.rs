//! Notifications as XML (calendarserver.org caldav-sharing §4).

use crate::backend::{InviteState, Invitee, News, Notification, ShareAccess};
use crate::path::Resource;
use crate::xml::name::{calendar_server, dav};
use crate::xml::{Name, Writer};

/// The media type of notifications.
pub const MEDIA_TYPE: &str = "application/xml; charset=utf-8";

/// What a notification says.
pub fn text(notification: &Notification) -> String {
    let root = calendar_server("notification");
    let mut out = Writer::document(root);
    out.text_element(calendar_server("dtstamp"), &notification.at.to_ical());
    let kind = type_name(&notification.news);
    out.open_with(kind, &[("shared-type", "calendar")]);
    let Notification { invitee, organizer, .. } = notification;
    let host = Resource::Collection(notification.host.clone()).href();
    match notification.news {
        News::Invite => {
            out.text_element(calendar_server("uid"), &invitee.uid);
            out.text_element(dav("href"), &invitee.address);
            out.empty(state_name(invitee.state));
            write_access(invitee.access, &mut out);
            write_href(calendar_server("hosturl"), &host, &mut out);
            out.open(calendar_server("organizer"));
            out.text_element(dav("href"), &Resource::Principal(organizer.0.clone()).href());
            out.text_element(calendar_server("common-name"), &organizer.1);
            out.close(calendar_server("organizer"));
        }
        News::Reply => {
            out.text_element(calendar_server("uid"), &notification.id);
            out.text_element(calendar_server("in-reply-to"), &invitee.uid);
            out.text_element(dav("href"), &invitee.address);
            out.empty(state_name(invitee.state));
            write_href(calendar_server("hosturl"), &host, &mut out);
            write_name(calendar_server("common-name"), invitee.common_name.as_ref(), &mut out);
        }
    }
    write_name(calendar_server("summary"), invitee.summary.as_ref(), &mut out);
    out.close(kind);
    out.close(root);
    out.finish()
}

/// The element that says what a notification is.
pub fn type_name(news: &News) -> Name<'static> {
    match news {
        News::Invite => calendar_server("invite-notification"),
        News::Reply => calendar_server("invite-reply"),
    }
}

/// The element that says what became of an invitation.
pub fn state_name(state: InviteState) -> Name<'static> {
    calendar_server(match state {
        InviteState::NoResponse => "invite-noresponse",
        InviteState::Accepted => "invite-accepted",
        InviteState::Declined => "invite-declined",
        InviteState::Deleted => "invite-deleted",
    })
}

/// Writes `CS:access`.
pub fn write_access(access: ShareAccess, out: &mut Writer) {
    out.open(calendar_server("access"));
    out.empty(match access {
        ShareAccess::Read => calendar_server("read"),
        ShareAccess::ReadWrite => calendar_server("read-write"),
    });
    out.close(calendar_server("access"));
}

/// Writes one `CS:user` of `CS:invite`.
pub fn write_invitee(invitee: &Invitee, out: &mut Writer) {
    out.open(calendar_server("user"));
    out.text_element(calendar_server("uid"), &invitee.uid);
    out.text_element(dav("href"), &invitee.address);
    write_name(calendar_server("common-name"), invitee.common_name.as_ref(), out);
    out.empty(state_name(invitee.state));
    write_access(invitee.access, out);
    write_name(calendar_server("summary"), invitee.summary.as_ref(), out);
    out.close(calendar_server("user"));
}

fn write_href(name: Name<'_>, href: &str, out: &mut Writer) {
    out.open(name);
    out.text_element(dav("href"), href);
    out.close(name);
}

fn write_name(name: Name<'_>, text: Option<&String>, out: &mut Writer) {
    if let Some(text) = text {
        out.text_element(name, text);
    }
}
