//! How the objects of a collection are read: in which zone, for whom, and what they then make busy.

use calendar::address::Address;
use calendar::busy::{self, BusyPeriod, BusyReading, BusyType};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::{self, ExpansionError};
use calendar::refusal::Refusal;
use calendar::time::Span;
use calendar::zone::Zone;
use sha2::{Digest, Sha256};
use store::collections::{CollectionRecord, Role};

use crate::own;
use crate::owner::Owner;
use crate::world::World;
use crate::zones;

/// Between namespace and name in the key of a dead property.
pub(crate) const PROPERTY_SEPARATOR: char = '\u{1f}';

/// The key under which a dead property is kept.
pub(crate) fn property_key(namespace: &str, local: &str) -> String {
    format!("{namespace}{PROPERTY_SEPARATOR}{local}")
}

/// Moved on whenever other busy periods are read from the same octets: what was indexed before is then built anew.
const FORM: u8 = 2;

/// A longer window is taken in pieces where an object has too many instances in all of it.
const PIECE_SECONDS: i64 = 366 * 86_400;
/// Pieces of a window at most; they are longer then.
const PIECES_MAX: i64 = 256;
/// Periods of one object in all pieces.
const PIECES_PERIODS_MAX: usize = 100_000;

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
    /// An object of a mirror whose rule passes a limit even within a year counts as busy for all of the window that it
    /// may reach: what cannot be computed must not look free.
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
        match busy::of_object(object, &self.eyes(), window) {
            Ok(periods) => Ok(periods),
            Err(error) if self.mirrored => Ok(self.in_pieces(object, window, &error)),
            Err(_) => Err(Refusal::TooManyInstances { limit: self.limits.instances_max }),
        }
    }

    fn eyes(&self) -> BusyReading<'_> {
        BusyReading { zone: &self.zone, owner: &self.addresses, limits: &self.limits }
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
        if self.mirrored {
            return self.busy_of(world, owner, (object, window)).await;
        }
        let found = busy::of_object(object, &self.eyes(), window);
        Ok(found.unwrap_or_else(|error| self.in_pieces(object, window, &error)))
    }

    /// The periods of an object that passes a limit within `window`, a year at a time: however much is asked at once, the
    /// answer is the same. From where a year is too much, or all of them, it counts as busy as far as it reaches.
    fn in_pieces(&self, object: &CalendarObject, window: Span, error: &ExpansionError) -> Vec<BusyPeriod> {
        let reach = recur::reach(object, &self.zone, &self.limits);
        let Some(reach) = reach.and_then(|reach| reach.intersection(window)) else { return Vec::new() };
        let ExpansionError::TooMany { unit, .. } = error;
        let mut periods = Vec::new();
        let mut from = reach.start;
        // Steps are spent anew in each piece, so that many pieces would cost too much.
        if *unit == "instances" && reach.seconds() > PIECE_SECONDS {
            let length = (reach.seconds() / PIECES_MAX).max(PIECE_SECONDS);
            while from < reach.end {
                let piece = Span::new(from, from.plus(length).min(reach.end));
                match busy::of_object(object, &self.eyes(), piece) {
                    Ok(found) if periods.len() + found.len() <= PIECES_PERIODS_MAX => periods.extend(found),
                    _ => break,
                }
                from = piece.end;
            }
        }
        let rest = Span::new(from, reach.end);
        periods.extend(Some(BusyPeriod { span: rest, kind: BusyType::Busy }).filter(|_| !rest.is_empty()));
        periods
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

/// A UUID of version 4 (RFC 9562 §5.4) of 16 octets of chance: a UID as RFC 7986 §5.3 wants it, and
/// the token of a lock.
pub fn uuid(mut octets: [u8; 16]) -> String {
    octets[6] = (octets[6] & 0x0f) | 0x40;
    octets[8] = (octets[8] & 0x3f) | 0x80;
    let digits = hex(&octets);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// The strong entity tag of some octets: equal octets, equal tag.
pub fn tag_of(octets: &[u8]) -> calendar::collection::EntityTag {
    calendar::collection::EntityTag(hex(&Sha256::digest(octets)[..16]))
}
