//! How the objects of a collection are read: in which zone, for whom, and what they then make busy.

use calendar::address::Address;
use calendar::busy::{self, BusyPeriod, BusyReading, BusyType};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use calendar::time::Span;
use calendar::zone::Zone;
use sha2::{Digest, Sha256};
use store::collections::{CollectionRecord, Role};

use crate::own;
use crate::owner::Owner;
use crate::world::World;
use crate::zones;

/// Moved on whenever other busy periods are read from the same octets: what was indexed before is then built anew.
const FORM: u8 = 2;

/// In which zone and for whom a collection's objects are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The zone of dates and floating times (RFC 4791 §5.2.2): the collection's, else the owner's.
    pub zone: Zone,
    addresses: Vec<Address>,
    limits: Limits,
    mirrored: bool,
}

impl Reading {
    /// The reading of a collection of `owner`.
    pub fn new(owner: &Owner, record: &CollectionRecord, limits: &Limits) -> Self {
        Self {
            zone: zone_of(owner, record, limits),
            addresses: owner.addresses.clone(),
            limits: *limits,
            mirrored: matches!(record.role, Role::Mirror { .. }),
        }
    }

    /// What everything derived by this reading depends on besides the octets; another basis, another index.
    pub fn basis(&self) -> String {
        let mut hash = Sha256::new();
        hash.update([FORM]);
        for limit in [self.limits.instances_max, self.limits.steps_max] {
            hash.update((limit as u64).to_be_bytes());
        }
        hash.update(zones::rules_of(&self.zone));
        for address in &self.addresses {
            hash.update([0]);
            hash.update(address.as_str());
        }
        hex(&hash.finalize()[..12])
    }

    /// The busy periods of an object of `owner` within `window`; none for a mirrored copy of an event of our own.
    ///
    /// An object of a mirror whose rule passes a limit counts as busy for all of the window that it may reach: what
    /// cannot be computed must not look free.
    ///
    /// # Errors
    /// [`Refusal::TooManyInstances`] for an object of a native collection; if the store cannot be read.
    pub async fn busy_of(
        &self,
        world: &World,
        owner: &str,
        (object, window): (&CalendarObject, Span),
    ) -> Result<Vec<BusyPeriod>, Refusal> {
        if self.mirrored && own::is_own(world, owner, object.uid()).await? {
            return Ok(Vec::new());
        }
        let reading = BusyReading { zone: &self.zone, owner: &self.addresses, limits: &self.limits };
        match busy::of_object(object, &reading, window) {
            Ok(periods) => Ok(periods),
            Err(_) if self.mirrored => Ok(self.at_worst(object, window)),
            Err(_) => Err(Refusal::TooManyInstances { limit: self.limits.instances_max }),
        }
    }

    /// The same for an object that is kept already: past a limit it counts as busy, in whatever collection it is.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn busy_of_kept(
        &self,
        world: &World,
        owner: &str,
        (object, window): (&CalendarObject, Span),
    ) -> Result<Vec<BusyPeriod>, Refusal> {
        match self.busy_of(world, owner, (object, window)).await {
            Err(Refusal::TooManyInstances { .. }) => Ok(self.at_worst(object, window)),
            other => other,
        }
    }

    /// All of the window that the object may reach.
    fn at_worst(&self, object: &CalendarObject, window: Span) -> Vec<BusyPeriod> {
        let reach = calendar::recur::reach(object, &self.zone, &self.limits);
        let span = reach.and_then(|reach| reach.intersection(window));
        span.map(|span| BusyPeriod { span, kind: BusyType::Busy }).into_iter().collect()
    }
}

/// The zone of a collection: its VTIMEZONE, its zone by name, or the owner's zone.
pub fn zone_of(owner: &Owner, record: &CollectionRecord, limits: &Limits) -> Zone {
    let by_definition = record.timezone.as_deref().and_then(|timezone| zones::defined_by(timezone, limits));
    by_definition
        .or_else(|| record.timezone_id.as_deref().and_then(Zone::named))
        .unwrap_or_else(|| owner.zone.clone())
}

/// Lower-case hexadecimal.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        text.push(char::from_digit(u32::from(octet >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(octet & 15), 16).unwrap_or('0'));
        text
    })
}

/// The strong entity tag of some octets: equal octets, equal tag.
pub fn tag_of(octets: &[u8]) -> calendar::collection::EntityTag {
    calendar::collection::EntityTag(hex(&Sha256::digest(octets)[..16]))
}
