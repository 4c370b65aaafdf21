//! A world for tests: memory engine, a clock that stands where it is put, chance that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aggregator::operation::collection;
use aggregator::owner::{
    IcsLocation, IcsSettings, Manner, Owner, PasswordCheck, Push, SourceKind, SourceSettings, Unreachable,
};
use aggregator::ports::{Clock, Entropy};
use aggregator::world::World;
use calendar::address::Address;
use calendar::time::Instant;
use calendar::zone::Zone;
use store::Store;
use store::engine::memory::MemoryEngine;

/// A clock that stands where it is put, UTC seconds.
pub(crate) struct StandingClock(pub(crate) AtomicI64);

impl Clock for StandingClock {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// Chance that can be repeated.
pub(crate) struct Counting(pub(crate) AtomicU64);

impl Entropy for Counting {
    fn draw(&self) -> [u8; 16] {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let mut octets = [0xA5; 16];
        octets[8..].copy_from_slice(&number.to_be_bytes());
        octets[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        octets
    }
}

/// 2026-05-04T08:00:00Z, a Monday.
pub(crate) const NOW: i64 = 1_777_881_600;

/// An ICS source of `ada` that never counts as too old.
pub(crate) fn source(id: &str) -> SourceSettings {
    SourceSettings {
        id: id.to_owned(),
        name: id.to_owned(),
        kind: SourceKind::Ics(IcsSettings {
            location: IcsLocation::File(format!("{id}.ics").into()),
            credentials: None,
            allow_http: false,
            allow_private: false,
        }),
        account: None,
        poll_seconds: 300,
        counts_as_busy: true,
        in_unified: true,
        push: Push::Off,
        zone: None,
        unreachable: Unreachable::StaleOk,
    }
}

/// Ada, with her password `secret`.
pub(crate) fn ada(sources: Vec<SourceSettings>) -> Owner {
    Owner {
        id: "ada".to_owned(),
        name: "Ada Example".to_owned(),
        addresses: vec![Address::parse("ada@example.org")],
        zone: Zone::named("Europe/Berlin").expect("a known zone"),
        sources,
        manner: Manner::default(),
        passwords: vec![PasswordCheck::Plain("secret".to_owned())],
    }
}

/// A world in which `owner` has a home, with its clock.
pub(crate) async fn world(owner: Owner) -> (World, Arc<StandingClock>) {
    let clock = Arc::new(StandingClock(AtomicI64::new(NOW)));
    let store = Store::new(Arc::new(MemoryEngine::default()));
    let owner = Arc::new(owner);
    let entropy = Arc::new(Counting(AtomicU64::new(1)));
    let world = World::new(store, clock.clone(), entropy, vec![Arc::clone(&owner)]);
    collection::ensure_home(&world, &owner).await.expect("a home");
    (world, clock)
}

/// One event, in UTC.
#[allow(dead_code, reason = "not every test that has a world puts one")]
pub(crate) fn event(uid: &str, start: &str, end: &str, more: &str) -> Arc<[u8]> {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
    .into()
}
