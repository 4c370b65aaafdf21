//! What must hold for any octets: one function a target, which panics where something does not.
//!
//! The same functions run three ways: over a fixed number of mutated seeds in the tests, coverage-guided under libFuzzer
//! (`libfuzzer/`), and over single files that were found to break something once (`findings/`).

#![allow(clippy::missing_panics_doc, reason = "to panic is what these functions are for")]

mod chance;
mod dictionary;
mod feed;
mod itip_mail;
mod mutation;
mod object;
mod rule;
pub mod seeds;
mod text;
mod tree;
mod xml;
mod zone;

pub use chance::Chance;
pub use feed::feed;
pub use itip_mail::itip_mail;
pub use mutation::Mutator;
pub use object::object;
pub use rule::rule;
pub use text::text;
pub use xml::xml;
pub use zone::zone;

use calendar::limits::Limits;

/// A target: its name, what it does with an input, and the longest input that is worth its time, in octets.
pub struct Target {
    /// Its name, also that of its folders and of its binary.
    pub name: &'static str,
    /// What it does.
    pub run: fn(&[u8]),
    /// Octets of an input at most.
    pub octets_max: usize,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "text", run: text, octets_max: 8192 },
    Target { name: "object", run: object, octets_max: 4096 },
    Target { name: "rule", run: rule, octets_max: 512 },
    Target { name: "zone", run: zone, octets_max: 4096 },
    Target { name: "itip_mail", run: itip_mail, octets_max: 8192 },
    Target { name: "xml", run: xml, octets_max: 4096 },
    Target { name: "feed", run: feed, octets_max: 8192 },
];

/// Bounds under which the targets read: narrow enough that each of them is met, and that no input takes long.
const LIMITS: Limits = Limits {
    object_octets_max: 64 * 1024,
    feed_octets_max: 64 * 1024,
    feed_components_max: 200,
    depth_max: 8,
    instances_max: 400,
    steps_max: 4_000,
    attendees_max: 100,
};
