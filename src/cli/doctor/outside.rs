//! What is asked outside of this machine, where that is wished for.

use std::time::Duration;

use super::{Finding, public};
use crate::cli::check::Found;
use crate::config::settings::Settings;

/// How long the DNS may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the name of the server leads anywhere.
pub(super) async fn name(settings: &Settings) -> Finding {
    let Some((host, port, _)) = public(settings) else {
        return Finding::ok("name", "").fails("set server.public_url");
    };
    let asked = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port))).await;
    let addresses: Vec<String> = match asked {
        Ok(Ok(found)) => found.map(|address| address.ip().to_string()).collect(),
        _ => Vec::new(),
    };
    if addresses.is_empty() {
        return Finding::ok("name", format!("{host} leads nowhere"))
            .fails("give the name an A or AAAA record in the DNS");
    }
    Finding::ok("name", format!("{host} is {}", addresses.join(", ")))
}

/// What `kalends check --online` found.
pub(super) fn finding(found: Found) -> Finding {
    let finding = Finding::ok(found.what, found.detail);
    if found.ok { finding } else { finding.fails("see `kalends check --online`") }
}
