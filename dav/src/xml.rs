//! XML in and out: qualified names, a reader with bounds, a writer with fixed prefixes (RFC 4918 §4.3, §8.2, §17).

mod alone;
pub mod element;
pub mod name;
pub mod read;
pub mod write;

pub use element::{Element, Node};
pub use name::Name;
pub use read::XmlError;
pub use write::Writer;
