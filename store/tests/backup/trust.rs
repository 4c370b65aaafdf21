//! What is sealed, damaged, missing, edited or half there.

use std::collections::BTreeSet;
use std::sync::Arc;

use store::backup::{BackupError, Keep, VaultError, copy};
use store::check::check;
use store::engine::choice::EngineChoice;
use store::migration::{self, MigrationError};

use super::household::{Cellar, DAY, House, MAY, at, chance, object, put, rows, work};
use super::{archive, extras, furnished, key, take};

#[tokio::test]
async fn what_is_sealed_tells_nothing_without_the_key() {
    let house = furnished(EngineChoice::Memory).await;
    let vault = Arc::new(Cellar::default());
    archive(&vault, None).take(&house.engine, &extras(), at(MAY), &chance).await.unwrap();
    let plain = vault.names("chunks/");
    let blobs = std::mem::take(&mut *vault.blobs.lock().unwrap());
    assert!(blobs.values().all(|blob| blob.is_empty() || is_readable(&blob[13..])), "without a key they are");
    let sealed = archive(&vault, Some(key(1)));
    let taken = sealed.take(&house.engine, &extras(), at(MAY), &chance).await.unwrap();
    let digest = |name: &String| name.rsplit('/').next().unwrap().to_owned();
    let names: BTreeSet<String> = vault.names("chunks/").iter().map(digest).collect();
    assert_eq!(names.len(), plain.len());
    assert!(
        names.is_disjoint(&plain.iter().map(digest).collect()),
        "a name is not the digest of what is known"
    );
    for (name, blob) in vault.blobs.lock().unwrap().iter() {
        for word in ["event-1", "kalends.toml", "\"rows\"", "memory"] {
            assert!(!String::from_utf8_lossy(blob).contains(word), "{word} in {name}");
        }
        assert!(!is_readable(&blob[13..]) && !is_readable(blob.get(37..).unwrap_or_default()), "{name}");
    }
    for other in [Some(key(2)), None] {
        let other = archive(&vault, other);
        let refused = |error: BackupError| match error {
            BackupError::WrongKey { sealed_with, .. } => {
                assert!(sealed_with.starts_with("key "), "{sealed_with}");
            }
            error => panic!("{error}"),
        };
        refused(other.snapshots().await.unwrap_err());
        refused(other.verify(&taken).await.unwrap_err());
        refused(other.extras(&taken).await.unwrap_err());
        let into = House::new(EngineChoice::Memory);
        refused(other.restore(&taken, &into.engine, &chance).await.unwrap_err());
        assert!(rows(&into.engine).await.is_empty());
    }
    assert_eq!(format!("{:?}", Some(key(7))), "Some(BackupKey)");
}

/// Whether octets are deflated text of a store.
fn is_readable(octets: &[u8]) -> bool {
    use std::io::Read;
    let mut out = Vec::new();
    let read = flate2::read::DeflateDecoder::new(octets).read_to_end(&mut out);
    let text = String::from_utf8_lossy(&out);
    read.is_ok() && ["event-1", "[server]", "\"rows\""].iter().any(|word| text.contains(word))
}

#[tokio::test]
async fn two_keys_and_none_share_a_vault() {
    let house = furnished(EngineChoice::Memory).await;
    let vault = Arc::new(Cellar::default());
    let mut taken = Vec::new();
    for key in [None, Some(key(1)), Some(key(2))] {
        taken.push(take(&archive(&vault, key), &house, MAY).await);
    }
    let keep = Keep { all_for: 0, daily_for: 0, monthly_for: 0 };
    for (key, snapshot) in [None, Some(key(1)), Some(key(2))].into_iter().zip(taken) {
        let archive = archive(&vault, key);
        assert_eq!(archive.snapshots().await.unwrap(), std::slice::from_ref(&snapshot));
        assert_eq!(archive.survey().await.unwrap().of_other_keys.len(), 2);
        let pruned = archive.prune(keep, at(MAY + 900 * DAY)).await.unwrap();
        assert_eq!((pruned.snapshots, pruned.chunks, pruned.kept), (0, 0, 1));
        archive.verify(&snapshot).await.unwrap();
    }
}

#[tokio::test]
async fn a_flipped_bit_or_a_missing_blob_is_found_wherever_it_is() {
    let house = furnished(EngineChoice::Memory).await;
    for key in [None, Some(key(1))] {
        let vault = Arc::new(Cellar::default());
        let archive = archive(&vault, key);
        let taken = archive.take(&house.engine, &extras()[..1], at(MAY), &chance).await.unwrap();
        let blobs = vault.blobs.lock().unwrap().clone();
        assert!(blobs.len() > 3);
        for (name, blob) in &blobs {
            vault.blobs.lock().unwrap().remove(name);
            let missing = BackupError::Missing { name: name.clone() };
            assert_eq!(archive.verify(&taken).await, Err(missing.clone()));
            for place in 0..40 {
                let mut spoilt = blob.clone();
                // The front and the end, and places between.
                let octet = if place < 16 { place } else { blob.len() * (place - 15) / 25 };
                let octet = octet.min(blob.len() - 1);
                spoilt[octet] ^= 1 << (place % 8);
                vault.blobs.lock().unwrap().insert(name.clone(), spoilt);
                match archive.verify(&taken).await {
                    Err(
                        BackupError::Damaged { name: said, .. } | BackupError::WrongKey { name: said, .. },
                    ) => {
                        assert_eq!(&said, name);
                    }
                    other => panic!("octet {octet} of {name}: {other:?}"),
                }
            }
            vault.blobs.lock().unwrap().insert(name.clone(), blob[..blob.len() - 1].to_vec());
            assert!(matches!(archive.verify(&taken).await, Err(BackupError::Damaged { .. })));
            vault.blobs.lock().unwrap().insert(name.clone(), [blob.as_slice(), b"x"].concat());
            assert!(matches!(archive.verify(&taken).await, Err(BackupError::Damaged { .. })));
            vault.blobs.lock().unwrap().insert(name.clone(), blob.clone());
        }
        archive.verify(&taken).await.unwrap();
    }
}

/// Where there is no key, whoever can write to the vault can write a manifest; but not under another's name.
#[tokio::test]
async fn a_manifest_that_was_edited_is_not_believed() {
    use std::io::{Read, Write};
    let house = furnished(EngineChoice::Memory).await;
    let vault = Arc::new(Cellar::default());
    let archive = archive(&vault, None);
    let taken = take(&archive, &house, MAY).await;
    let name = format!("snapshots/{}", taken.name);
    let blob = vault.blobs.lock().unwrap()[&name].clone();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(&blob[13..]).read_to_string(&mut text).unwrap();
    let edited = text.replace(&format!("\"rows\":{}", taken.rows), "\"rows\":1");
    assert_ne!(edited, text);
    let mut out = flate2::write::DeflateEncoder::new(blob[..13].to_vec(), flate2::Compression::best());
    out.write_all(edited.as_bytes()).unwrap();
    vault.blobs.lock().unwrap().insert(name.clone(), out.finish().unwrap());
    assert!(
        matches!(archive.verify(&taken).await, Err(BackupError::Damaged { name: said, .. }) if said == name)
    );
    assert!(matches!(archive.snapshots().await, Err(BackupError::Damaged { .. })));
    // What it needs is unknown, so nothing is removed; what is taken next is whole.
    let keep = Keep { all_for: 0, daily_for: 0, monthly_for: 0 };
    let before = vault.names("chunks/");
    assert!(matches!(archive.prune(keep, at(MAY)).await, Err(BackupError::Damaged { .. })));
    assert_eq!(vault.names("chunks/"), before);
    let next = take(&archive, &house, MAY + 60).await;
    assert!(next.added_octets > 0);
    archive.verify(&next).await.unwrap();
    assert_eq!(archive.snapshots().await.unwrap(), [next]);
    // A good one under another's name.
    let later = format!("snapshots/{}", taken.name.replace("2026-", "2027-"));
    vault.blobs.lock().unwrap().remove(&name);
    vault.blobs.lock().unwrap().insert(later.clone(), blob);
    let survey = archive.survey().await.unwrap();
    assert!(matches!(survey.damaged.as_slice(), [BackupError::Damaged { name, .. }] if *name == later));
}

#[tokio::test]
async fn only_an_empty_store_is_restored_into_and_half_a_one_is_known() {
    let house = furnished(EngineChoice::Redb).await;
    let vault = Arc::new(Cellar::default());
    let archive = archive(&vault, Some(key(1)));
    let taken = take(&archive, &house, MAY).await;
    let refused = archive.restore(&taken, &house.engine, &chance).await;
    assert_eq!(refused.unwrap_err(), BackupError::NotEmpty);
    for choice in EngineChoice::ALL {
        // The manifest and the list of chunks come, the chunks do not.
        let other = House::new(choice);
        *vault.calls_left.lock().unwrap() = Some(2);
        let broken = archive.restore(&taken, &other.engine, &chance).await;
        *vault.calls_left.lock().unwrap() = None;
        assert!(matches!(broken, Err(BackupError::Vault { reason: VaultError::Unreachable(_), .. })));
        let House { engine, folder } = other;
        drop(engine);
        let engine = if choice == EngineChoice::Memory {
            continue;
        } else {
            choice.open(folder.path(), 1 << 20).unwrap()
        };
        let unfinished = MigrationError::Unfinished("the backup of 2026-05-28T20:26:40Z".into());
        assert_eq!(migration::needed(&engine).await, Err(unfinished.clone()));
        assert_eq!(migration::run_in(&engine, folder.path(), at(MAY), &chance).await, Err(unfinished));
        assert!(!check(&engine).await.unwrap().is_sound());
        let again = archive.restore(&taken, &engine, &chance).await;
        assert!(matches!(again, Err(BackupError::Unfinished(_))), "{again:?}");
        let backed_up = archive.take(&engine, &[], at(MAY), &chance).await;
        assert!(matches!(backed_up, Err(BackupError::Unfinished(_))));
        assert!(matches!(copy(&engine, &House::new(choice).engine).await, Err(BackupError::Unfinished(_))));
    }
}

/// The vault gives up at any moment: no snapshot is listed that cannot be restored, and the next one is whole.
#[tokio::test]
async fn a_snapshot_is_there_whole_or_not_at_all() {
    let house = furnished(EngineChoice::Memory).await;
    let vault = Arc::new(Cellar::default());
    let archive = archive(&vault, None);
    let mut whole = 0;
    for calls in 0..24 {
        put(&house.store(), &work(), vec![("new", Some(object("new", &format!("{calls}"), vec![])))]).await;
        *vault.calls_left.lock().unwrap() = Some(calls);
        let taken = archive
            .take(&house.engine, &extras(), at(MAY + 100_000 * i64::try_from(calls).unwrap()), &chance)
            .await;
        *vault.calls_left.lock().unwrap() = None;
        let snapshots = archive.snapshots().await.unwrap();
        for snapshot in &snapshots {
            archive.verify(snapshot).await.unwrap();
        }
        whole += usize::from(taken.is_ok());
        assert_eq!(snapshots.len(), whole);
    }
    assert!(whole > 0 && whole < 24, "{whole}");
}
