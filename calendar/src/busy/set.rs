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
        // Sweep the edges from left to right, counting the open periods of each type.
        let mut edges: Vec<(Instant, usize, i32)> = periods
            .into_iter()
            .filter(|period| !period.span.is_empty())
            .flat_map(|period| {
                [(period.span.start, period.kind as usize, 1), (period.span.end, period.kind as usize, -1)]
            })
            .collect();
        edges.sort_unstable();

        let mut open = [0_i32; BusyType::ALL.len()];
        let mut current: Option<(BusyType, Instant)> = None;
        let mut set = Vec::new();
        for edges_at in edges.chunk_by(|a, b| a.0 == b.0) {
            let at = edges_at[0].0;
            for &(_, kind, step) in edges_at {
                open[kind] += step;
            }
            let strongest = BusyType::ALL.into_iter().rev().find(|kind| open[*kind as usize] > 0);
            if current.map(|(kind, _)| kind) == strongest {
                continue;
            }
            if let Some((kind, start)) = current {
                set.push(BusyPeriod { span: Span { start, end: at }, kind });
            }
            current = strongest.map(|kind| (kind, at));
        }
        debug_assert!(current.is_none(), "every period that opens also closes");
        Self(set)
    }
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

    /// Both together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// What lies within `window`, clipped to it.
    #[must_use]
    pub fn clipped(&self, window: Span) -> Self {
        Self(
            self.overlapping(window)
                .iter()
                .filter_map(|period| {
                    Some(BusyPeriod { span: period.span.intersection(window)?, kind: period.kind })
                })
                .collect(),
        )
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
