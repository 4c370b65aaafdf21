//! How busy rows are written and read, and where those of an object stand.

use std::collections::BTreeMap;

use calendar::busy::{BusyPeriod, BusyType};
use calendar::collection::MemberName;
use calendar::time::{Instant, Span};

use super::{BUCKET_SECONDS, BUCKETS_MAX, IndexedPeriod, buckets_of};
use crate::engine::EngineError;
use crate::table::{RowReader, RowWriter, read_row};

/// Where an object's busy periods stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The buckets, ascending.
    pub(crate) buckets: Vec<i64>,
    /// Whether it has a row of long periods.
    pub(crate) long: bool,
    /// Whether it is listed as busy beyond them.
    pub(crate) beyond: bool,
}

impl Placement {
    pub(crate) fn of(periods: &[BusyPeriod], beyond: Option<Span>) -> Self {
        let sorted = Sorted::of(periods);
        Self {
            buckets: sorted.buckets.into_keys().collect(),
            long: !sorted.long.is_empty(),
            beyond: beyond.is_some(),
        }
    }

    pub(crate) fn write(&self, row: &mut RowWriter) {
        row.number(u64::from(self.long) | u64::from(self.beyond) << 1).number(self.buckets.len() as u64);
        let mut previous = 0;
        for bucket in &self.buckets {
            row.signed(bucket - previous);
            previous = *bucket;
        }
    }

    pub(crate) fn read(row: &mut RowReader<'_>) -> Option<Self> {
        let flags = row.number()?;
        let mut buckets = Vec::new();
        let mut previous = 0_i64;
        for _ in 0..row.number()? {
            previous = previous.checked_add(row.signed()?)?;
            buckets.push(previous);
        }
        Some(Self { buckets, long: flags & 1 != 0, beyond: flags & 2 != 0 })
    }
}

/// Periods by where they are to stand: each list ascending, without repetition.
#[derive(Default)]
struct Sorted {
    buckets: BTreeMap<i64, Vec<BusyPeriod>>,
    long: Vec<BusyPeriod>,
}

impl Sorted {
    fn of(periods: &[BusyPeriod]) -> Self {
        let mut ascending = periods.to_vec();
        ascending.sort_unstable();
        ascending.dedup();
        let mut sorted = Self::default();
        for period in ascending {
            match buckets_of(period.span) {
                None => {}
                Some((first, last)) if last - first >= BUCKETS_MAX => sorted.long.push(period),
                Some((first, last)) => {
                    for bucket in first..=last {
                        sorted.buckets.entry(bucket).or_default().push(period);
                    }
                }
            }
        }
        sorted
    }
}

/// The rows of one object.
#[derive(Debug, Default)]
pub(crate) struct BusyRows {
    pub(crate) buckets: BTreeMap<i64, Vec<u8>>,
    pub(crate) long: Option<Vec<u8>>,
}

impl BusyRows {
    pub(crate) fn of(member: &MemberName, periods: &[BusyPeriod]) -> Self {
        let sorted = Sorted::of(periods);
        let buckets = sorted.buckets.into_iter();
        Self {
            buckets: buckets.map(|(bucket, periods)| (bucket, write_row(member, bucket, &periods))).collect(),
            long: (!sorted.long.is_empty()).then(|| write_row(member, 0, &sorted.long)),
        }
    }
}

/// Starts are told from the bucket's first second and then each from the one before, which makes them short.
fn write_row(member: &MemberName, bucket: i64, periods: &[BusyPeriod]) -> Vec<u8> {
    let mut row = RowWriter::new();
    row.text(member.as_str()).signed(bucket).number(periods.len() as u64);
    let mut previous = bucket * BUCKET_SECONDS;
    for period in periods {
        let start = period.span.start.as_unix();
        row.signed(start - previous).signed(period.span.seconds()).number(number_of(period.kind));
        previous = start;
    }
    row.finish()
}

/// The periods of a row, if it can be read.
pub(crate) fn periods_of_row(row: &[u8]) -> Option<Vec<BusyPeriod>> {
    read_row(row, String::new, read_parts).ok().map(|(.., periods)| periods)
}

/// Member, bucket and periods.
pub(super) fn read_parts<'a>(reader: &mut RowReader<'a>) -> Option<(&'a str, i64, Vec<BusyPeriod>)> {
    let member = reader.text()?;
    let bucket = reader.signed()?;
    let mut periods = Vec::new();
    let mut previous = bucket.checked_mul(BUCKET_SECONDS)?;
    for _ in 0..reader.number()? {
        let start = previous.checked_add(reader.signed()?)?;
        let end = start.checked_add(reader.signed()?)?;
        let span = Span::new(Instant::from_unix(start), Instant::from_unix(end));
        periods.push(BusyPeriod { span, kind: kind_of(reader.number()?)? });
        previous = start;
    }
    Some((member, bucket, periods))
}

/// A row as it was read.
pub(crate) struct BusyRow {
    pub(crate) member: MemberName,
    pub(crate) bucket: i64,
    pub(crate) periods: Vec<BusyPeriod>,
}

impl BusyRow {
    pub(crate) fn read(row: &[u8], what: impl Fn() -> String) -> Result<Self, EngineError> {
        let (member, bucket, periods) = read_row(row, what, read_parts)?;
        Ok(Self { member: MemberName::new(member), bucket, periods })
    }

    /// The periods that share time with `window` and that `tells` lets through.
    pub(super) fn within(
        &self,
        window: Span,
        tells: impl Fn(&BusyPeriod) -> bool,
    ) -> impl Iterator<Item = IndexedPeriod> {
        let shared = self.periods.iter().filter(move |period| period.span.overlaps(window) && tells(period));
        shared.map(|period| IndexedPeriod { member: self.member.clone(), period: *period })
    }
}

/// Kinds as they are written; a number that was given once keeps its meaning.
const fn number_of(kind: BusyType) -> u64 {
    match kind {
        BusyType::Tentative => 0,
        BusyType::Unavailable => 1,
        BusyType::Busy => 2,
    }
}

fn kind_of(number: u64) -> Option<BusyType> {
    BusyType::ALL.into_iter().find(|kind| number_of(*kind) == number)
}
