//! Numbers that look like chance and are always the same: from a seed, or from the input itself.

/// A xorshift generator.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Numbers for `seed`.
    pub fn new(seed: u64) -> Self {
        // Zero would stay zero.
        let mut chance = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        chance.draw();
        chance
    }

    /// Numbers for these octets: FNV-1a of them is the seed.
    pub fn of(octets: &[u8]) -> Self {
        let hash = octets.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(hash)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; zero where `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from((self.draw() >> 11).checked_rem(end).unwrap_or(0)).unwrap_or(0)
    }

    /// A number from `from` to below `to`.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let length = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
        from.saturating_add(i64::try_from(self.below(length)).unwrap_or(0))
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }
}
