//! `kalends access …`: what owners let others do with their calendars.

use aggregator::access::delegate::{self, Extent, Level};
use calendar::collection::{CollectionName, PrincipalId};
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::common;
use super::console::Console;
use super::exit::{Failure, Outcome};
use super::parse::Given;
use crate::house::House;

/// What everybody is called.
const EVERYBODY: &str = "everybody";

/// How far somebody goes, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    FreeBusy,
    Read,
    Write,
}

impl Word {
    const ALL: [(&'static str, Self); 3] =
        [("free-busy", Self::FreeBusy), ("read", Self::Read), ("write", Self::Write)];

    fn level(self) -> Level {
        match self {
            Self::FreeBusy => Level::FreeBusy,
            Self::Read => Level::Read,
            Self::Write => Level::Write,
        }
    }
}

/// Of whose what, who, and how far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    of: String,
    who: String,
    word: Word,
}

/// Of whose what, and who.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    of: String,
    who: String,
}

/// Whose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    owner: String,
}

impl Grant {
    /// As it was typed.
    ///
    /// # Errors
    /// For a word that is not known.
    pub fn of(given: &Given) -> Result<Self, String> {
        let typed = given.place(2);
        let word = Word::ALL.into_iter().find(|(name, _)| *name == typed).map(|(_, word)| word);
        let word = word.ok_or_else(|| format!("`{typed}` is none of free-busy, read and write"))?;
        Ok(Self { of: given.place(0).to_owned(), who: given.place(1).to_owned(), word })
    }

    /// Grants it.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let extent = extent(house, &self.of)?;
        let who = somebody(house, &self.who)?;
        let granted = delegate::grant(&house.world, &extent, who.as_ref(), self.word.level()).await;
        granted.map_err(|refusal| told(refusal, &self.of))?;
        show(house, &extent.owner, console).await
    }
}

impl Revoke {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self { of: given.place(0).to_owned(), who: given.place(1).to_owned() }
    }

    /// Takes it back.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let extent = extent(house, &self.of)?;
        let who = somebody(house, &self.who)?;
        let revoked = delegate::revoke(&house.world, &extent, who.as_ref()).await;
        revoked.map_err(|refusal| told(refusal, &self.of))?;
        show(house, &extent.owner, console).await
    }
}

impl List {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self { owner: given.place(0).to_owned() }
    }

    /// Lists it.
    pub async fn run(self, house: &House, console: &Console) -> Outcome {
        let owner = PrincipalId::new(common::host(house, &self.owner)?.owner.id.as_str());
        show(house, &owner, console).await
    }
}

/// `OWNER` or `OWNER/CALENDAR`.
fn extent(house: &House, typed: &str) -> Result<Extent, Failure> {
    let (owner, calendar) = match typed.split_once('/') {
        Some((owner, calendar)) => (owner, Some(calendar)),
        None => (typed, None),
    };
    let id = &common::host(house, owner)?.owner.id;
    let calendar = calendar.map(|calendar| CollectionName::new(id, calendar));
    Ok(Extent { owner: PrincipalId::new(id.as_str()), calendar })
}

/// An owner, or `None` for everybody.
fn somebody(house: &House, typed: &str) -> Result<Option<PrincipalId>, Failure> {
    if typed == EVERYBODY {
        return Ok(None);
    }
    Ok(Some(PrincipalId::new(common::host(house, typed)?.owner.id.as_str())))
}

fn told(refusal: Refusal, of: &str) -> Failure {
    match refusal {
        Refusal::NotFound => Failure::refused(format!("there is no calendar {of}")),
        other => other.into(),
    }
}

async fn show(house: &House, owner: &PrincipalId, console: &Console) -> Outcome {
    let all = delegate::list(&house.world, owner).await?;
    if console.manner.json {
        let list: Vec<_> = all
            .iter()
            .map(|one| json!({"calendar": one.calendar, "who": one.who, "what": one.what}))
            .collect();
        console.json(&list);
        return Ok(());
    }
    if all.is_empty() {
        console.line(format_args!("nobody may do anything with the calendars of {owner} but {owner}"));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .map(|one| vec![one.calendar.unwrap_or_else(|| "everything".to_owned()), one.who, one.what])
        .collect();
    console.table(&["CALENDAR", "WHO", "WHAT"], &rows);
    Ok(())
}
