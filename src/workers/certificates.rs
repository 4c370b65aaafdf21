//! Presents new certificates when their files change, without a restart.

use std::time::Duration;

use super::Watch;
use crate::tls::certificates::Look;

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(5);

/// Looks until it is told to stop.
pub async fn run(mut watch: Watch) {
    while watch.rest(PERIOD).await {
        let house = watch.house();
        let (certificates, now) = (house.certificates.clone(), house.world.now());
        // Folders may be far away.
        if let Ok(looks) = tokio::task::spawn_blocking(move || certificates.look(now)).await {
            tell(looks);
        }
    }
}

/// Tells what came of reading certificates again.
pub fn tell(looks: Vec<Look>) {
    for look in looks {
        match look {
            Look::Renewed { address, until } => {
                tracing::info!(target: "kalends", %address, %until, "a new certificate is presented");
            }
            Look::Kept { address, why } => {
                tracing::error!(target: "kalends", %address, why, "the old certificate stays");
            }
        }
    }
}
