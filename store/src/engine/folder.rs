//! The folder that a store lies in: made so that a power cut does not take it, and told by name where it cannot be used.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::EngineError;
use super::failure::of_io;

/// Makes `folder` and what is missing above it, with their names on disk.
pub(crate) fn make(folder: &Path) -> Result<(), EngineError> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(folder).map_err(|error| of_opening(&error, folder))?;
    for made in missing {
        sync_parent(made).map_err(|error| of_opening(&error, made))?;
    }
    // It may have been made by a process that was killed before it synced the name. Where the folder above may not be
    // read it was made by somebody else, long ago.
    let _ = sync_parent(folder);
    Ok(())
}

/// Puts the names in `folder` on disk.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        // A relative path of one name lies in the current folder.
        Some(parent) if parent.as_os_str().is_empty() => sync(Path::new(".")),
        Some(parent) => sync(parent),
        None => Ok(()),
    }
}

/// What it means that `path` could not be opened or made, with the remedy.
pub(crate) fn of_opening(error: &io::Error, path: &Path) -> EngineError {
    let path = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => EngineError::Io(format!(
            "{path} may not be read and written ({error}): give it to the user that runs this program (chown), or name \
             another folder in the settings"
        )),
        ErrorKind::ReadOnlyFilesystem => EngineError::Io(format!(
            "{path} lies on a file system that is read-only ({error}): mount it writable, or name another folder in the \
             settings; if the operating system has made it read-only by itself, look at the disk first"
        )),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => EngineError::Io(format!(
            "{path} is no folder ({error}): move what lies there away, or name another folder in the settings"
        )),
        _ => match of_io(error) {
            EngineError::Io(why) => EngineError::Io(format!("{path}: {why}")),
            other => other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above_are_made_too() {
        let house = tempfile::tempdir().unwrap();
        let folder = house.path().join("a/b/c");
        make(&folder).unwrap();
        make(&folder).unwrap();
        assert!(folder.is_dir());
    }

    #[test]
    fn what_is_no_folder_is_named() {
        let house = tempfile::tempdir().unwrap();
        let file = house.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("below")] {
            let Err(EngineError::Io(why)) = make(&path) else { panic!("{}", path.display()) };
            assert!(why.starts_with(&path.display().to_string()) && why.contains("is no folder"), "{why}");
        }
    }
}
