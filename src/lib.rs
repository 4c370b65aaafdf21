//! The program: settings, composition, listeners, workers and the command line.

pub mod backup;
pub mod cli;
pub mod compose;
pub mod config;
pub mod control;
pub mod health;
pub mod house;
pub mod listen;
pub mod systemd;
pub mod tls;
pub mod workers;
pub mod zone_data;
