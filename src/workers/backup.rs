//! Copies on their schedule.

use std::time::Duration;

use super::{LOOK_AGAIN, Watch};
use crate::backup::keeper::Old;
use crate::house::House;

/// Between two looks, at least.
const REST_MIN: Duration = Duration::from_millis(500);

/// Takes a copy whenever one is due.
pub async fn run(mut watch: Watch) {
    loop {
        let wait = round(&watch.house()).await;
        if !watch.rest(wait.clamp(REST_MIN, LOOK_AGAIN)).await {
            return;
        }
    }
}

/// Takes a copy if one is due; how long to rest.
async fn round(house: &House) -> Duration {
    let Some(backup) = &house.settings.backup else { return LOOK_AGAIN };
    let wait = house.backups.wait(backup, &house.world).await;
    if !wait.is_zero() {
        return wait;
    }
    let failing = house.backups.is_failing();
    match house.backups.take(&house.settings, &house.world, Old::GoNowAndThen).await {
        Ok(taken) => {
            let snapshot = &taken.snapshot;
            tracing::debug!(
                snapshot = snapshot.name,
                rows = snapshot.rows,
                added = snapshot.added_octets,
                "backed up"
            );
            if taken.recovered {
                tracing::info!(snapshot = snapshot.name, place = taken.place, "backups work again");
            }
            match taken.pruned {
                Ok(Some(pruned)) if pruned.snapshots > 0 => {
                    tracing::debug!(
                        removed = pruned.snapshots,
                        kept = pruned.kept,
                        "old backups were removed"
                    );
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error, "old backups cannot be removed just now"),
            }
        }
        // Told once; `/readyz` tells as long as it lasts.
        Err(error) if !failing => tracing::error!(error, "the backup failed; it is tried again"),
        Err(error) => tracing::debug!(error, "the backup failed again"),
    }
    house.backups.wait(backup, &house.world).await
}
