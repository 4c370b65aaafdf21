//! Busy time as a set: sorted, disjoint, half-open, one type at each instant.
//!
//! A free-busy answer may draw on many calendars that overlap; the stronger type wins: `Busy`, then
//! `Unavailable`, then `Tentative` (specification 3.4). Everything is UTC; nothing here can fail.

use crate::time::{Instant, Span};

/// How busy (FBTYPE, RFC 5545 §3.2.9). Ordered from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BusyType {
    /// BUSY-TENTATIVE.
    Tentative,
    /// BUSY-UNAVAILABLE.
    Unavailable,
    /// BUSY.
    Busy,
}

impl BusyType {
    /// All, from weak to strong.
    pub const ALL: [Self; 3] = [Self::Tentative, Self::Unavailable, Self::Busy];

    /// The FBTYPE value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tentative => "BUSY-TENTATIVE",
            Self::Unavailable => "BUSY-UNAVAILABLE",
            Self::Busy => "BUSY",
        }
    }

    /// Whether `name`, in any case, is its FBTYPE or BUSYTYPE value.
    pub fn is_named(self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }
}

/// A span and how busy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusyPeriod {
    /// When.
    pub span: Span,
    /// How.
    pub kind: BusyType,
}

/// Busy time in its one canonical form: equal busy time is equal data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusySet(Vec<BusyPeriod>);

impl FromIterator<BusyPeriod> for BusySet {
    fn from_iter<I: IntoIterator<Item = BusyPeriod>>(periods: I) -> Self {
        let ranked = periods.into_iter().map(|period| (period.span, period.kind as usize));
        let pieces = strongest::<{ BusyType::ALL.len() }>(ranked);
        Self(pieces.into_iter().map(|(span, kind)| BusyPeriod { span, kind: BusyType::ALL[kind] }).collect())
    }
}

/// At each instant the greatest of the ranks (below `RANKS`) whose spans hold it: sorted, disjoint, and no two pieces
/// that could be one.
///
/// The edges are swept from left to right, counting the open spans of each rank. What comes sorted, also as several
/// sorted runs one after another, costs no more than its number.
pub(super) fn strongest<const RANKS: usize>(
    spans: impl IntoIterator<Item = (Span, usize)>,
) -> Vec<(Span, usize)> {
    let mut edges: Vec<(Instant, usize, i32)> = spans
        .into_iter()
        .filter(|(span, rank)| !span.is_empty() && *rank < RANKS)
        .flat_map(|(span, rank)| [(span.start, rank, 1), (span.end, rank, -1)])
        .collect();
    // The stable sort finds sorted runs and merges them, which the unstable one does not.
    edges.sort_by_key(|edge| edge.0);

    let mut open = [0_i32; RANKS];
    let mut current: Option<(usize, Instant)> = None;
    let mut pieces = Vec::with_capacity(edges.len() / 2);
    for edges_at in edges.chunk_by(|a, b| a.0 == b.0) {
        let at = edges_at[0].0;
        for &(_, rank, step) in edges_at {
            open[rank] += step;
        }
        let strongest = open.iter().rposition(|count| *count > 0);
        if current.map(|(rank, _)| rank) == strongest {
            continue;
        }
        if let Some((rank, start)) = current {
            pieces.push((Span { start, end: at }, rank));
        }
        current = strongest.map(|rank| (rank, at));
    }
    debug_assert!(current.is_none(), "every span that opens also closes");
    pieces
}

impl BusySet {
    /// Busy at no time.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The periods: sorted, disjoint.
    pub fn periods(&self) -> &[BusyPeriod] {
        &self.0
    }

    /// Both together; costs their number of periods.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self.0.is_empty(), other.0.is_empty()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => self.0.iter().chain(&other.0).copied().collect(),
        }
    }

    /// What lies within `window`, clipped to it; costs what lies there, however much the set holds.
    #[must_use]
    pub fn clipped(&self, window: Span) -> Self {
        let mut periods = self.overlapping(window).to_vec();
        // Only the first and the last can reach beyond.
        if let Some(first) = periods.first_mut() {
            first.span.start = first.span.start.max(window.start);
        }
        if let Some(last) = periods.last_mut() {
            last.span.end = last.span.end.min(window.end);
        }
        Self(periods)
    }

    /// The spans of `window` in which nothing of at least strength `weakest` lies, in order; costs what lies there.
    pub fn free_within(&self, window: Span, weakest: BusyType) -> Vec<Span> {
        let mut free = Vec::new();
        let mut from = window.start;
        for period in self.overlapping(window).iter().filter(|period| period.kind >= weakest) {
            free.extend(Some(Span { start: from, end: period.span.start }).filter(|span| !span.is_empty()));
            from = period.span.end;
        }
        free.extend(Some(Span { start: from, end: window.end }).filter(|span| !span.is_empty()));
        free
    }

    /// The periods that share time with `window`, whole; found by binary search.
    pub fn overlapping(&self, window: Span) -> &[BusyPeriod] {
        if window.is_empty() {
            return &[];
        }
        let from = self.0.partition_point(|period| period.span.end <= window.start);
        let to = self.0.partition_point(|period| period.span.start < window.end);
        if from < to { &self.0[from..to] } else { &[] }
    }

    /// Whether nothing of at least strength `weakest` shares time with `window`.
    pub fn is_free(&self, window: Span, weakest: BusyType) -> bool {
        self.overlapping(window).iter().all(|period| period.kind < weakest)
    }
}
