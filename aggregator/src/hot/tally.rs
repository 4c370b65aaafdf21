//! How many periods of each type are open at each instant of a span: a sum that single periods can be taken out of.

use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::time::{Instant, Span};

/// Octets that an edge takes in memory.
pub(super) const EDGE_OCTETS: usize = size_of::<Edge>();

/// Where the number of open periods of one type changes, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    at: Instant,
    kind: BusyType,
    step: i32,
}

/// The edges of the periods within a span, ascending, each place and type once, none of no height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    span: Span,
    edges: Vec<Edge>,
}

impl Tally {
    /// Of `periods`, clipped to `span`.
    pub(crate) fn new(span: Span, periods: impl IntoIterator<Item = BusyPeriod>) -> Self {
        let clipped =
            periods.into_iter().filter_map(|period| Some((period.span.intersection(span)?, period.kind)));
        let mut edges: Vec<Edge> = clipped
            .flat_map(|(within, kind)| {
                [Edge { at: within.start, kind, step: 1 }, Edge { at: within.end, kind, step: -1 }]
            })
            .collect();
        edges.sort_unstable_by_key(|edge| (edge.at, edge.kind));
        edges.dedup_by(|next, kept| {
            let same = (next.at, next.kind) == (kept.at, kept.kind);
            if same {
                kept.step += next.step;
            }
            same
        });
        edges.retain(|edge| edge.step != 0);
        edges.shrink_to_fit();
        Self { span, edges }
    }

    /// How many edges it has.
    pub(crate) fn edges(&self) -> usize {
        self.edges.len()
    }

    /// Adds a period, or takes it out; whether any of it lies within.
    pub(crate) fn step(&mut self, period: BusyPeriod, step: i32) -> bool {
        let Some(within) = period.span.intersection(self.span) else { return false };
        self.edge(within.start, period.kind, step);
        self.edge(within.end, period.kind, -step);
        true
    }

    fn edge(&mut self, at: Instant, kind: BusyType, step: i32) {
        match self.edges.binary_search_by_key(&(at, kind), |edge| (edge.at, edge.kind)) {
            Ok(place) => {
                self.edges[place].step += step;
                if self.edges[place].step == 0 {
                    self.edges.remove(place);
                }
            }
            Err(place) => self.edges.insert(place, Edge { at, kind, step }),
        }
    }

    /// When it is busy, the strongest type at each instant; `None` if more was taken out than was there.
    pub(crate) fn busy(&self) -> Option<BusySet> {
        let mut open = [0_i32; BusyType::ALL.len()];
        let mut current: Option<(BusyType, Instant)> = None;
        let mut periods = Vec::new();
        for edges_at in self.edges.chunk_by(|a, b| a.at == b.at) {
            let at = edges_at[0].at;
            for edge in edges_at {
                open[edge.kind as usize] += edge.step;
            }
            if open.iter().any(|count| *count < 0) {
                return None;
            }
            let strongest = BusyType::ALL.into_iter().rev().find(|kind| open[*kind as usize] > 0);
            if current.map(|(kind, _)| kind) == strongest {
                continue;
            }
            if let Some((kind, start)) = current {
                periods.push(BusyPeriod { span: Span { start, end: at }, kind });
            }
            current = strongest.map(|kind| (kind, at));
        }
        current.is_none().then(|| periods.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn period() -> impl Strategy<Value = BusyPeriod> {
        (-20_i64..80, 0_i64..40, 0_usize..3).prop_map(|(start, seconds, kind)| {
            let start = Instant::from_unix(start);
            BusyPeriod { span: Span::new(start, start.plus(seconds)), kind: BusyType::ALL[kind] }
        })
    }

    proptest! {
        #[test]
        fn what_is_stepped_is_what_is_made_anew(
            kept in prop::collection::vec(period(), 0..12),
            gone in prop::collection::vec(period(), 0..12),
            come in prop::collection::vec(period(), 0..12),
        ) {
            let span = Span::new(Instant::from_unix(0), Instant::from_unix(60));
            let mut tally = Tally::new(span, kept.iter().chain(&gone).copied());
            for (periods, step) in [(&come, 1), (&gone, -1)] {
                for period in periods {
                    prop_assert_eq!(tally.step(*period, step), period.span.overlaps(span));
                }
            }
            let now: Vec<BusyPeriod> = kept.into_iter().chain(come).collect();
            prop_assert_eq!(&tally, &Tally::new(span, now.iter().copied()));
            let expected = now.into_iter().collect::<BusySet>().clipped(span);
            prop_assert_eq!(tally.busy(), Some(expected));
        }

        #[test]
        fn what_was_never_there_cannot_be_taken_out(there in prop::collection::vec(period(), 0..4), never in period()) {
            let span = Span::new(Instant::from_unix(0), Instant::from_unix(60));
            let mut tally = Tally::new(span, there.iter().copied());
            let covered = there.iter().any(|period| period.kind == never.kind && period.span.overlaps(never.span));
            if tally.step(never, -1) && !covered {
                prop_assert_eq!(tally.busy(), None);
            }
        }
    }
}
