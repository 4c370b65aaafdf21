//! Owners and what they configured, as values: what the settings say, and nothing about files.

use calendar::address::{Address, UserType};
use calendar::zone::Zone;

/// A person whose calendars are made one.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Id: a path segment.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Calendar user addresses, the preferred first.
    pub addresses: Vec<Address>,
    /// The owner's zone.
    pub zone: Zone,
    /// Linked calendars.
    pub sources: Vec<SourceSettings>,
    /// How the owner is asked for.
    pub manner: Manner,
    /// App password given in the settings (plain, in memory only) or by hash; checked besides those in the store.
    pub passwords: Vec<PasswordCheck>,
}

/// How an owner is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Whether it is a person at all.
    pub user_type: UserType,
    /// Who answers invitations.
    pub auto_accept: AutoAccept,
    /// What `calendar-availability` of the inbox says about bookings.
    pub bookings: Bookings,
    /// Whether there is a free-busy URL.
    pub free_busy_url: FreeBusyUrl,
}

/// Who answers invitations from owners of this server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoAccept {
    /// The owner.
    #[default]
    Never,
    /// The server: yes where nothing else is at that time, else no; for each instance of a series.
    IfFree,
    /// The server: always yes.
    Always,
}

/// What `calendar-availability` of the inbox says about bookings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bookings {
    /// Nothing: working hours do.
    #[default]
    ByHours,
    /// They must lie within it too.
    ByAvailability,
}

/// Whether busy time can be fetched without signing in.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum FreeBusyUrl {
    /// It cannot.
    #[default]
    Off,
    /// By anybody.
    Open,
    /// By whoever knows the word: `?key=WORD`.
    Keyed(String),
}

impl std::fmt::Debug for FreeBusyUrl {
    /// Without the word.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Off => "Off",
            Self::Open => "Open",
            Self::Keyed(_) => "Keyed(…)",
        })
    }
}

/// How a password from the settings is checked.
#[derive(Clone)]
pub enum PasswordCheck {
    /// The text itself (demo, secret file).
    Plain(String),
    /// An Argon2id hash in PHC form.
    Hash(String),
}

impl std::fmt::Debug for PasswordCheck {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PasswordCheck(…)")
    }
}

/// How a booking reaches a linked calendar (specification 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// iTIP by mail to the calendar's account.
    Invite,
    /// Not at all.
    Off,
}

/// What to do when a source cannot be asked (specification 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Unknown is busy once it is older than this many seconds.
    Closed {
        /// Seconds since the last good sync.
        after_seconds: i64,
    },
    /// What was last known is believed.
    StaleOk,
}

/// One linked calendar.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// Id: a path segment, also the id of its mirror.
    pub id: String,
    /// Display name.
    pub name: String,
    /// The dialect with its own settings.
    pub kind: SourceKind,
    /// The mail account of the calendar, for `push = "invite"`.
    pub account: Option<Address>,
    /// Seconds between polls.
    pub poll_seconds: i64,
    /// Whether it makes the owner busy.
    pub counts_as_busy: bool,
    /// Whether it shows in the unified collection.
    pub in_unified: bool,
    /// How bookings reach it.
    pub push: Push,
    /// The zone of dates and floating times where the feed names none; `None`: the owner's.
    pub zone: Option<Zone>,
    /// What to do when it cannot be asked.
    pub unreachable: Unreachable,
}

/// The dialects.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// An ICS feed.
    Ics(IcsSettings),
}

/// An ICS feed's own settings.
#[derive(Clone)]
pub struct IcsSettings {
    /// Where.
    pub location: IcsLocation,
    /// Basic credentials, if the feed wants them.
    pub credentials: Option<(String, String)>,
    /// Whether plain http may be used.
    pub allow_http: bool,
    /// Hosts that may be on private addresses because the operator says so.
    pub allow_private: bool,
}

impl std::fmt::Debug for IcsSettings {
    /// Without the credentials, and without the location, which may hold a secret address.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("IcsSettings")
            .field("allow_http", &self.allow_http)
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

/// Where a feed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IcsLocation {
    /// A URL (webcal: already turned into https:).
    Url(String),
    /// A file.
    File(std::path::PathBuf),
    /// A folder of .ics files.
    Folder(std::path::PathBuf),
}
