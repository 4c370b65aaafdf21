//! Writing what a source says: edits through the gate, page by page, the link's state with the last one.
//!
//! A step too big for one commit is applied in parts. The cursor goes with the last, so a crash between two parts
//! replays the step and changes nothing that was changed already.

use calendar::refusal::Refusal;
use store::engine::Version;
use store::{Change, Committed};

use super::flight::Key;
use super::{LINKS, LinkState};
use crate::gate::{self, ATTEMPTS_MAX, Edit, Staged};
use crate::source::shortened;
use crate::world::{World, refusal_of};

/// Objects changed in one commit.
const PAGE: usize = 100;

/// What became of some edits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// Objects that are new.
    pub(super) added: usize,
    /// Objects that are other than before.
    pub(super) changed: usize,
    /// Objects that are gone.
    pub(super) removed: usize,
    /// Objects that the gate refused, with its reason.
    pub(super) refused: Vec<String>,
}

impl Applied {
    fn and(&self, staged: &[Staged], refused: &[String]) -> Self {
        let mut sum = self.clone();
        for one in staged {
            match (&one.before, &one.tag) {
                (None, Some(_)) => sum.added += 1,
                (Some(_), Some(_)) => sum.changed += 1,
                (Some(_), None) => sum.removed += 1,
                (None, None) => {}
            }
        }
        sum.refused.extend_from_slice(refused);
        sum
    }
}

/// The state of a link and the version of its row; the default where there is none.
pub(super) async fn link(world: &World, key: &Key) -> Result<(LinkState, Version), Refusal> {
    let row = world.store.record::<LinkState>(LINKS, &[&key.0, &key.1]).await.map_err(refusal_of)?;
    Ok(row.unwrap_or_default())
}

/// Applies `edits`, and with the last page the state that `state_of` makes of what became of them.
///
/// # Errors
/// What the gate says of more than single objects; [`Refusal::Contended`] after too many attempts.
pub(super) async fn apply(
    world: &World,
    key: &Key,
    edits: &[Edit],
    state_of: impl Fn(&Applied) -> LinkState + Send + Sync,
) -> Result<Applied, Refusal> {
    let mut applied = Applied::default();
    let mut pages = edits.chunks(PAGE).peekable();
    loop {
        let page = pages.next().unwrap_or_default();
        let last = pages.peek().is_none();
        applied = write_page(
            world,
            page,
            &applied,
            |change, sum, version| {
                if last {
                    change.put_record(LINKS, &[&key.0, &key.1], &state_of(sum), version);
                }
            },
            key,
        )
        .await?;
        if last {
            return Ok(applied);
        }
    }
}

/// Writes one page together with what `finish` adds.
async fn write_page(
    world: &World,
    page: &[Edit],
    before: &Applied,
    finish: impl Fn(&mut Change, &Applied, Version) + Send + Sync,
    key: &Key,
) -> Result<Applied, Refusal> {
    let mut page = page.to_vec();
    let mut refused = Vec::new();
    // A page at a time: a booking waits for one page at most, not for a whole feed.
    let _turn = world.turns.of(&key.0).await;
    for _ in 0..ATTEMPTS_MAX {
        let (_, version) = link(world, key).await?;
        let mut change = Change::new();
        let staged = match gate::stage(world, &mut change, &page).await {
            Ok(staged) => staged,
            Err(refusal) if concerns_one(&refusal) => {
                let told = sift(world, &mut page).await?;
                if told.is_empty() {
                    return Err(refusal);
                }
                refused.extend(told);
                continue;
            }
            Err(refusal) => return Err(refusal),
        };
        let sum = before.and(&staged, &refused);
        finish(&mut change, &sum, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(sum);
        }
    }
    Err(Refusal::Contended)
}

/// Takes out of `page` what the gate refuses by itself, and tells why: one bad object must not cost the others.
async fn sift(world: &World, page: &mut Vec<Edit>) -> Result<Vec<String>, Refusal> {
    let mut told = Vec::new();
    let mut kept = Vec::with_capacity(page.len());
    for edit in page.drain(..) {
        match gate::stage(world, &mut Change::new(), std::slice::from_ref(&edit)).await {
            Ok(_) => kept.push(edit),
            Err(refusal) if concerns_one(&refusal) => {
                told.push(format!("{}: {refusal}", shortened(edit.name.member.as_str())));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    *page = kept;
    Ok(told)
}

/// Whether a refusal is about an object and not about the store or the collection.
const fn concerns_one(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NotValidObject { .. }
            | Refusal::UidConflict(_)
            | Refusal::UnsupportedComponent(_)
            | Refusal::NotCalendarData
            | Refusal::TooLarge { .. }
            | Refusal::TooManyInstances { .. }
    )
}
