//! Live properties of locks (RFC 4918 §15.8, §15.10).

use crate::lock::{self, Lock};
use crate::property::{Facets, Kinds, LiveProperty};
use crate::xml::Writer;
use crate::xml::name::dav;

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    // §15.8
    LiveProperty::protected(dav("lockdiscovery"), Kinds::LOCKABLE, |view, out| {
        let place = lock::place_of(&view.resource);
        for lock in view.setting.locks.get()?.iter().filter(|lock| lock.covers(&place)) {
            write_active(lock, view.setting.now.as_unix(), out.writer());
        }
        Some(())
    })
    .needing(Facets::LOCKS),
    // §15.10
    LiveProperty::protected(dav("supportedlock"), Kinds::LOCKABLE, |_, out| {
        let out = out.writer();
        for scope in ["exclusive", "shared"] {
            out.open(dav("lockentry"));
            out.open(dav("lockscope"));
            out.empty(dav(scope));
            out.close(dav("lockscope"));
            out.open(dav("locktype"));
            out.empty(dav("write"));
            out.close(dav("locktype"));
            out.close(dav("lockentry"));
        }
        Some(())
    }),
];

/// Writes a `DAV:activelock` (RFC 4918 §14.1); `now`: UTC seconds.
pub fn write_active(lock: &Lock, now: i64, out: &mut Writer) {
    out.open(dav("activelock"));
    out.open(dav("locktype"));
    out.empty(dav("write"));
    out.close(dav("locktype"));
    out.open(dav("lockscope"));
    out.empty(match lock.scope {
        lock::Scope::Exclusive => dav("exclusive"),
        lock::Scope::Shared => dav("shared"),
    });
    out.close(dav("lockscope"));
    out.text_element(dav("depth"), if lock.reach == lock::Reach::Below { "infinity" } else { "0" });
    if let Some(owner) = &lock.owner {
        out.raw(owner);
    }
    out.text_element(dav("timeout"), &format!("Second-{}", (lock.expires - now).max(0)));
    out.open(dav("locktoken"));
    out.text_element(dav("href"), &lock.token);
    out.close(dav("locktoken"));
    out.open(dav("lockroot"));
    out.text_element(dav("href"), &lock::href_of(&lock.root));
    out.close(dav("lockroot"));
    out.close(dav("activelock"));
}
