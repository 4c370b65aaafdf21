//! Methods: one file each (RFC 4918 §9, RFC 4791 §5.3, RFC 5689).

pub mod acl;
pub mod delete;
pub mod get;
pub mod lock;
pub mod mkcalendar;
pub mod options;
pub mod outbox;
pub mod outcome;
pub mod post;
pub mod propfind;
pub mod proppatch;
pub mod publish;
pub mod put;
pub mod relocate;
pub mod report;
pub mod share;
pub mod table;
