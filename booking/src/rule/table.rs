//! The rules, in the order in which their reasons are told.

use crate::rule::{Rule, active, conflict, duration, grid, horizon, hours, limit, notice, past};

/// All rules: the slot finder, the check of a booking and `why` read nothing else.
pub static RULES: &[Rule] = &[
    active::RULE,
    duration::RULE,
    past::RULE,
    notice::RULE,
    horizon::RULE,
    hours::RULE,
    grid::RULE,
    limit::RULE,
    conflict::RULE,
];
