//! `kalends owner …`: who is served, and the passwords of their devices.

use aggregator::operation::sign_in;
use booking_ui::device::code::Code;
use booking_ui::device::{Account, profile};
use calendar::time::Instant;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::common;
use super::console::Console;
use super::exit::Outcome;
use super::moment;
use super::parse::Given;
use crate::house::House;

/// Lists the owners.
pub fn list(house: &House, console: &Console) -> Outcome {
    let hosts = &house.settings.hosts;
    if console.manner.json {
        let list: Vec<_> = hosts
            .iter()
            .map(|host| {
                json!({
                    "id": host.owner.id,
                    "name": host.owner.name,
                    "emails": host.owner.addresses.iter().filter_map(|address| address.mail()).collect::<Vec<_>>(),
                    "time_zone": host.owner.zone.name(),
                    "sources": host.owner.sources.iter().map(|source| &source.id).collect::<Vec<_>>(),
                    "event_types": host.event_types.iter().map(|event_type| &event_type.slug).collect::<Vec<_>>(),
                })
            })
            .collect();
        console.json(&list);
        return Ok(());
    }
    if hosts.is_empty() {
        console.line("there is no owner; add an [[owner]] to the configuration");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = hosts
        .iter()
        .map(|host| {
            let join = |words: Vec<&str>| if words.is_empty() { "–".to_owned() } else { words.join(", ") };
            vec![
                host.owner.id.clone(),
                host.owner.name.clone(),
                host.owner.addresses.first().and_then(|address| address.mail()).unwrap_or("–").to_owned(),
                host.owner.zone.name().to_owned(),
                join(host.owner.sources.iter().map(|source| source.id.as_str()).collect()),
                join(host.event_types.iter().map(|event_type| event_type.slug.as_str()).collect()),
            ]
        })
        .collect();
    console.table(&["ID", "NAME", "MAIL", "ZONE", "SOURCES", "EVENT TYPES"], &rows);
    Ok(())
}

/// An owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    owner: String,
}

impl Whose {
    /// As it was typed.
    pub fn of(given: &Given) -> Self {
        Self { owner: given.place(0).to_owned() }
    }

    /// Lists the app passwords.
    pub async fn list(self, house: &House, console: &Console) -> Outcome {
        let owner = &common::host(house, &self.owner)?.owner;
        let all = sign_in::list(&house.world, &owner.id).await?;
        if console.manner.json {
            let instant = |seconds: i64| Instant::from_unix(seconds).to_string();
            let list: Vec<_> = all
                .iter()
                .map(|one| {
                    json!({
                        "id": one.id, "name": one.label, "created": instant(one.created),
                        "last_used": one.last_used.map(instant), "last_address": one.last_address,
                    })
                })
                .collect();
            console.json(&list);
            return Ok(());
        }
        if all.is_empty() {
            console.line(format_args!(
                "{} has no device; set one up: kalends device add {} phone",
                owner.id, owner.id
            ));
            return Ok(());
        }
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|one| {
                let at = |seconds| moment::at(Instant::from_unix(seconds), &owner.zone);
                let used = one.last_used.map_or("never".to_owned(), at);
                let from = one.last_address.map_or("–".to_owned(), |address| address.to_string());
                vec![one.id.clone(), one.label.clone(), at(one.created), used, from]
            })
            .collect();
        console.table(&["ID", "NAME", "MADE", "LAST USED", "FROM"], &rows);
        Ok(())
    }
}

/// A device of an owner: its name, or its password's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    owner: String,
    called: String,
    /// Where a profile is to be written.
    #[serde(default)]
    profile: Option<String>,
}

impl Device {
    /// As it was typed.
    ///
    /// # Errors
    /// If the device has no name.
    pub fn of(given: &Given) -> Result<Self, String> {
        let called = given.option("label").unwrap_or(given.place(1)).trim().to_owned();
        if called.is_empty() || called.chars().any(char::is_control) {
            return Err("name the device, such as phone".to_owned());
        }
        let profile = given.option("mobileconfig").map(str::to_owned);
        Ok(Self { owner: given.place(0).to_owned(), called, profile })
    }

    /// Makes a password and shows, once, everything that a device is set up with.
    pub async fn set_up(self, house: &House, console: &Console) -> Outcome {
        let owner = &common::host(house, &self.owner)?.owner;
        let (record, password) = sign_in::add(&house.world, owner, &self.called).await?;
        let account = Account::new(&house.settings.server.public_url, owner, &record, &password);
        let (address, link) = (account.address(), account.link());
        if let Some(path) = &self.profile {
            console.file(path, &profile::profile(&account));
        }
        if console.manner.json {
            console.json(&json!({
                "id": record.id, "name": record.label, "user": owner.id, "password": password, "address": address,
                "link": link, "principal": account.principal(), "mobileconfig": self.profile,
            }));
            return Ok(());
        }
        for line in Code::of(&link).map(|code| code.lines()).unwrap_or_default() {
            // Readers want dark squares on a light ground, whatever the terminal's own colours are.
            console.line(if console.manner.colour { format!("\u{1b}[97;40m{line}\u{1b}[0m") } else { line });
        }
        console.line(format_args!("link       {link}"));
        console.line(format_args!("address    {address}"));
        console.line(format_args!("user       {}", owner.id));
        console.line(format_args!("password   {}", console.bold(&password)));
        if let Some(path) = &self.profile {
            console.line(format_args!("profile    {path}"));
        }
        console.note(format_args!(
            "DAVx5 scans the code or opens the link. None of this is shown again. To end it: kalends device revoke {} {}",
            owner.id, record.id
        ));
        Ok(())
    }

    /// Makes a password and shows it, once.
    pub async fn add(self, house: &House, console: &Console) -> Outcome {
        let owner = &common::host(house, &self.owner)?.owner;
        let (record, password) = sign_in::add(&house.world, owner, &self.called).await?;
        let address = format!("{}/dav/", house.settings.server.public_url);
        if console.manner.json {
            console.json(&json!({
                "id": record.id, "name": record.label, "user": owner.id, "password": password, "address": address,
            }));
        } else {
            console.line(format_args!("address    {address}"));
            console.line(format_args!("user       {}", owner.id));
            console.line(format_args!("password   {}", console.bold(&password)));
            console.note("It is not shown again. Its id, to revoke it: ".to_owned() + &record.id);
        }
        Ok(())
    }

    /// Ends a password.
    pub async fn revoke(self, house: &House, console: &Console) -> Outcome {
        let owner = &common::host(house, &self.owner)?.owner;
        let all = sign_in::list(&house.world, &owner.id).await?;
        let found: Vec<_> =
            all.iter().filter(|one| one.id == self.called || one.label == self.called).collect();
        let [one] = found.as_slice() else {
            let what = if found.is_empty() {
                "there is no such password"
            } else {
                "several passwords have this name: give the id"
            };
            let help = format!("kalends device list {}", owner.id);
            return Err(super::exit::Failure { help: vec![help], ..super::exit::Failure::refused(what) });
        };
        sign_in::revoke(&house.world, &owner.id, &one.id).await?;
        if console.manner.json {
            console.json(&json!({"revoked": one.id, "name": one.label}));
        } else {
            console.line(format_args!("revoked: {} ({})", one.label, one.id));
        }
        Ok(())
    }
}
