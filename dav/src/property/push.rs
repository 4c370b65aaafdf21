//! Live properties of WebDAV-Push (draft-bitfire-webdav-push).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::collection::{CollectionName, SyncToken};
use sha2::{Digest, Sha256};

use crate::property::{Kinds, LiveProperty};
use crate::xml::name::{dav, push};

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    LiveProperty::protected(push("transports"), Kinds::CALENDAR, |view, out| {
        let key = view.setting.push_key.as_ref()?;
        let out = out.writer();
        out.open(push("web-push"));
        out.open_with(push("vapid-public-key"), &[("type", "p256ecdsa")]);
        out.text(key);
        out.close(push("vapid-public-key"));
        out.close(push("web-push"));
        Some(())
    }),
    LiveProperty::protected(push("topic"), Kinds::CALENDAR, |view, out| {
        view.setting.push_key.as_ref()?;
        let collection = view.collection.as_ref()?;
        out.text(&topic(&collection.name, collection.token))
    }),
    LiveProperty::protected(push("supported-triggers"), Kinds::CALENDAR, |view, out| {
        view.setting.push_key.as_ref()?;
        let out = out.writer();
        out.open(push("content-update"));
        out.text_element(dav("sync-level"), "1");
        out.close(push("content-update"));
        Some(())
    }),
];

/// What identifies a collection to devices and their push services: nothing of its name can be read from it, and one
/// that was made anew under the same name has another.
pub fn topic(name: &CollectionName, token: SyncToken) -> String {
    let mut hash = Sha256::new();
    for part in [name.owner.as_str(), name.id.as_str()] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(token.epoch.to_be_bytes());
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}
