//! All live properties, table by table.

use crate::property::{
    LiveProperty, acl, apple, caldav, lock, push, scheduling, sharing, storage, sync, webdav,
};
use crate::xml::Name;

/// The tables, one a standard.
pub const TABLES: &[&[LiveProperty]] = &[
    webdav::PROPERTIES,
    lock::PROPERTIES,
    acl::PROPERTIES,
    caldav::PROPERTIES,
    sync::PROPERTIES,
    scheduling::PROPERTIES,
    storage::PROPERTIES,
    apple::PROPERTIES,
    push::PROPERTIES,
    sharing::PROPERTIES,
];

/// All live properties.
pub fn all() -> impl Iterator<Item = &'static LiveProperty> {
    TABLES.iter().copied().flatten()
}

/// The live property called `name`.
pub fn find(name: Name<'_>) -> Option<&'static LiveProperty> {
    all().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_there_once() {
        for row in all() {
            assert_eq!(all().filter(|other| other.name == row.name).count(), 1, "{:?}", row.name);
        }
    }
}
