//! The busy index: for each collection, the busy periods of its objects, by bucket of time.
//!
//! Rows `(collection, bucket, member) → periods`, a bucket being 32 days; a period stands in every bucket that it
//! touches. So a question about `[a, b)` reads the buckets between, however many events lie elsewhere. A period that
//! touches more than [`BUCKETS_MAX`] stands in a row `(collection, member)` of its own, which every question reads.

use std::collections::BTreeMap;

use calendar::busy::{BusyPeriod, BusyType};
use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::time::{Instant, Span};

use crate::Store;
use crate::collections::CollectionKey;
use crate::engine::EngineError;
use crate::key::RowKey;
use crate::objects::object_key;
use crate::table::{RowReader, RowWriter, read_row, tag};

/// Seconds of one bucket.
pub const BUCKET_SECONDS: i64 = 32 * 86_400;

/// Buckets that a period may stand in; a longer one, of five and a half years, is rare and kept apart.
pub const BUCKETS_MAX: i64 = 64;

/// A busy period and the member that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedPeriod {
    /// Which member.
    pub member: MemberName,
    /// When and how.
    pub period: BusyPeriod,
}

impl Store {
    /// The indexed busy periods that share time with `window`, each once, by start.
    pub async fn busy_in(
        &self,
        collection: &CollectionName,
        window: Span,
    ) -> Result<Vec<IndexedPeriod>, EngineError> {
        let Some((first, last)) = buckets_of(window) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let begin = collection.key(tag::BUSY);
        let (from, to) = (begin.clone().signed(first), begin.signed(last + 1));
        for entry in self.engine.scan(from.octets(), to.octets(), usize::MAX).await? {
            let row = BusyRow::read(&entry.value, || format!("the busy index of {collection}"))?;
            // Of the buckets that were read, the first that the period touches tells it.
            found.extend(row.within(window, |period| first.max(bucket_of(period.span.start)) == row.bucket));
        }
        let begin = collection.key(tag::BUSY_LONG);
        for entry in self.engine.scan(begin.octets(), &begin.end(), usize::MAX).await? {
            let row = BusyRow::read(&entry.value, || format!("the busy index of {collection}"))?;
            found.extend(row.within(window, |_| true));
        }
        found.sort_by(|a, b| (a.period, &a.member).cmp(&(b.period, &b.member)));
        Ok(found)
    }

    /// The indexed busy periods of one member within `reach`, whole and by start.
    pub async fn busy_of(
        &self,
        collection: &CollectionName,
        member: &MemberName,
        reach: Span,
    ) -> Result<Vec<BusyPeriod>, EngineError> {
        let name = ObjectName { collection: collection.clone(), member: member.clone() };
        let Some(facts) = self.facts_row(&name).await? else { return Ok(Vec::new()) };
        let Some((first, last)) = buckets_of(reach) else { return Ok(Vec::new()) };
        let buckets = facts.placed.buckets.iter().filter(|bucket| (first..=last).contains(*bucket));
        let mut keys: Vec<RowKey> = buckets.map(|bucket| bucket_key(&name, *bucket)).collect();
        if facts.placed.long {
            keys.push(object_key(tag::BUSY_LONG, &name));
        }
        let mut found = Vec::new();
        for key in keys {
            if let Some(there) = self.engine.get(key.octets()).await? {
                let row = BusyRow::read(&there.value, || format!("the busy index of {name}"))?;
                found.extend(row.within(reach, |_| true).map(|indexed| indexed.period));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// The key of the row of `name` in `bucket`.
pub(crate) fn bucket_key(name: &ObjectName, bucket: i64) -> RowKey {
    name.collection.key(tag::BUSY).signed(bucket).long_name(name.member.as_str())
}

fn bucket_of(instant: Instant) -> i64 {
    instant.as_unix().div_euclid(BUCKET_SECONDS)
}

/// The first and last bucket that `span` touches; none if it holds no instant.
fn buckets_of(span: Span) -> Option<(i64, i64)> {
    (!span.is_empty()).then(|| (bucket_of(span.start), bucket_of(span.end.plus(-1))))
}

/// Where an object's busy periods stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The buckets, ascending.
    pub(crate) buckets: Vec<i64>,
    /// Whether it has a row of long periods.
    pub(crate) long: bool,
}

impl Placement {
    pub(crate) fn of(periods: &[BusyPeriod]) -> Self {
        let sorted = Sorted::of(periods);
        Self { buckets: sorted.buckets.into_keys().collect(), long: !sorted.long.is_empty() }
    }

    pub(crate) fn write(&self, row: &mut RowWriter) {
        row.number(u64::from(self.long)).number(self.buckets.len() as u64);
        let mut previous = 0;
        for bucket in &self.buckets {
            row.signed(bucket - previous);
            previous = *bucket;
        }
    }

    pub(crate) fn read(row: &mut RowReader<'_>) -> Option<Self> {
        let long = row.number()? != 0;
        let mut buckets = Vec::new();
        let mut previous = 0_i64;
        for _ in 0..row.number()? {
            previous = previous.checked_add(row.signed()?)?;
            buckets.push(previous);
        }
        Some(Self { buckets, long })
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

/// A row as it was read.
struct BusyRow {
    member: MemberName,
    bucket: i64,
    periods: Vec<BusyPeriod>,
}

impl BusyRow {
    fn read(row: &[u8], what: impl Fn() -> String) -> Result<Self, EngineError> {
        read_row(row, what, |reader| {
            let member = MemberName::new(reader.text()?);
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
            Some(Self { member, bucket, periods })
        })
    }

    /// The periods that share time with `window` and that `tells` lets through.
    fn within(
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
