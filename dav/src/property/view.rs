//! A resource with what was loaded of it: all that properties are read from.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use calendar::by_reference::Vtimezones;
use calendar::collection::{EntityTag, ObjectName, PrincipalId, Privilege};
use calendar::object::CalendarObject;
use calendar::time::Instant;
use calendar::zone::Zone;

use crate::backend::{
    Ace, AttachmentLimits, Caller, Collection, DeadProperties, FileNode, Group, Invitations, Limits, Member,
    Notification, Object, Principal, Publication, Usage,
};
use crate::feed::Seen;
use crate::lock::Lock;
use crate::path::Resource;
use crate::property::Kinds;
use crate::tree_token::TreeToken;
use crate::xml::Name;

/// What is the same for all resources of one request.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Who asks.
    pub caller: Caller,
    /// The limits in force.
    pub limits: Limits,
    /// The reports that a kind of resource answers.
    pub reports: fn(Kinds) -> Vec<Name<'static>>,
    /// The moment of the request.
    pub now: Instant,
    /// Which VTIMEZONEs calendar data shall come with.
    pub vtimezones: Vtimezones,
    /// The key that devices subscribe with (RFC 8292); `None`: nobody is told of changes.
    pub push_key: Option<String>,
    /// The locks of the owner of what is asked for, once they were loaded.
    pub locks: OnceLock<Vec<Lock>>,
    /// What attachments may be, where there are any.
    pub attachments: Option<AttachmentLimits>,
    /// How much of the home is taken, once it was counted.
    pub usage: OnceLock<Usage>,
    /// The names that moved objects of the home had before, once they were loaded.
    pub resource_ids: OnceLock<BTreeMap<ObjectName, String>>,
    /// Since when feeds are as they are.
    pub feeds: Arc<Seen>,
    /// What clients have the owner's objects keep, once it was loaded.
    pub object_properties: OnceLock<BTreeMap<ObjectName, DeadProperties>>,
}

impl Setting {
    /// The limits as the pure core knows them.
    pub fn core_limits(&self) -> calendar::limits::Limits {
        calendar::limits::Limits {
            object_octets_max: self.limits.object_octets_max,
            instances_max: self.limits.instances_max,
            attendees_max: self.limits.attendees_max,
            ..calendar::limits::Limits::default()
        }
    }
}

/// A resource with everything that was loaded of it.
#[derive(Clone, Debug)]
pub struct View {
    /// Which.
    pub resource: Resource,
    /// What.
    pub kind: Kinds,
    /// What is the same for all.
    pub setting: Arc<Setting>,
    /// The principal, for principals and homes.
    pub principal: Option<Arc<Principal>>,
    /// The collections of the home, if asked for.
    pub home: Option<Arc<Vec<Collection>>>,
    /// What the caller may do with a home.
    pub privileges: Vec<Privilege>,
    /// Who may do what, if asked for.
    pub access: Option<Arc<Vec<Ace>>>,
    /// Those of a group, if asked for.
    pub group_members: Option<Arc<Vec<PrincipalId>>>,
    /// The groups that a principal is in, if asked for.
    pub memberships: Option<Arc<Vec<Group>>>,
    /// Who is invited, if asked for.
    pub invitations: Option<Arc<Invitations>>,
    /// All notifications of an owner, if asked for.
    pub notifications: Option<Arc<Vec<Notification>>>,
    /// How a calendar stands to the public, if asked for and the caller's to know.
    pub publication: Option<Arc<Publication>>,
    /// A notification.
    pub notification: Option<Arc<Notification>>,
    /// What clients have the home keep.
    pub home_properties: Option<Arc<DeadProperties>>,
    /// The collection itself, or the one that an object is in.
    pub collection: Option<Arc<Collection>>,
    /// A file or folder.
    pub file: Option<Arc<FileNode>>,
    /// An object's facts.
    pub member: Option<Member>,
    /// An object's octets, if asked for.
    pub object: Option<Object>,
    /// The object as it was read for a filter.
    pub parsed: Option<Arc<CalendarObject>>,
    /// The zone that a query brought for dates and floating times.
    pub zone: Option<Arc<Zone>>,
}

impl View {
    /// A resource of which nothing is loaded.
    pub fn bare(resource: Resource, setting: &Arc<Setting>) -> Self {
        Self {
            kind: Kinds::of(&resource),
            resource,
            setting: Arc::clone(setting),
            principal: None,
            home: None,
            privileges: Vec::new(),
            access: None,
            group_members: None,
            memberships: None,
            invitations: None,
            notifications: None,
            notification: None,
            publication: None,
            home_properties: None,
            collection: None,
            file: None,
            member: None,
            object: None,
            parsed: None,
            zone: None,
        }
    }

    /// A collection.
    pub fn of_collection(collection: &Arc<Collection>, setting: &Arc<Setting>) -> Self {
        Self {
            kind: collection.kind.into(),
            collection: Some(Arc::clone(collection)),
            ..Self::bare(Resource::Collection(collection.name.clone()), setting)
        }
    }

    /// An object of a collection.
    pub fn of_member(collection: &Arc<Collection>, member: Member, setting: &Arc<Setting>) -> Self {
        let resource = Resource::Object(calendar::collection::ObjectName {
            collection: collection.name.clone(),
            member: member.member.clone(),
        });
        Self {
            collection: Some(Arc::clone(collection)),
            member: Some(member),
            ..Self::bare(resource, setting)
        }
    }

    /// A file or folder.
    pub fn of_file(node: FileNode, setting: &Arc<Setting>) -> Self {
        Self {
            kind: if node.file.is_some() { Kinds::FILE } else { Kinds::FOLDER },
            file: Some(Arc::new(node.clone())),
            ..Self::bare(Resource::File(node.name), setting)
        }
    }

    /// A notification of `owner`.
    pub fn of_notification(owner: &PrincipalId, notification: Notification, setting: &Arc<Setting>) -> Self {
        let resource = Resource::Notification(owner.clone(), notification.id.clone());
        Self { notification: Some(Arc::new(notification)), ..Self::bare(resource, setting) }
    }

    /// Whose it is: of what is borrowed, whoever lends it.
    pub fn owner(&self) -> Option<&PrincipalId> {
        let borrowed = self.collection.as_ref().and_then(|collection| collection.borrowed.as_ref());
        borrowed.map(|name| &name.owner).or_else(|| self.resource.owner())
    }

    /// Its canonical path, with a slash at the end of everything that has members.
    pub fn href(&self) -> String {
        let href = self.resource.href();
        if self.kind == Kinds::FOLDER && !href.ends_with('/') { format!("{href}/") } else { href }
    }

    /// Its entity tag.
    pub fn tag(&self) -> Option<&EntityTag> {
        let file = self.file.as_ref().and_then(|node| node.file.as_ref()).map(|facts| &facts.tag);
        let member = self.member.as_ref().map(|member| &member.tag);
        file.or(member).or_else(|| self.notification.as_ref().map(|notification| &notification.tag))
    }

    /// When it was last changed, of what has one state: an object, a file, a notification.
    pub fn modified(&self) -> Option<Instant> {
        let notification = self.notification.as_ref().map(|notification| notification.at);
        let file = || Some(self.file.as_ref()?.modified);
        notification.or_else(file).or_else(|| Some(self.member.as_ref()?.modified))
    }

    /// Whether `token` is the sync-token of its state (RFC 6578 §5).
    pub fn is_at(&self, token: &str) -> bool {
        self.sync_token().is_some_and(|current| current == token)
    }

    /// The sync-token of its state, if it can be followed and that was loaded (RFC 6578 §4).
    pub fn sync_token(&self) -> Option<String> {
        match self.kind {
            Kinds::HOME => self.home.as_ref().map(|home| TreeToken::of_home(home).to_uri()),
            Kinds::NOTIFICATIONS => {
                self.notifications.as_ref().map(|all| TreeToken::of_notifications(all).to_uri())
            }
            kind if kind.meets(Kinds::COLLECTION) => self.collection.as_ref().map(|one| one.token.to_uri()),
            _ => None,
        }
    }

    /// What the caller may do here.
    pub fn privileges(&self) -> Vec<Privilege> {
        use Privilege::{Bind, Read, Unbind, WriteContent, WriteProperties};
        let own = self.resource.owner() == Some(&self.setting.caller.principal);
        match &self.collection {
            Some(collection) => collection.privileges.clone(),
            None if self.kind == Kinds::HOME => self.privileges.clone(),
            None if own && self.kind.meets(Kinds::FILES) => {
                vec![Read, WriteContent, WriteProperties, Bind, Unbind]
            }
            None if own && self.kind == Kinds::GROUP => vec![Read, WriteProperties],
            None => vec![Read],
        }
    }

    /// The dead properties.
    pub fn dead(&self) -> impl Iterator<Item = (Name<'_>, &str)> {
        let collection = self.collection.iter().filter(|_| self.kind.meets(Kinds::COLLECTION));
        let home = self.home_properties.iter().flat_map(|kept| kept.iter());
        let file = self.file.iter().flat_map(|node| &node.dead_properties);
        let object = match &self.resource {
            Resource::Object(name) => self.setting.object_properties.get().and_then(|all| all.get(name)),
            _ => None,
        };
        collection
            .flat_map(|collection| &collection.dead_properties)
            .chain(home)
            .chain(file)
            .chain(object.into_iter().flatten())
            .map(|((namespace, local), xml)| (Name::new(namespace, local), xml.as_str()))
    }
}
