//! What a configuration says, as plain values: one `Settings` is swapped whole for another when it is read again.

use aggregator::world::HouseRules;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aggregator::push::channel::PushSettings;
use booking::desk::{Correspondence, Host};
use store::engine::choice::EngineChoice;

use super::value::secret::Secret;
use crate::tls::certificate::Files;

/// Everything that the program is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who we are and where things are kept.
    pub server: Server,
    /// Where it listens, and for what.
    pub listen: Vec<Listen>,
    /// Which engine keeps the data.
    pub engine: EngineChoice,
    /// How mail goes out; `None`: it does not (and then nothing may be booked).
    pub mail: Option<Mail>,
    /// Where copies go; `None`: nowhere.
    pub backup: Option<Backup>,
    /// How devices are told of changes; `None`: they are not.
    pub push: Option<PushSettings>,
    /// Who may do what, unless owners say otherwise.
    pub access: aggregator::access::Rules,
    /// The log.
    pub log: Log,
    /// Bounds at the door.
    pub limits: Limits,
    /// The owners with what may be booked of their time.
    pub hosts: Vec<Host>,
    /// Every file that was read: the main one first.
    pub files: Vec<PathBuf>,
}

impl Settings {
    /// How to write to people.
    pub fn correspondence(&self) -> Correspondence {
        Correspondence {
            from: self.mail.as_ref().map(|mail| mail.address.clone()).unwrap_or_default(),
            public_url: self.server.public_url.clone(),
        }
    }

    /// The owner called `id`.
    pub fn host(&self, id: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.owner.id == id)
    }

    /// What the settings say about the server itself.
    pub fn house_rules(&self) -> HouseRules {
        let quota = u64::try_from(self.limits.home_mebibytes).unwrap_or(u64::MAX);
        HouseRules {
            public_url: self.server.public_url.clone(),
            quota_octets: quota.saturating_mul(1024 * 1024),
        }
    }

    /// The owners alone.
    pub fn owners(&self) -> Vec<Arc<aggregator::owner::Owner>> {
        self.hosts.iter().map(|host| Arc::clone(&host.owner)).collect()
    }
}

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The address of the pages as others see it, without a slash at the end.
    pub public_url: String,
    /// Where the store and the control socket are.
    pub data_dir: PathBuf,
    /// Peers that may pass on what others asked, and so may use plain HTTP with passwords.
    pub trusted_proxies: Vec<Network>,
}

/// An address, or all that share its first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The address.
    pub address: IpAddr,
    /// How many of its first bits count.
    pub prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `::1` or `192.0.2.7`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, Some(prefix.parse::<u8>().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let most = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
        let prefix = prefix.unwrap_or(most);
        (prefix <= most).then_some(Self { address, prefix })
    }

    /// Whether `address` lies within.
    pub fn contains(self, address: IpAddr) -> bool {
        let shared = |one: u128, other: u128, bits: u32| {
            let shift = bits.saturating_sub(u32::from(self.prefix));
            one.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(one), IpAddr::V4(other)) => shared(one.to_bits().into(), other.to_bits().into(), 32),
            (IpAddr::V6(one), IpAddr::V6(other)) => shared(one.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Where; port 0 takes any that is free.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub front: Front,
    /// What is served there.
    pub surfaces: BTreeSet<Surface>,
}

impl Listen {
    /// Whether `other` is the same door: files of certificates may change without a restart.
    pub fn is_same_door(&self, other: &Self) -> bool {
        (self.address, &self.surfaces, self.front.is_tls())
            == (other.address, &other.surfaces, other.front.is_tls())
    }
}

/// What a listener speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Front {
    /// Plain HTTP.
    Plain,
    /// TLS, with a certificate from files.
    Files(Files),
}

impl Front {
    /// Whether it is TLS.
    pub const fn is_tls(&self) -> bool {
        matches!(self, Self::Files(_))
    }
}

/// What can be served (specification 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Surface {
    /// The booking pages.
    Booking,
    /// `CalDAV`.
    CalDav,
    /// Liveness and readiness.
    Metrics,
    /// The admin pages, from a later version on.
    Admin,
    /// The JSON API, from a later version on.
    Api,
    /// Remote agents, from a later version on.
    Agent,
    /// Nothing but the way to `server.public_url`.
    Redirect,
}

impl Surface {
    /// All with their names.
    pub const ALL: [(&'static str, Self); 7] = [
        ("booking", Self::Booking),
        ("caldav", Self::CalDav),
        ("metrics", Self::Metrics),
        ("admin", Self::Admin),
        ("api", Self::Api),
        ("agent", Self::Agent),
        ("redirect", Self::Redirect),
    ];

    /// Whether this version serves it.
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Booking | Self::CalDav | Self::Metrics | Self::Redirect)
    }
}

/// `[mail]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The way out.
    pub route: MailRoute,
    /// The name before the sender's address.
    pub name: Option<String>,
    /// The sender's address, which is also the ORGANIZER.
    pub address: String,
}

/// How mail goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailRoute {
    /// Through a mail server.
    Smtp(Smtp),
    /// Into a folder, as `.eml` files.
    Folder(PathBuf),
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// Its address without a user: `smtps://host` or `smtp://host`, with a port and `?tls=none` if they were given.
    pub url: String,
    /// Who signs in, if anybody.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Secret>,
}

/// `[backup]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Where copies go.
    pub place: BackupPlace,
    /// How often, in seconds.
    pub every_seconds: i64,
    /// How long every copy is kept, in seconds.
    pub keep_seconds: i64,
    /// How long one copy a day is kept, in seconds.
    pub keep_daily_seconds: i64,
    /// How long one copy a month is kept, in seconds.
    pub keep_monthly_seconds: i64,
    /// What encrypts.
    pub key: Option<Secret>,
}

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupPlace {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    S3(Bucket),
}

/// A bucket of a service that speaks S3, with the account for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of objects in it begin with; empty, or ending in a slash.
    pub prefix: String,
    /// The service, without a slash at the end: `https://s3.example.com`.
    pub endpoint: String,
    /// The region that signatures name.
    pub region: String,
    /// Who.
    pub access_key: Secret,
    /// With what.
    pub secret_key: Secret,
    /// Whether the bucket stands in the path and not before the host's name.
    pub path_style: bool,
}

/// `[log]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// Whether a line is JSON.
    pub json: bool,
    /// The least grave events that are written.
    pub level: &'static str,
}

/// `[limits]`: bounds at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address (IPv6: one /64).
    pub connections_per_address: usize,
    /// Octets of a request's header.
    pub header_octets: usize,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long a header may take.
    pub header_timeout: Duration,
    /// Octets of a request's body.
    pub body_octets: usize,
    /// How long a body may take.
    pub body_timeout: Duration,
    /// How long a connection may be silent.
    pub idle_timeout: Duration,
    /// How long an answer may take to begin.
    pub request_timeout: Duration,
    /// Mebibytes of all objects, files and attachments of an owner.
    pub home_mebibytes: usize,
    /// Bookings a minute from one address (IPv6: one /64).
    pub bookings_per_minute: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        let ten = Network::parse("10.0.0.0/8").unwrap();
        assert!(ten.contains("10.200.3.4".parse().unwrap()));
        assert!(!ten.contains("11.0.0.1".parse().unwrap()));
        assert!(ten.contains("::ffff:10.0.0.1".parse().unwrap()));
        let one = Network::parse("::1").unwrap();
        assert!(one.contains("::1".parse().unwrap()));
        assert!(!one.contains("::2".parse().unwrap()));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("203.0.113.9".parse().unwrap()));
        assert!(Network::parse("10.0.0.0/33").is_none());
        assert!(Network::parse("proxy.example").is_none());
    }
}
