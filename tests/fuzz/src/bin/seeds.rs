//! Writes the seeds of every target into folders of their names: `seeds FOLDER`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use fuzz::{TARGETS, seeds};

fn main() -> ExitCode {
    match env::args().nth(1).map(PathBuf::from).map_or_else(|| Err("seeds FOLDER".to_owned()), write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            #[allow(clippy::print_stderr, reason = "a program of the command line")]
            {
                eprintln!("seeds: {why}");
            }
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is given away")]
fn write(folder: PathBuf) -> Result<(), String> {
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (at, seed) in seeds::of(target)?.iter().enumerate() {
            let file = folder.join(format!("seed-{at:04}"));
            fs::write(&file, seed).map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    Ok(())
}
