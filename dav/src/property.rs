//! Live properties: one row a property, one table a standard (RFC 4918 §4, §15).
//!
//! Reading is pure, over a [`View`] whose facets were loaded before; writing yields a change that the backend decides
//! on. Whatever has no row is a dead property of a collection and is kept as it was set.

use http::StatusCode;

use crate::backend::{CollectionKind, PropertyChange};
use crate::condition::Failure;
use crate::path::Resource;
use crate::xml::name::dav;
use crate::xml::{Element, Name, Writer};

pub mod acl;
pub mod apple;
pub mod caldav;
pub mod change;
pub mod lock;
pub mod push;
pub mod response;
pub mod scheduling;
pub mod sharing;
pub mod storage;
pub mod sync;
pub mod table;
pub mod view;
pub mod webdav;

pub use view::{Setting, View};

/// A set of kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The root of the tree, and the other places where discovery may begin.
    pub const ROOT: Self = Self(1);
    /// The collection of principals.
    pub const PRINCIPALS: Self = Self(2);
    /// A principal.
    pub const PRINCIPAL: Self = Self(4);
    /// The collection of homes.
    pub const HOMES: Self = Self(8);
    /// A calendar home.
    pub const HOME: Self = Self(16);
    /// A calendar.
    pub const CALENDAR: Self = Self(32);
    /// The schedule inbox.
    pub const INBOX: Self = Self(64);
    /// The schedule outbox.
    pub const OUTBOX: Self = Self(128);
    /// A calendar object.
    pub const OBJECT: Self = Self(256);
    /// A file.
    pub const FILE: Self = Self(512);
    /// A folder of files.
    pub const FOLDER: Self = Self(1024);
    /// A group of those who act for an owner (calendarserver.org calendar-proxy).
    pub const GROUP: Self = Self(1 << 16);
    /// What an owner is told (calendarserver.org caldav-sharing).
    pub const NOTIFICATIONS: Self = Self(1 << 17);
    /// One thing of that.
    pub const NOTIFICATION: Self = Self(1 << 18);
    /// Whatever can be named in an access list (RFC 3744 §2).
    pub const ANY_PRINCIPAL: Self = Self::PRINCIPAL.or(Self::GROUP);
    /// Everything.
    pub const ANY: Self = Self(u32::MAX);
    /// What stands in the tree of files.
    pub const FILES: Self = Self::FILE.or(Self::FOLDER);
    /// What can be locked.
    pub const LOCKABLE: Self = Self::CALENDAR.or(Self::OBJECT).or(Self::FILES);
    /// Collections whose properties are kept.
    pub const COLLECTION: Self = Self::CALENDAR.or(Self::INBOX).or(Self::OUTBOX);

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have a kind in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kind of a resource that has no record of its own.
    pub fn of(resource: &Resource) -> Self {
        match resource {
            Resource::Host | Resource::HostPrincipals | Resource::Root => Self::ROOT,
            Resource::Principals => Self::PRINCIPALS,
            Resource::Principal(_) => Self::PRINCIPAL,
            Resource::Group(_) => Self::GROUP,
            Resource::Notifications(_) => Self::NOTIFICATIONS,
            Resource::Notification(..) => Self::NOTIFICATION,
            Resource::Homes => Self::HOMES,
            Resource::Home(_) => Self::HOME,
            Resource::Collection(_) => Self::COLLECTION,
            Resource::Object(_) => Self::OBJECT,
            Resource::File(_) => Self::FILES,
        }
    }
}

impl From<CollectionKind> for Kinds {
    fn from(kind: CollectionKind) -> Self {
        match kind {
            CollectionKind::Calendar => Self::CALENDAR,
            CollectionKind::Inbox => Self::INBOX,
            CollectionKind::Outbox => Self::OUTBOX,
        }
    }
}

/// What must be loaded beyond the record of the resource itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facets(u32);

impl Facets {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The octets of an object.
    pub const OCTETS: Self = Self(1);
    /// The collections of the owner's home.
    pub const HOME: Self = Self(2);
    /// The locks of the owner.
    pub const LOCKS: Self = Self(4);
    /// What clients have objects keep.
    pub const DEAD: Self = Self(8);
    /// What is below a home, or all notifications, for their sync-token.
    pub const TREE: Self = Self(1 << 10);
    /// How much of the home is taken.
    pub const USAGE: Self = Self(1 << 8);
    /// The names that moved objects had before.
    pub const RESOURCE_IDS: Self = Self(1 << 9);
    /// Who may do what with it.
    pub const ACCESS: Self = Self(1 << 16);
    /// Who is in a group, and in which groups a principal is.
    pub const MEMBERSHIP: Self = Self(1 << 17);
    /// Who is invited to a calendar.
    pub const SHARING: Self = Self(1 << 18);
    /// How a calendar stands to the public.
    pub const PUBLICATION: Self = Self(1 << 19);

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among them.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Where the value of a property is written.
///
/// Its methods answer `Some(())`, so that a row can end with one; a row that answers `None` has no value here.
pub struct Value<'a> {
    out: &'a mut Writer,
    name: Name<'static>,
    /// Where the property begins, and where its value.
    before: usize,
    inner: usize,
}

impl<'a> Value<'a> {
    /// Opens the property `name`.
    fn open(out: &'a mut Writer, name: Name<'static>) -> Self {
        let before = out.len();
        out.open(name);
        let inner = out.len();
        Self { out, name, before, inner }
    }

    /// Gives the property itself attributes, before anything is in it.
    pub fn attributes(&mut self, attributes: &[(&str, &str)]) {
        self.out.truncate(self.before);
        self.out.open_with(self.name, attributes);
        self.inner = self.out.len();
    }

    /// Ends the property, or takes it back where it has no value.
    fn close<E>(self, read: Result<(), E>) -> Result<(), E> {
        match &read {
            Ok(()) if self.out.len() == self.inner => {
                self.out.truncate(self.before);
                self.out.empty(self.name);
            }
            Ok(()) => self.out.close(self.name),
            Err(_) => self.out.truncate(self.before),
        }
        read
    }

    /// Text.
    pub fn text(&mut self, text: &str) -> Option<()> {
        self.out.text(text);
        Some(())
    }

    /// A number.
    pub fn number(&mut self, number: usize) -> Option<()> {
        self.text(&number.to_string())
    }

    /// A `DAV:href`.
    pub fn href(&mut self, resource: &Resource) -> Option<()> {
        self.out.text_element(dav("href"), &resource.href());
        Some(())
    }

    /// An element that holds nothing.
    pub fn empty(&mut self, name: Name<'_>) -> Option<()> {
        self.out.empty(name);
        Some(())
    }

    /// For anything else.
    pub fn writer(&mut self) -> &mut Writer {
        self.out
    }
}

/// When a property is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Also in `DAV:allprop`.
    Always,
    /// Where it is asked for by name.
    Asked,
    /// Where a report asks for it by name (CALDAV:calendar-data).
    Reported,
}

/// How a property is read; `None`: it has no value here (404).
pub enum Read {
    /// From the view alone.
    Plain(fn(&View, &mut Value<'_>) -> Option<()>),
    /// From the view, as the element that asks for it says.
    Asked(fn(&View, &Element, &mut Value<'_>) -> Result<(), StatusCode>),
}

/// How a property is written: the element that sets it, or `None` where it is removed.
pub enum Write {
    /// By the server alone.
    Protected,
    /// By clients.
    Accepts(fn(Option<&Element>) -> Result<PropertyChange, Failure>),
    /// By clients while the collection is made.
    AtCreation(fn(Option<&Element>) -> Result<PropertyChange, Failure>),
}

/// A live property.
pub struct LiveProperty {
    /// Its name.
    pub name: Name<'static>,
    /// On which resources.
    pub on: Kinds,
    /// When it is shown.
    pub shown: Shown,
    /// What must be loaded for it.
    pub needs: Facets,
    /// How it is read.
    pub read: Read,
    /// How it is written.
    pub write: Write,
}

impl LiveProperty {
    /// A protected property, shown where it is asked for; the common case.
    pub const fn protected(
        name: Name<'static>,
        on: Kinds,
        read: fn(&View, &mut Value<'_>) -> Option<()>,
    ) -> Self {
        Self {
            name,
            on,
            shown: Shown::Asked,
            needs: Facets::NONE,
            read: Read::Plain(read),
            write: Write::Protected,
        }
    }

    /// The same, shown in `DAV:allprop` too.
    #[must_use]
    pub const fn in_allprop(mut self) -> Self {
        self.shown = Shown::Always;
        self
    }

    /// The same, settable.
    #[must_use]
    pub const fn accepting(mut self, write: fn(Option<&Element>) -> Result<PropertyChange, Failure>) -> Self {
        self.write = Write::Accepts(write);
        self
    }

    /// The same, with facets to load.
    #[must_use]
    pub const fn needing(mut self, needs: Facets) -> Self {
        self.needs = needs;
        self
    }
}
