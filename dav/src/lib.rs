//! WebDAV and CalDAV as tables of properties, reports, methods and conditions; a server over a [`backend::Backend`].

pub mod backend;
pub mod service;
