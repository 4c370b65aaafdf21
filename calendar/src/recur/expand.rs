//! Bounded lazy expansion of one rule on the local clock, without zones.
