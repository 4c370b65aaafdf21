//! Compares the expansion of generated calendar objects with independent implementations; run by
//! `cargo xtask differential`.
//!
//! `differential generate COUNT SEED FOLDER` writes the cases with our answers, in two files of JSON lines;
//! `differential compare FOLDER [DOCUMENT]` reads the answers of the others beside them, classes every difference, and
//! writes the table of explanations into DOCUMENT. `differential show SEED ID` prints one case.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a development tool speaks to its terminal")]
#![allow(
    clippy::format_push_string,
    reason = "a drawn object is put together once, and read more often than drawn"
)]

mod case;
mod compare;
mod document;
mod draw;
mod explain;
mod rules;
mod series;
mod zones;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use case::Case;

/// Files of cases, each for one process of every oracle.
const PARTS: u64 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done =
        match arguments.as_slice() {
            ["generate", count, seed, folder] => number(count)
                .and_then(|count| Ok((count, number(seed)?)))
                .and_then(|(count, seed)| generate(count, seed, Path::new(folder))),
            ["show", seed, id] => {
                number(seed).and_then(|seed| Ok((seed, number(id)?))).map(|(seed, id)| show(seed, id))
            }
            ["compare", folder] => compare::compare(Path::new(folder), PARTS, None),
            ["compare", folder, document] => {
                compare::compare(Path::new(folder), PARTS, Some(Path::new(document)))
            }
            _ => Err("differential generate COUNT SEED FOLDER | compare FOLDER [DOCUMENT] | show SEED ID"
                .to_owned()),
        };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("differential: {why}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn generate(count: u64, seed: u64, folder: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(told)?;
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..PARTS)
            .map(|part| {
                scope.spawn(move || {
                    let mut out = BufWriter::new(File::create(folder.join(format!("cases-{part}.jsonl")))?);
                    for id in (part..count).step_by(usize::try_from(PARTS).unwrap_or(1)) {
                        writeln!(out, "{}", Case::drawn(seed, id).to_json())?;
                    }
                    out.flush()
                })
            })
            .collect();
        parts.into_iter().try_for_each(|part| {
            part.join().map_err(|_| "a case made the generator panic".to_owned())?.map_err(told)
        })
    })
}

fn show(seed: u64, id: u64) {
    let case = Case::drawn(seed, id);
    println!(
        "{}\nwindow {} to {}, {} {:?}",
        case.ics.replace('\r', ""),
        case.window.start,
        case.window.end,
        case.zone,
        case.tags
    );
    for answer in &case.ours {
        println!("{} {} {:05b}", show_instant(answer[0]), show_instant(answer[1]), answer[2]);
    }
}

/// UTC seconds as they are written in a calendar.
pub(crate) fn show_instant(unix: i64) -> String {
    calendar::time::Instant::from_unix(unix).to_ical()
}
