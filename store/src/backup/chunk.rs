//! Rows in chunks, cut where their keys say, so that what did not change gives the same chunk again.
//!
//! A chunk ends after a row whose key has a small digest; how small depends on the row's size alone, so that chunks have
//! [`CHUNK_OCTETS_MEAN`] on the average, and a change moves the borders beside it and no others. A chunk is a form (1)
//! and its rows: length and octets of the key, length and octets of the value. Versions are not kept: a row that was
//! written again as it was is no news.

use crate::key::digest;
use crate::table::{RowReader, RowWriter, read_row};

/// Octets of a chunk on the average.
pub(super) const CHUNK_OCTETS_MEAN: u64 = 256 * 1024;

/// Octets of a chunk, unless one row alone has more.
pub(super) const CHUNK_OCTETS_MAX: usize = 4 * 1024 * 1024;

/// Rows that belong together.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) content: Vec<u8>,
    pub(super) rows: u64,
}

/// Cuts rows, in the order in which they come.
#[derive(Default)]
pub(super) struct Cutter {
    open: Vec<u8>,
    rows: u64,
}

impl Cutter {
    /// Takes a row; the chunks that are whole with it, none, one or two.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) -> Vec<Chunk> {
        let mut whole = Vec::new();
        let octets = key.len() + value.len();
        if self.rows > 0 && self.open.len() + octets > CHUNK_OCTETS_MAX {
            whole.extend(self.finish());
        }
        if self.rows == 0 {
            self.open = RowWriter::new().finish();
        }
        let mut row = RowWriter::onto(std::mem::take(&mut self.open));
        self.open = row.octets(key).octets(value).finish();
        self.rows += 1;
        if ends_after(key, octets) || self.open.len() >= CHUNK_OCTETS_MAX {
            whole.extend(self.finish());
        }
        whole
    }

    /// What is left.
    pub(super) fn finish(&mut self) -> Option<Chunk> {
        let rows = std::mem::take(&mut self.rows);
        let content = std::mem::take(&mut self.open);
        (rows > 0).then_some(Chunk { content, rows })
    }
}

/// Whether a chunk ends after this row: as likely as the row is a part of a chunk.
fn ends_after(key: &[u8], octets: usize) -> bool {
    let drawn = u64::from_be_bytes(*digest(key).first_chunk().unwrap_or(&[0; 8]));
    drawn / (u64::MAX / CHUNK_OCTETS_MEAN) < octets as u64
}

/// A key and its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// The rows of a chunk; `None` if it cannot be read.
pub(super) fn rows_of(content: &[u8]) -> Option<Vec<Row>> {
    let all = |reader: &mut RowReader<'_>| {
        let mut rows = Vec::new();
        while !reader.is_empty() {
            rows.push((reader.octets()?.to_vec(), reader.octets()?.to_vec()));
        }
        Some(rows)
    };
    read_row(content, String::new, all).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn cut(rows: &[Row]) -> Vec<Vec<u8>> {
        let mut cutter = Cutter::default();
        let mut chunks: Vec<Chunk> = rows.iter().flat_map(|(key, value)| cutter.push(key, value)).collect();
        chunks.extend(cutter.finish());
        let count: u64 = chunks.iter().map(|chunk| chunk.rows).sum();
        assert_eq!(count, rows.len() as u64);
        chunks.into_iter().map(|chunk| chunk.content).collect()
    }

    fn rows(count: u32, octets: usize) -> Vec<Row> {
        (0..count).map(|number| (number.to_be_bytes().to_vec(), vec![1; octets])).collect()
    }

    #[test]
    fn chunks_are_of_the_wanted_size_whatever_the_size_of_rows() {
        for (count, octets) in [(80_000, 20), (3_000, 1_000), (60, 100_000)] {
            let rows = rows(count, octets);
            let chunks = cut(&rows);
            let mean = (octets + 4) * count as usize / chunks.len();
            assert!((80_000..900_000).contains(&mean), "{octets}: {mean}");
            assert!(chunks.iter().all(|chunk| chunk.len() < CHUNK_OCTETS_MAX + octets + 20));
            let again: Vec<Row> = chunks.iter().flat_map(|chunk| rows_of(chunk).unwrap()).collect();
            assert!(again == rows);
        }
    }

    #[test]
    fn a_change_spoils_the_chunks_beside_it_only() {
        let rows = rows(3_000, 1_000);
        let before: HashSet<Vec<u8>> = cut(&rows).into_iter().collect();
        assert!(before.len() > 5);
        let new = |rows: &[Row]| cut(rows).into_iter().filter(|chunk| !before.contains(chunk)).count();
        assert_eq!(new(&rows), 0);
        for place in [0, 1_777, 2_999] {
            let mut changed = rows.clone();
            changed[place].1 = vec![2; 300];
            assert!((1..=2).contains(&new(&changed)));
            let mut without = rows.clone();
            without.remove(place);
            assert!(new(&without) <= 2);
            let mut with = rows.clone();
            with.insert(place, ([rows[place].0.as_slice(), b"a"].concat(), vec![3; 90]));
            with.sort();
            assert!((1..=2).contains(&new(&with)));
        }
    }

    #[test]
    fn rows_too_large_for_a_chunk_have_their_own() {
        let large = vec![7; CHUNK_OCTETS_MAX + 1];
        let rows: Vec<Row> = (1..4_u8).map(|number| (vec![number], large.clone())).collect();
        assert_eq!(cut(&rows).len(), 3);
        assert!(cut(&[]).is_empty());
    }

    #[test]
    fn what_is_no_chunk_is_not_read() {
        for octets in [&[][..], &[2], &[1, 5], &[1, 1, 7], &[1, 1, 7, 2, 1]] {
            assert!(rows_of(octets).is_none(), "{octets:?}");
        }
    }
}
