//! `kalends demo`: everything to be tried within a second, on this machine alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use calendar::time::Instant;

use super::console::Console;
use super::exit::Exit;
use super::init::password;
use super::log;
use super::parse::Given;
use super::serve::{Server, until_interrupted};
use crate::config;
use crate::config::environment::Environment;
use crate::config::settings::{Settings, Surface};
use crate::listen::{self, Bound};

/// Where it listens if nobody has that port.
const PORT: u16 = 8080;
/// Ports tried after it.
const PORTS_TRIED: u16 = 100;

/// What the demo is made of: file and content.
const FILES: [(&str, &str); 3] = [
    ("calendars/work.ics", include_str!("../../config/demo/work.ics")),
    ("calendars/university.ics", include_str!("../../config/demo/university.ics")),
    ("calendars/family.ics", include_str!("../../config/demo/family.ics")),
];
const CONFIGURATION: &str = include_str!("../../config/demo/kalends.toml");

/// Runs the demo until Ctrl-C.
pub async fn run(given: &Given, console: &Console) -> Exit {
    let folder = PathBuf::from(given.option("dir").unwrap_or("kalends-demo"));
    let port = match given.option("port").map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) => Some(port),
        Some(Err(_)) => {
            console.error("--port needs a number from 0 to 65535");
            return Exit::Usage;
        }
    };
    match demo(&folder, port, console).await {
        Ok(()) => Exit::Done,
        Err(what) => {
            console.error(what);
            Exit::Failed
        }
    }
}

async fn demo(folder: &Path, port: Option<u16>, console: &Console) -> Result<(), String> {
    let (bound, address) = bind(port, console).await?;
    let settings = prepare(folder, address).map_err(|error| format!("{}: {error}", folder.display()))??;
    log::begin(crate::config::settings::Log { level: "warn", ..settings.log });
    let server = Server::start_on(settings, bound).await?;
    let house = server.houses.current();
    // The calendars are there when the addresses are printed.
    house.puller.run_due().await;
    let password = std::fs::read_to_string(folder.join("password")).unwrap_or_default();
    introduce(console, &folder.display().to_string(), address, (password.trim(), house.world.now()));
    until_interrupted().await;
    console.note("\nThe demo ends. What it kept is in its folder; delete that to begin anew.");
    server.stop().await;
    Ok(())
}

/// The port asked for, or 8080, or the next that is free.
async fn bind(port: Option<u16>, console: &Console) -> Result<(Vec<Bound>, SocketAddr), String> {
    let surfaces = [Surface::Booking, Surface::CalDav, Surface::Metrics].into();
    let mut listen = config::settings::Listen {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(PORT))),
        front: config::settings::Front::Plain,
        surfaces,
    };
    loop {
        match listen::bind(std::slice::from_ref(&listen)).await {
            Ok(bound) => {
                let address = bound.first().map_or(listen.address, |bound| bound.address);
                if port.is_none() && address.port() != PORT {
                    console.note(format_args!(
                        "Port {PORT} is taken by another program; {} is used.",
                        address.port()
                    ));
                }
                return Ok((bound, address));
            }
            Err(error)
                if port.is_none()
                    && error.reason.kind() == std::io::ErrorKind::AddrInUse
                    && listen.address.port() < PORT + PORTS_TRIED =>
            {
                listen.address.set_port(listen.address.port() + 1);
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Writes what is missing and reads the settings; what somebody changed in the folder stays.
fn prepare(folder: &Path, address: SocketAddr) -> std::io::Result<Result<Settings, String>> {
    std::fs::create_dir_all(folder.join("calendars"))?;
    std::fs::create_dir_all(folder.join("mail"))?;
    for (name, content) in FILES {
        let path = folder.join(name);
        if !path.exists() {
            std::fs::write(path, content)?;
        }
    }
    let secret = folder.join("password");
    if !secret.exists() {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&secret)?;
        writeln!(file, "{}", password())?;
    }
    let path = folder.join("kalends.toml");
    let text = CONFIGURATION
        .replace("{url}", &format!("http://{address}"))
        .replace("{address}", &address.to_string());
    std::fs::write(&path, text)?;
    let loaded = config::load(&path, &Environment::default());
    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    Ok(loaded.settings.ok_or_else(|| problems.join("\n")))
}

fn introduce(console: &Console, folder: &str, address: SocketAddr, (password, now): (&str, Instant)) {
    let url = format!("http://{address}");
    let until = now.plus(14 * 86_400);
    if console.manner.json {
        console.json(&serde_json::json!({
            "booking_page": format!("{url}/demo"),
            "caldav": format!("{url}/dav/"),
            "user": "demo",
            "password": password,
            "folder": folder,
        }));
        return;
    }
    console.line(console.bold("Kalends demo: three calendars of one person, made one."));
    console.line("");
    console.line(format_args!("  Booking page   {}", console.bold(format!("{url}/demo"))));
    console.line(format_args!("  CalDAV         {}", console.bold(format!("{url}/dav/"))));
    console.line(format_args!(
        "                 user {}  password {}",
        console.bold("demo"),
        console.bold(password)
    ));
    console.line(format_args!(
        "  Data           {folder}/  (mail is written to {folder}/mail/ and goes nowhere)"
    ));
    console.line("");
    console.line("When is Dana busy in the next two weeks? One question to all calendars at once:");
    console.line("");
    console.line(format_args!(
        "  curl -s -u demo:{password} -X REPORT {url}/dav/calendars/demo/unified/ -H 'Depth: 1' -H 'Content-Type: application/xml' \
         -d '<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:time-range start=\"{}\" end=\"{}\"/></C:free-busy-query>'",
        now.to_ical(),
        until.to_ical()
    ));
    console.line("");
    console.line(format_args!("Or: kalends freebusy demo today +14d --config {folder}/kalends.toml"));
    console.line(console.faint("Ctrl-C ends it."));
}

#[cfg(test)]
mod tests {
    use calendar::feed::Feed;
    use calendar::limits::Limits;

    use super::*;

    #[test]
    fn the_demo_is_a_sound_configuration_and_keeps_what_was_changed() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("demo");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8123));
        let settings = prepare(&folder, address).unwrap().unwrap();
        assert_eq!(settings.server.public_url, "http://127.0.0.1:8123");
        assert_eq!(settings.hosts[0].owner.sources.len(), 3);
        assert_eq!(settings.hosts[0].event_types.len(), 2);
        std::fs::write(folder.join("calendars/work.ics"), "mine").unwrap();
        let password = std::fs::read_to_string(folder.join("password")).unwrap();
        prepare(&folder, address).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("calendars/work.ics")).unwrap(), "mine");
        assert_eq!(std::fs::read_to_string(folder.join("password")).unwrap(), password);
    }

    #[test]
    fn the_calendars_of_the_demo_are_read_without_warnings() {
        for (name, text) in FILES {
            let feed = Feed::read(text.as_bytes(), &Limits::default()).unwrap();
            assert!(feed.objects.len() >= 5, "{name}");
            assert!(feed.warnings.is_empty(), "{name}: {:?}", feed.warnings);
        }
    }
}
