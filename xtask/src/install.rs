//! What the tests need besides Rust: Debian packages, two Python environments, one npm package; all below `target/`
//! except the Debian packages, all pinned, nothing done twice.

use std::fs;

use crate::run::{Run, command, root, succeeds};

/// Debian packages with the program that shows that each is there.
pub(crate) const PACKAGES: &[(&str, &str)] = &[
    ("chromium", "chromium"),
    ("nodejs", "node"),
    ("npm", "npm"),
    ("curl", "curl"),
    ("python3-venv", "python3"),
    ("systemd", "systemd-analyze"),
    ("gcc", "gcc"),
    ("litmus", "litmus"),
    ("thunderbird", "thunderbird"),
    ("dbus-daemon", "dbus-run-session"),
    ("evolution-data-server", "/usr/libexec/evolution-calendar-factory"),
];

/// The system's Python can speak to evolution-data-server.
const EVOLUTION: &str =
    "import gi; gi.require_version('ECal', '2.0'); gi.require_version('EDataServer', '1.2')";

/// The library whose functional tests are run: they come with its source package only.
const CALDAV_SOURCE: &str = "caldav==3.6.0";

/// Installs the packages whose programs are missing.
pub(crate) fn debian(packages: &[(&str, &str)]) -> Run {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|(_, program)| !succeeds("sh", &["-c", &format!("command -v {program}")]))
        .map(|(package, _)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !succeeds("sh", &["-c", "command -v apt-get"]) {
        return Err(format!(
            "please install {}: this is no Debian that could be asked to",
            missing.join(", ")
        ));
    }
    let sudo = if succeeds("sh", &["-c", "test $(id -u) = 0"]) { "" } else { "sudo " };
    command("sh", &["-c", &format!("{sudo}apt-get update -qq")])?;
    let line = format!(
        "{sudo}DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {}",
        missing.join(" ")
    );
    command("sh", &["-c", &line])
}

/// Installs a package that holds no program, if its header is missing.
pub(crate) fn debian_header(package: &str, header: &str) -> Run {
    if succeeds("test", &["-e", header]) { Ok(()) } else { debian(&[(package, package)]) }
}

/// Installs what lets the system's Python speak to evolution-data-server, if it cannot.
pub(crate) fn evolution() -> Run {
    if succeeds("/usr/bin/python3", &["-c", EVOLUTION]) {
        return Ok(());
    }
    debian(&[("python3-gi", "python3-gi"), ("gir1.2-ecal-2.0", "gir1.2-ecal-2.0")])
}

/// A Python environment `target/NAME` with the pinned requirements of `tests/acceptance/FILE`.
pub(crate) fn python(name: &str, file: &str) -> Run {
    python_with(name, &format!("tests/acceptance/{file}"))
}

/// A Python environment `target/NAME` with the pinned requirements of the file `wanted`.
fn python_with(name: &str, wanted: &str) -> Run {
    let folder = format!("target/{name}");
    if installed(&folder, &[wanted])? {
        return Ok(());
    }
    command("python3", &["-m", "venv", "--clear", &folder])?;
    command(&format!("{folder}/bin/pip"), &["install", "-q", "--disable-pip-version-check", "-r", wanted])?;
    remember(&folder, &[wanted])
}

/// Suites of others: `target/venv-suites`, and a source package in `target/suites`.
pub(crate) fn suites() -> Run {
    python("venv-suites", "requirements-suites.txt")?;
    let name = CALDAV_SOURCE.replace("==", "-");
    if root().join(format!("target/suites/{name}.tar.gz")).exists() {
        return Ok(());
    }
    let from_source = ["download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"];
    let words = [&from_source[..], &["-d", "target/suites", CALDAV_SOURCE]].concat();
    command("target/venv-suites/bin/pip", &words)
}

/// What the differential tests compare with: `target/venv-differential` and `target/npm-differential`.
pub(crate) fn differential() -> Run {
    python_with("venv-differential", "tests/differential/requirements.txt")?;
    node_with("target/npm-differential", "tests/differential")
}

/// The browser driver in `target/npm`, as its lock file says.
pub(crate) fn node() -> Run {
    node_with("target/npm", "tests/acceptance")
}

/// The npm packages of `folder` in `target`, as their lock file says.
fn node_with(target: &str, folder: &str) -> Run {
    let files = [format!("{folder}/package.json"), format!("{folder}/package-lock.json")];
    let files = [files[0].as_str(), files[1].as_str()];
    if installed(target, &files)? {
        return Ok(());
    }
    let line = format!(
        "mkdir -p {target} && cp {} {target}/ && cd {target} && npm ci --no-fund --no-audit",
        files.join(" ")
    );
    command("sh", &["-c", &line])?;
    remember(target, &files)
}

fn installed(folder: &str, files: &[&str]) -> Result<bool, String> {
    Ok(fs::read_to_string(root().join(folder).join(".installed"))
        .is_ok_and(|kept| Ok(kept) == contents(files)))
}

fn remember(folder: &str, files: &[&str]) -> Run {
    fs::write(root().join(folder).join(".installed"), contents(files)?).map_err(|error| error.to_string())
}

fn contents(files: &[&str]) -> Result<String, String> {
    files
        .iter()
        .map(|file| fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}")))
        .collect()
}
