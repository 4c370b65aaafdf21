//! Who is meant by a calendar user address: an owner of this server, or somebody else (RFC 6638 §2.4.1).

use std::sync::Arc;

use calendar::address::Address;
use dav::path::Resource;

use crate::owner::Owner;
use crate::world::World;

/// The owner of whom `address` is one of the addresses, or the principal's path (with or without a host, which is not
/// looked at: a proxy may have another name).
pub fn owner_of(world: &World, address: &Address) -> Option<Arc<Owner>> {
    let owners = world.owners();
    if let Some(owner) = owners.iter().find(|owner| owner.addresses.contains(address)) {
        return Some(Arc::clone(owner));
    }
    match Resource::of_href(address.as_str(), &Resource::Root) {
        Some(Resource::Principal(id)) if address.mail().is_none() => world.owner(id.as_str()),
        _ => None,
    }
}
