//! An owner's home: counts the comings and goings of its collections, so that whoever looked at all of them can say so.

use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use store::Change;
use store::engine::Version;
use store::records::Table;

use crate::world::{World, refusal_of};

/// How often the list of an owner's collections, or a record in it, has changed: key owner.
const TABLE: Table = Table("homes");

/// The version of the list.
///
/// # Errors
/// If the store cannot be read.
pub async fn version(world: &World, owner: &str) -> Result<Version, Refusal> {
    Ok(count(world, owner).await?.1)
}

/// Makes `change` apply only if the list is as it was at `version`.
pub fn expect_version(change: &mut Change, owner: &str, version: Version) {
    change.expect_record(TABLE, &[owner], version);
}

/// Makes `change` apply only if no collection of `owner` comes, goes or changes its record from now on.
///
/// # Errors
/// If the store cannot be read.
pub async fn expect(world: &World, change: &mut Change, owner: &PrincipalId) -> Result<(), Refusal> {
    expect_version(change, owner.as_str(), version(world, owner.as_str()).await?);
    Ok(())
}

/// Adds to `change` that a collection of `owner` comes, goes or changes its record.
///
/// # Errors
/// If the store cannot be read.
pub async fn touch(world: &World, change: &mut Change, owner: &PrincipalId) -> Result<(), Refusal> {
    let (count, version) = count(world, owner.as_str()).await?;
    change.put_record(TABLE, &[owner.as_str()], &(count + 1), version);
    Ok(())
}

async fn count(world: &World, owner: &str) -> Result<(u64, Version), Refusal> {
    let seen = world.store.record::<u64>(TABLE, &[owner]).await.map_err(refusal_of)?;
    Ok(seen.unwrap_or((0, 0)))
}
