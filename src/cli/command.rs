//! Commands that need the store, as values: they run here, or travel to the server that has the store open.

use serde::{Deserialize, Serialize};

use super::console::Console;
use super::exit::Exit;
use super::parse::Given;
use super::{access, backup, booking, export, freebusy, import, owner, slots, source, verify};
use crate::house::House;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// Busy time.
    Freebusy(freebusy::Freebusy),
    /// Open slots.
    Slots(slots::Slots),
    /// Why a time is open or not.
    Why(slots::Why),
    /// Book.
    Book(booking::Book),
    /// What is booked.
    BookingList(booking::List),
    /// One booking.
    BookingShow(booking::Which),
    /// Move one.
    BookingReschedule(booking::Reschedule),
    /// Cancel one.
    BookingCancel(booking::Cancel),
    /// The linked calendars.
    SourceList(source::Which),
    /// Ask them now.
    SourceSync(source::Which),
    /// How they are.
    SourceStatus(source::Which),
    /// The owners.
    OwnerList,
    /// A device, set up.
    DeviceAdd(owner::Device),
    /// A new app password.
    AppPasswordAdd(owner::Device),
    /// The app passwords.
    AppPasswordList(owner::Whose),
    /// End one.
    AppPasswordRevoke(owner::Device),
    /// Lets somebody do something.
    AccessGrant(access::Grant),
    /// Takes it back.
    AccessRevoke(access::Revoke),
    /// What others may do.
    AccessList(access::List),
    /// Events in.
    Import(import::Import),
    /// Events out.
    Export(export::Export),
    /// A copy now.
    Backup(backup::Now),
    /// Whether the store is in order.
    Verify,
    /// Whether everything works.
    Healthcheck,
}

impl Command {
    /// The command that was given; `None` if it is not one of these.
    ///
    /// # Errors
    /// What is wrong with its arguments.
    pub fn of(given: &Given) -> Result<Option<Self>, String> {
        Ok(Some(match given.spec.words {
            ["freebusy"] => Self::Freebusy(freebusy::Freebusy::of(given)),
            ["slots"] => Self::Slots(slots::Slots::of(given)?),
            ["why"] => Self::Why(slots::Why::of(given)?),
            ["book"] => Self::Book(booking::Book::of(given)?),
            ["booking", "list"] => Self::BookingList(booking::List::of(given)?),
            ["booking", "show"] => Self::BookingShow(booking::Which::of(given)),
            ["booking", "reschedule"] => Self::BookingReschedule(booking::Reschedule::of(given)),
            ["booking", "cancel"] => Self::BookingCancel(booking::Cancel::of(given)),
            ["source", "list"] => Self::SourceList(source::Which::of(given)?),
            ["source", "sync"] => Self::SourceSync(source::Which::of(given)?),
            ["source", "status"] => Self::SourceStatus(source::Which::of(given)?),
            ["owner", "list"] => Self::OwnerList,
            ["device", "add"] => Self::DeviceAdd(owner::Device::of(given)?),
            ["owner", "app-password", "add"] => Self::AppPasswordAdd(owner::Device::of(given)?),
            ["device", "list"] | ["owner", "app-password", "list"] => {
                Self::AppPasswordList(owner::Whose::of(given))
            }
            ["device", "revoke"] | ["owner", "app-password", "revoke"] => {
                Self::AppPasswordRevoke(owner::Device::of(given)?)
            }
            ["access", "grant"] => Self::AccessGrant(access::Grant::of(given)?),
            ["access", "revoke"] => Self::AccessRevoke(access::Revoke::of(given)),
            ["access", "list"] => Self::AccessList(access::List::of(given)),
            ["import"] => Self::Import(import::Import::of(given)?),
            ["export"] => Self::Export(export::Export::of(given)),
            ["backup"] => Self::Backup(backup::Now::of(given)),
            ["healthcheck"] => Self::Healthcheck,
            _ => return Ok(None),
        }))
    }

    /// Whether letters may be waiting afterwards.
    pub const fn writes_letters(&self) -> bool {
        matches!(self, Self::Book(_) | Self::BookingReschedule(_) | Self::BookingCancel(_))
    }

    /// Does it.
    pub async fn run(self, house: &House, console: &Console) -> Exit {
        let done = match self {
            Self::Freebusy(what) => what.run(house, console).await,
            Self::Slots(what) => what.run(house, console).await,
            Self::Why(what) => what.run(house, console).await,
            Self::Book(what) => what.run(house, console).await,
            Self::BookingList(what) => what.run(house, console).await,
            Self::BookingShow(which) => which.show(house, console).await,
            Self::BookingReschedule(what) => what.run(house, console).await,
            Self::BookingCancel(what) => what.run(house, console).await,
            Self::SourceList(which) => which.list(house, console).await,
            Self::SourceSync(which) => which.sync(house, console).await,
            Self::SourceStatus(which) => which.status(house, console).await,
            Self::OwnerList => owner::list(house, console),
            Self::DeviceAdd(device) => device.set_up(house, console).await,
            Self::AppPasswordAdd(device) => device.add(house, console).await,
            Self::AppPasswordList(whose) => whose.list(house, console).await,
            Self::AppPasswordRevoke(device) => device.revoke(house, console).await,
            Self::AccessGrant(what) => what.run(house, console).await,
            Self::AccessRevoke(what) => what.run(house, console).await,
            Self::AccessList(what) => what.run(house, console).await,
            Self::Import(what) => what.run(house, console).await,
            Self::Export(what) => what.run(house, console).await,
            Self::Backup(what) => what.run(house, console).await,
            Self::Verify => verify::of_store(house.world.store.engine(), console).await,
            Self::Healthcheck => healthcheck(house, console).await,
        };
        super::exit::told(done, console)
    }
}

async fn healthcheck(house: &House, console: &Console) -> super::exit::Outcome {
    let readiness = crate::health::readiness(house).await;
    if console.manner.json {
        console.json(&readiness);
    } else {
        for check in &readiness.checks {
            console.line(format_args!(
                "{}  {}: {}",
                if check.ok { "ok  " } else { "FAIL" },
                check.name,
                check.detail
            ));
        }
    }
    if readiness.ready { Ok(()) } else { Err(super::exit::Failure::failed("not everything works")) }
}
