//! Reports: one file each (RFC 3253 §3.6).

pub mod acl_principal_prop_set;
pub mod calendar_multiget;
pub mod calendar_query;
pub mod calendar_server_principal_search;
pub mod expand_property;
pub mod free_busy_query;
pub mod principal_match;
pub mod principal_search;
pub mod sync_collection;
mod sync_tree;
pub mod table;
