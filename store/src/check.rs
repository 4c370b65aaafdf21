//! Whether the store is in order: every row readable, every reference met, every checksum right.

mod busy;
mod collections;
mod look;
mod objects;
mod others;
mod outbox;

use std::fmt;
use std::sync::Arc;

use look::{Look, Looked, Name};

use crate::engine::{Engine, EngineError, EngineSnapshot, Entry};
use crate::table::tag;

/// Findings that are told one by one.
pub const FINDINGS_MAX: usize = 1_000;

/// Rows whose references are looked up together, and octets of objects among those.
const TOGETHER_ROWS_MAX: usize = 200;
const TOGETHER_OCTETS_MAX: usize = 4 * 1024 * 1024;

/// Behind every key.
const END: [u8; 257] = [u8::MAX; 257];

/// What was looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows that were read.
    pub rows: u64,
    /// What is not in order; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub more: u64,
}

/// Something that is not in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// What kind of row it is about: `facts`, `busy rows` …
    pub table: &'static str,
    /// Whose; of a name beyond 50 octets the beginning.
    pub owner: Option<String>,
    /// Which collection's; likewise.
    pub collection: Option<String>,
    /// Which member's, or which letter's or record's.
    pub member: Option<String>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    /// `facts of ada/work/a.ics: there is no row of its UID`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = [&self.owner, &self.collection, &self.member];
        let name: Vec<&str> = name.into_iter().flatten().map(String::as_str).collect();
        let of = if name.is_empty() { "" } else { " of " };
        write!(out, "{}{of}{}: {}", self.table, name.join("/"), self.what)
    }
}

impl Checked {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.more == 0
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// A restore that checks what it has brought has left its own mark there.
    pub(crate) fn forget_mark(&mut self) {
        self.findings.retain(|finding| finding.table != MARK);
    }
}

const MARK: &str = "mark";

/// A table: its octet, what its rows are called, and how one is looked at.
type TableCheck = (u8, &'static str, fn(&Entry) -> Looked);

const TABLES: [TableCheck; 18] = [
    (tag::COLLECTION, "collection", collections::record),
    (tag::HEAD, "head", collections::head),
    (tag::FACTS, "facts", objects::facts),
    (tag::OCTETS, "object", objects::octets),
    (tag::UID, "UID", objects::uid),
    (tag::LOG, "change log", collections::log),
    (tag::TOMBSTONE, "tombstone", collections::tombstone),
    (tag::BUSY, "busy rows", busy::bucket),
    (tag::BUSY_LONG, "long busy rows", busy::long),
    (tag::BUSY_BEYOND, "busy beyond the index", busy::beyond),
    (tag::LETTER, "letter", outbox::letter),
    (tag::LETTER_DUE, "queue of letters", outbox::index),
    (tag::LETTER_TOPIC, "topics of letters", outbox::index),
    (tag::LETTER_STATE, "states of letters", outbox::index),
    (tag::RECORD, "record", others::record),
    (tag::IDENTITY, "identity", others::identity),
    (tag::UNFINISHED, MARK, others::mark),
    (0, "unknown", others::unknown),
];

fn table_of(key: &[u8]) -> TableCheck {
    let [.., unknown] = TABLES;
    let found = TABLES.into_iter().find(|(octet, ..)| *octet != 0 && key.first() == Some(octet));
    found.unwrap_or(unknown)
}

/// Reads the whole store as it is at one moment, while it goes on working.
///
/// # Errors
/// What the engine says; a row that cannot be read is a finding.
pub async fn check(engine: &Arc<dyn Engine>) -> Result<Checked, EngineError> {
    let snapshot = engine.snapshot().await?;
    let mut checked = Checked::default();
    let mut from = Vec::new();
    loop {
        let page = snapshot.scan(&from, &END, TOGETHER_ROWS_MAX).await?;
        let Some(last) = page.last() else { return Ok(checked) };
        from.clone_from(&last.key);
        from.push(0);
        checked.rows += page.len() as u64;
        let mut looks = Vec::new();
        let mut octets = 0;
        for entry in &page {
            let (_, table, look) = table_of(&entry.key);
            let look = look(entry).unwrap_or_else(|look| *look);
            octets += look.octets;
            looks.push((table, look));
            if octets >= TOGETHER_OCTETS_MAX {
                octets = 0;
                judge(snapshot.as_ref(), std::mem::take(&mut looks), &mut checked).await?;
            }
        }
        judge(snapshot.as_ref(), looks, &mut checked).await?;
    }
}

/// Looks up what the rows refer to, all together, and judges them.
async fn judge(
    snapshot: &dyn EngineSnapshot,
    mut looks: Vec<(&'static str, Look)>,
    checked: &mut Checked,
) -> Result<(), EngineError> {
    let keys: Vec<Vec<u8>> = looks.iter_mut().flat_map(|(_, look)| std::mem::take(&mut look.keys)).collect();
    let mut values = snapshot.values(&keys).await?.into_iter();
    for (table, look) in looks {
        let name = look.name.clone();
        for what in look.judged(&mut values) {
            let Name { owner, collection, member } = name.clone();
            checked.find(Finding { table, owner, collection, member, what });
        }
    }
    Ok(())
}
