//! How keys and values lie in sled's tree.
//!
//! `0x00 name` → a number of the store itself; `0x01 key` → version, ordinal, length and the value's beginning;
//! `0x02 version ordinal piece` → 4 KiB more of a longer value. Pieces are named by the commit and its write that made
//! them, so that they are never overwritten, only removed.

use super::super::{EngineError, Version};

/// Octets of what is stored under one of sled's keys.
const PIECE_OCTETS: usize = 4096;

/// Version, ordinal and length before the value's beginning.
const FRONT_OCTETS: usize = 16;

/// Octets of a value that stand in its row.
const FIRST_OCTETS: usize = PIECE_OCTETS - FRONT_OCTETS;

/// The newest version.
pub(super) const NEWEST: &[u8] = b"\0version";

/// The store's format.
pub(super) const FORMAT: &[u8] = b"\0format";

pub(super) fn damaged(why: &str) -> EngineError {
    EngineError::Damaged(why.into())
}

/// A number of the store itself.
pub(super) fn read_number(octets: Option<&[u8]>) -> Result<Option<u64>, EngineError> {
    octets
        .map(|octets| {
            let number =
                octets.try_into().map_err(|_| damaged("a number of the store is not 8 octets long"))?;
            Ok(u64::from_be_bytes(number))
        })
        .transpose()
}

pub(super) fn row_key(key: &[u8]) -> Vec<u8> {
    [&[1], key].concat()
}

pub(super) fn key_of_row(row_key: &[u8]) -> &[u8] {
    row_key.get(1..).unwrap_or_default()
}

/// What a row says before its value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) version: Version,
    /// Which write of its commit it was.
    pub(super) ordinal: u32,
    /// Octets of the whole value.
    pub(super) octets: usize,
}

impl Row {
    /// The row and the value's beginning.
    pub(super) fn read(octets: &[u8]) -> Result<(Self, &[u8]), EngineError> {
        let read = || {
            let (version, rest) = octets.split_first_chunk::<8>()?;
            let (ordinal, rest) = rest.split_first_chunk::<4>()?;
            let (length, first) = rest.split_first_chunk::<4>()?;
            let octets = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let row = Self {
                version: Version::from_be_bytes(*version),
                ordinal: u32::from_be_bytes(*ordinal),
                octets,
            };
            (first.len() == octets.min(FIRST_OCTETS)).then_some((row, first))
        };
        read().ok_or_else(|| damaged("a row is shorter than what it says"))
    }

    /// The row of `value`.
    pub(super) fn write(&self, value: &[u8]) -> Vec<u8> {
        // Values are far below 4 GiB: larger ones are refused before they come here.
        let octets = u32::try_from(self.octets).unwrap_or(u32::MAX);
        let first = &value[..value.len().min(FIRST_OCTETS)];
        [&self.version.to_be_bytes()[..], &self.ordinal.to_be_bytes(), &octets.to_be_bytes(), first].concat()
    }

    /// The keys of the pieces that continue the value.
    pub(super) fn piece_keys(self) -> impl Iterator<Item = [u8; 17]> {
        let count = self.octets.saturating_sub(FIRST_OCTETS).div_ceil(PIECE_OCTETS);
        (0_u32..).take(count).map(move |piece| {
            let mut key = [2; 17];
            key[1..9].copy_from_slice(&self.version.to_be_bytes());
            key[9..13].copy_from_slice(&self.ordinal.to_be_bytes());
            key[13..].copy_from_slice(&piece.to_be_bytes());
            key
        })
    }
}

/// The pieces that continue `value` after its beginning.
pub(super) fn pieces(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.get(FIRST_OCTETS..).unwrap_or_default().chunks(PIECE_OCTETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_any_length_has_as_many_pieces_as_keys() {
        for octets in [0, 1, FIRST_OCTETS, FIRST_OCTETS + 1, FIRST_OCTETS + PIECE_OCTETS, 1_000_000] {
            let value = vec![7; octets];
            let row = Row { version: 9, ordinal: 3, octets };
            let written = row.write(&value);
            assert!(written.len() <= PIECE_OCTETS);
            let (read, first) = Row::read(&written).unwrap();
            assert_eq!(read, row);
            let whole = first.len() + pieces(&value).map(<[u8]>::len).sum::<usize>();
            assert_eq!(whole, octets);
            assert_eq!(row.piece_keys().count(), pieces(&value).count());
        }
    }

    #[test]
    fn a_row_cut_short_is_damage() {
        let written = Row { version: 1, ordinal: 0, octets: 5 }.write(b"hello");
        for cut in 0..written.len() {
            assert!(Row::read(&written[..cut]).is_err());
        }
    }
}
