#![doc = include_str!("../README.md")]

mod asset;
mod choice;
pub mod device;
mod english;
mod form;
mod month;
mod page;
mod reply;
mod route;
pub mod service;
mod view;
mod zones;

pub use route::routes_reserved;
