#![doc = include_str!("../README.md")]

pub mod backend;
pub mod body;
pub mod calendar_data;
pub mod condition;
pub mod exchange;
pub mod filter;
pub mod headers;
pub mod method;
pub mod multistatus;
pub mod path;
pub mod privilege;
pub mod property;
pub mod report;
pub mod service;
pub mod timezone;
pub mod xml;
