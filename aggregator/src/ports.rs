//! The pair of ports that are not functions: the clock and chance.

use calendar::time::Instant;

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> Instant;
}

/// Chance.
pub trait Entropy: Send + Sync + 'static {
    /// 16 octets that nobody can guess.
    fn draw(&self) -> [u8; 16];
}
