//! iTIP: messages out and in, conversations, what edits make others hear.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conversations;
mod corpus;
mod edits;
mod guards;
mod hostile;
mod messages;
mod order;
mod refusals;
mod standards;
mod support;
