//! Stores of an older format: brought forward after a backup, crash or not; newer ones are refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod household;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use flate2::read::GzDecoder;
use household::{MAY, at, chance, rows};
use sha2::{Digest, Sha256};
use store::backup::{Archive, BackupError, FolderVault, VaultError};
use store::check::check;
use store::engine::choice::EngineChoice;
use store::engine::{Engine, Entry, FORMAT};
use store::identity::identity;
use store::migration::{self, MigrationError, Needed};
use store::{EngineError, Store};

/// What the rows of the kept stores were when the program of format 1 had written them: keys, values, versions.
const ROWS: usize = 263;
const DIGEST: &str = "997eef4def43bd1c60fa980a4dcd9f648b96916941bcc573c37bfc74f89012fd";

const ENGINES: [EngineChoice; 2] = [EngineChoice::Redb, EngineChoice::Sled];

/// A store as the program of format 1 left it.
fn old_store(choice: EngineChoice, folder: &Path) -> Arc<dyn Engine> {
    let files: &[(&str, &str)] = match choice {
        EngineChoice::Sled => {
            &[("format-1.sled-db.gz", "kalends.sled/db"), ("format-1.sled-conf.gz", "kalends.sled/conf")]
        }
        _ => &[("format-1.redb.gz", "kalends.redb")],
    };
    for (kept, file) in files {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(kept);
        let mut octets = Vec::new();
        GzDecoder::new(fs::File::open(kept).unwrap()).read_to_end(&mut octets).unwrap();
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, octets).unwrap();
    }
    choice.open(folder, 1 << 20).unwrap()
}

fn digest(rows: &[Entry]) -> String {
    let mut hash = Sha256::new();
    for row in rows {
        hash.update(&row.key);
        hash.update(&row.value);
        hash.update(row.version.to_be_bytes());
    }
    format!("{:x}", hash.finalize())
}

/// The rows but the identity.
async fn others(engine: &Arc<dyn Engine>) -> Vec<Entry> {
    rows(engine).await.into_iter().filter(|row| row.key != b"i").collect()
}

#[tokio::test]
async fn a_store_of_format_1_becomes_one_of_format_2_after_a_backup() {
    for choice in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let engine = old_store(choice, folder.path());
        assert_eq!((rows(&engine).await.len(), digest(&rows(&engine).await).as_str()), (ROWS, DIGEST));
        assert_eq!(migration::needed(&engine).await, Ok(Some(Needed { from: 1, to: FORMAT })));
        assert_eq!(identity(&engine).await, Ok(None));
        let migrated = migration::run_in(&engine, folder.path(), at(MAY), &chance).await.unwrap();
        assert_eq!(migrated, Some(Needed { from: 1, to: FORMAT }));
        assert_eq!(engine.format().await, Ok(FORMAT));
        assert_eq!(digest(&others(&engine).await), DIGEST);
        let id = identity(&engine).await.unwrap().unwrap();
        let checked = check(&engine).await.unwrap();
        assert!(checked.is_sound(), "{:?}", checked.findings);

        // Again and after opening anew it is as it was, and no second backup is made.
        drop(engine);
        let engine = choice.open(folder.path(), 1 << 20).unwrap();
        assert_eq!(migration::run_in(&engine, folder.path(), at(MAY + 60), &chance).await, Ok(None));
        assert_eq!(identity(&engine).await, Ok(Some(id)));
        let backups = Archive::new(Arc::new(FolderVault::new(folder.path().join("before-format-2"))), None);
        let snapshots = backups.snapshots().await.unwrap();
        assert_eq!(snapshots.len(), 1);
        assert_eq!((snapshots[0].format, &snapshots[0].store), (1, &None));

        // The way back: a store of format 1, to be opened by the program before.
        let back = tempfile::tempdir().unwrap();
        let engine = choice.open(back.path(), 1 << 20).unwrap();
        let restored = backups.restore(&snapshots[0], &engine, &chance).await.unwrap();
        assert_eq!((restored.rows, restored.collections), (ROWS as u64, 2));
        assert!(restored.checked.is_sound());
        assert_eq!(engine.format().await, Ok(1));
        drop(engine);
        let engine = choice.open(back.path(), 1 << 20).unwrap();
        assert_eq!(migration::needed(&engine).await, Ok(Some(Needed { from: 1, to: FORMAT })));
        assert_eq!(rows(&engine).await.len(), ROWS);
    }
}

#[tokio::test]
async fn what_the_old_program_wrote_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let engine = old_store(EngineChoice::Redb, folder.path());
    migration::run_in(&engine, folder.path(), at(MAY), &chance).await.unwrap();
    let store = Store::new(engine);
    let members = store.members(&household::work(), None, usize::MAX).await.unwrap();
    assert_eq!(members.len(), 24);
    for facts in &members {
        let name =
            calendar::collection::ObjectName { collection: household::work(), member: facts.member.clone() };
        let object = store.object(&name).await.unwrap().unwrap();
        assert!(object.octets.starts_with(b"BEGIN:VCALENDAR"));
    }
}

#[tokio::test]
async fn without_its_backup_nothing_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let engine = old_store(EngineChoice::Redb, folder.path());
    let reason = VaultError::Full;
    let failure = BackupError::Vault { place: "there".into(), reason };
    let failed = migration::run(&engine, &chance, |_| async { Err(failure.clone()) }).await;
    assert_eq!(failed, Err(MigrationError::Backup(failure.clone())));
    assert_eq!(engine.format().await, Ok(1));
    assert_eq!(digest(&rows(&engine).await), DIGEST);
    // Where the folder cannot be written to likewise.
    fs::write(folder.path().join("before-format-2"), "in the way").unwrap();
    let failed = migration::run_in(&engine, folder.path(), at(MAY), &chance).await;
    assert!(matches!(failed, Err(MigrationError::Backup(BackupError::Vault { .. }))), "{failed:?}");
    assert_eq!(digest(&rows(&engine).await), DIGEST);
}

#[tokio::test]
async fn a_migration_that_was_interrupted_goes_on() {
    for choice in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let engine = old_store(choice, folder.path());
        migration::run(&engine, &chance, |_| async { Ok(()) }).await.unwrap();
        let id = identity(&engine).await.unwrap();
        // The crash came after the step and before the format was raised.
        engine.put_format(1).await.unwrap();
        drop(engine);
        let engine = choice.open(folder.path(), 1 << 20).unwrap();
        assert_eq!(engine.format().await, Ok(1));
        let migrated = migration::run_in(&engine, folder.path(), at(MAY), &chance).await.unwrap();
        assert_eq!(migrated, Some(Needed { from: 1, to: FORMAT }));
        assert_eq!(identity(&engine).await.unwrap(), id);
        assert_eq!(digest(&others(&engine).await), DIGEST);
    }
}

#[tokio::test]
async fn a_new_store_is_of_the_newest_format_and_gets_its_identity() {
    let mut ids = Vec::new();
    for choice in EngineChoice::ALL {
        let house = household::House::new(choice);
        assert_eq!(migration::needed(&house.engine).await, Ok(None));
        let folder = house.folder.path();
        assert_eq!(migration::run_in(&house.engine, folder, at(MAY), &chance).await, Ok(None));
        assert!(!folder.join("before-format-2").exists());
        ids.push(identity(&house.engine).await.unwrap().unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[tokio::test]
async fn formats_that_are_not_known_are_refused() {
    for choice in EngineChoice::ALL {
        let house = household::House::new(choice);
        assert!(
            matches!(house.engine.put_format(FORMAT + 1).await, Err(EngineError::Io(why)) if why.contains("newer"))
        );
        assert!(matches!(house.engine.put_format(0).await, Err(EngineError::Damaged(_))));
        assert_eq!(house.engine.format().await, Ok(FORMAT));
    }
}
