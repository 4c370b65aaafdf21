//! Every bound of the pure core, with its unit.

/// What a text or an expansion may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one calendar object resource.
    pub object_octets_max: usize,
    /// Octets of one feed, after decompression.
    pub feed_octets_max: usize,
    /// Components of one kind in a feed.
    pub feed_components_max: usize,
    /// Depth of nested components.
    pub depth_max: usize,
    /// Instances that one expansion may yield.
    pub instances_max: usize,
    /// Steps (candidates looked at) of one expansion.
    pub steps_max: usize,
    /// ATTENDEE properties of one component.
    pub attendees_max: usize,
}

impl Limits {
    /// Content lines of one text.
    pub const LINES_MAX: usize = 2_000_000;
    /// Different TZIDs in one calendar object resource.
    pub const ZONES_MAX: usize = 250;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_octets_max: 10 * 1024 * 1024,
            feed_octets_max: 20 * 1024 * 1024,
            feed_components_max: 50_000,
            depth_max: 16,
            instances_max: 20_000,
            steps_max: 200_000,
            attendees_max: 2_000,
        }
    }
}
