//! A disk that honours flushes and promises nothing else: from what was recorded, the files that a power cut may leave.
//!
//! What was written before a flush of its file began is there once the flush has ended well. Of the rest, each page of
//! 4 KiB (or, torn, each sector of 512 octets) may have any of the contents it had since; the size may be any it had;
//! names made, moved or removed since the last flush of their folder may be so or not. A flush that failed leaves the
//! pages it was about as they may be, and later flushes do not cover them unless they are written again: so Linux does.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::chance::Chance;
use crate::record::{Event, TOLD};

pub(crate) const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// The files below a root by their paths; `None`: a folder.
pub(crate) type Image = BTreeMap<String, Option<Vec<u8>>>;

/// Which of what is not certain is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    /// Only what is certain.
    Least,
    /// All that was written so far, and of the write that comes next its beginning up to any octet.
    Most,
    /// Any of the contents of each page.
    Pages,
    /// Any of the contents of each sector.
    Sectors,
    /// All but one page.
    AllButOne,
    /// Nothing but one page.
    OnlyOne,
}

impl Fate {
    pub(crate) const ALL: [Self; 6] =
        [Self::Most, Self::Pages, Self::Sectors, Self::Least, Self::AllButOne, Self::OnlyOne];
}

#[derive(Clone, Debug)]
enum Name {
    Set(String, usize),
    Gone(String),
    Moved(String, String),
}

/// One change of a page: where it begins in the page, and what it writes.
#[derive(Clone, Debug)]
struct Piece {
    moment: u64,
    given_up: bool,
    from: usize,
    octets: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct File {
    /// What is certain; octets at and beyond `size` are zero.
    certain: Vec<u8>,
    size: usize,
    /// What programs see.
    seen: Vec<u8>,
    pieces: BTreeMap<usize, Vec<Piece>>,
    sizes: Vec<(u64, usize)>,
}

#[derive(Clone, Debug)]
enum Inode {
    File(File),
    Folder { certain: BTreeMap<String, usize>, seen: BTreeMap<String, usize>, pending: Vec<(u64, Name)> },
}

/// The disk as it is at one moment of a recording.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    inodes: Vec<Inode>,
    /// By the number that the operating system knows them by now.
    numbers: BTreeMap<u64, usize>,
    /// When each running flush began.
    flushes: BTreeMap<u64, u64>,
    moment: u64,
}

const ROOT: usize = 0;

/// A write that comes next: to which file, where, and what.
type Next<'a> = (usize, usize, &'a [u8]);

fn folder() -> Inode {
    Inode::Folder { certain: BTreeMap::new(), seen: BTreeMap::new(), pending: Vec::new() }
}

fn apply_name(names: &mut BTreeMap<String, usize>, change: &Name) {
    match change {
        Name::Set(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        Name::Gone(name) => {
            names.remove(name);
        }
        // Where an earlier change did not happen there may be nothing to move.
        Name::Moved(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
    }
}

fn put(content: &mut Vec<u8>, at: usize, octets: &[u8]) {
    if content.len() < at + octets.len() {
        content.resize(at + octets.len(), 0);
    }
    content[at..at + octets.len()].copy_from_slice(octets);
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

impl File {
    fn write(&mut self, moment: u64, offset: usize, octets: &[u8]) {
        let mut at = offset;
        let mut rest = octets;
        while !rest.is_empty() {
            let (page, from) = (at / PAGE, at % PAGE);
            let (now, later) = rest.split_at(rest.len().min(PAGE - from));
            let piece = Piece { moment, given_up: false, from, octets: now.to_vec() };
            self.pieces.entry(page).or_default().push(piece);
            at += now.len();
            rest = later;
        }
        if at > self.seen.len() {
            self.sizes.push((moment, at));
        }
        put(&mut self.seen, offset, octets);
    }

    fn resize(&mut self, moment: u64, size: usize) {
        let before = self.seen.len();
        if size < before {
            self.write(moment, size, &vec![0; before - size]);
        }
        self.seen.resize(size, 0);
        self.sizes.push((moment, size));
    }

    fn flushed(&mut self, before: u64) {
        for (page, pieces) in &mut self.pieces {
            // A page is written as a whole: with the newest piece also those that an earlier flush has given up.
            if pieces.iter().any(|piece| piece.moment < before && !piece.given_up) {
                for piece in pieces.iter().filter(|piece| piece.moment < before) {
                    put(&mut self.certain, page * PAGE + piece.from, &piece.octets);
                }
                pieces.retain(|piece| piece.moment >= before);
            }
        }
        self.pieces.retain(|_, pieces| !pieces.is_empty());
        if let Some((_, size)) = self.sizes.iter().rev().find(|(moment, _)| *moment < before) {
            self.size = *size;
        }
        self.sizes.retain(|(moment, _)| *moment >= before);
    }

    fn not_flushed(&mut self, before: u64) {
        for piece in self.pieces.values_mut().flatten().filter(|piece| piece.moment < before) {
            piece.given_up = true;
        }
    }

    fn image(&self, fate: Fate, next: Option<(usize, &[u8])>, chance: &mut Chance) -> Vec<u8> {
        if fate == Fate::Most {
            let mut content = self.seen.clone();
            if let Some((offset, octets)) = next {
                put(&mut content, offset, &octets[..chance.below(octets.len() + 1)]);
            }
            return content;
        }
        let mut content = self.certain.clone();
        let alone = chance.below(self.pieces.len().max(1));
        // How likely a page is to have reached the disk.
        let share = [1, 5, 9][chance.below(3)];
        for (nth, (page, pieces)) in self.pieces.iter().enumerate() {
            let any = |chance: &mut Chance| {
                if chance.below(10) < share {
                    pieces.len() - chance.below(pieces.len())
                } else {
                    chance.below(pieces.len())
                }
            };
            let start = page * PAGE;
            if fate == Fate::Sectors {
                for sector in (0..PAGE).step_by(SECTOR) {
                    for piece in &pieces[..any(chance)] {
                        put_within(&mut content, start, piece, sector..sector + SECTOR);
                    }
                }
                continue;
            }
            let count = match fate {
                Fate::Pages => any(chance),
                Fate::AllButOne if nth != alone => pieces.len(),
                Fate::OnlyOne if nth == alone => pieces.len(),
                _ => 0,
            };
            for piece in &pieces[..count] {
                put(&mut content, start + piece.from, &piece.octets);
            }
        }
        let size = match (fate, self.sizes.len()) {
            (Fate::Least | Fate::OnlyOne, _) | (_, 0) => self.size,
            (Fate::AllButOne, _) => self.seen.len(),
            (_, count) => match chance.below(count + 1) {
                0 => self.size,
                nth => self.sizes[nth - 1].1,
            },
        };
        content.resize(size, 0);
        content
    }
}

/// Writes of `piece` what lies in `part` of its page.
fn put_within(content: &mut Vec<u8>, start: usize, piece: &Piece, part: std::ops::Range<usize>) {
    let from = part.start.max(piece.from);
    let to = part.end.min(piece.from + piece.octets.len());
    if from < to {
        put(content, start + from, &piece.octets[from - piece.from..to - piece.from]);
    }
}

impl Disk {
    /// The disk of the files below `root`, all of them certain.
    pub(crate) fn of_folder(root: &Path) -> Self {
        let mut disk = Self {
            inodes: vec![folder()],
            numbers: BTreeMap::from([(fs::metadata(root).unwrap().ino(), ROOT)]),
            flushes: BTreeMap::new(),
            moment: 0,
        };
        disk.adopt(root, ROOT);
        disk
    }

    fn adopt(&mut self, path: &Path, into: usize) {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let inode = self.inodes.len();
            let is_folder = entry.file_type().unwrap().is_dir();
            self.inodes.push(if is_folder {
                folder()
            } else {
                let certain = fs::read(entry.path()).unwrap();
                Inode::File(File { size: certain.len(), seen: certain.clone(), certain, ..File::default() })
            });
            self.numbers.insert(entry.metadata().unwrap().ino(), inode);
            if let Inode::Folder { certain, seen, .. } = &mut self.inodes[into] {
                let name = entry.file_name().into_string().unwrap();
                certain.insert(name.clone(), inode);
                seen.insert(name, inode);
            }
            if is_folder {
                self.adopt(&entry.path(), inode);
            }
        }
    }

    fn find(&self, path: &str) -> usize {
        path.split('/').filter(|name| !name.is_empty()).fold(ROOT, |inode, name| match &self.inodes[inode] {
            Inode::Folder { seen, .. } => seen[name],
            Inode::File(_) => panic!("{path} goes through a file"),
        })
    }

    fn name(&mut self, parent: &str, change: Name) {
        let (moment, parent) = (self.moment, self.find(parent));
        let Inode::Folder { seen, pending, .. } = &mut self.inodes[parent] else {
            panic!("a file holds no names")
        };
        apply_name(seen, &change);
        pending.push((moment, change));
    }

    fn file(&mut self, inode: u64) -> &mut File {
        match &mut self.inodes[self.numbers[&inode]] {
            Inode::File(file) => file,
            Inode::Folder { .. } => panic!("a folder is not written"),
        }
    }

    /// What happens next.
    pub(crate) fn advance(&mut self, event: &Event) {
        self.moment += 1;
        let moment = self.moment;
        match event {
            Event::Write { inode, offset, octets } => self.file(*inode).write(moment, *offset, octets),
            Event::Size { inode, size } => self.file(*inode).resize(moment, *size),
            Event::SyncBegins { number } => {
                self.flushes.insert(*number, moment);
            }
            Event::SyncEnds { inode, number, worked } => self.flush_ended(*inode, *number, *worked),
            Event::Create { inode, path, is_folder } => {
                let made = self.inodes.len();
                self.inodes.push(if *is_folder { folder() } else { Inode::File(File::default()) });
                self.numbers.insert(*inode, made);
                let (parent, name) = split(path);
                self.name(parent, Name::Set(name.into(), made));
            }
            Event::Rename { from, to } => {
                let ((parent, from), (other, to)) = (split(from), split(to));
                assert_eq!(parent, other, "a name moves within its folder");
                self.name(parent, Name::Moved(from.into(), to.into()));
            }
            Event::Unlink { path } => {
                let (parent, name) = split(path);
                self.name(parent, Name::Gone(name.into()));
            }
        }
    }

    fn flush_ended(&mut self, inode: u64, number: u64, worked: bool) {
        let began = self.flushes.remove(&number).unwrap();
        match &mut self.inodes[self.numbers[&inode]] {
            Inode::File(file) if worked => file.flushed(began),
            Inode::File(file) => file.not_flushed(began),
            Inode::Folder { certain, pending, .. } if worked => {
                for (_, change) in pending.iter().filter(|(moment, _)| *moment < began) {
                    apply_name(certain, change);
                }
                pending.retain(|(moment, _)| *moment >= began);
            }
            Inode::Folder { .. } => {}
        }
    }

    /// What a power cut may leave now. `next`: what happens next.
    pub(crate) fn image(&self, fate: Fate, next: Option<&Event>, chance: &mut Chance) -> Image {
        let next = match next {
            Some(Event::Write { inode, offset, octets }) => {
                Some((self.numbers[inode], *offset, octets.as_slice()))
            }
            _ => None,
        };
        let mut image = Image::new();
        self.image_of(ROOT, "", (fate, next), chance, &mut image);
        image
    }

    fn image_of(
        &self,
        inode: usize,
        path: &str,
        how: (Fate, Option<Next<'_>>),
        chance: &mut Chance,
        image: &mut Image,
    ) {
        let (fate, next) = how;
        match &self.inodes[inode] {
            Inode::File(file) => {
                let next = next.filter(|(of, ..)| *of == inode).map(|(_, offset, octets)| (offset, octets));
                image.insert(path.into(), Some(file.image(fate, next, chance)));
            }
            Inode::Folder { certain, seen, pending } => {
                if inode != ROOT {
                    image.insert(path.into(), None);
                }
                let names = match fate {
                    Fate::Most => seen.clone(),
                    _ => names_of(certain, pending, fate, chance),
                };
                for (name, inode) in names {
                    // What was told was heard.
                    if inode != ROOT && !(path.is_empty() && name == TOLD) {
                        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
                        self.image_of(inode, &path, how, chance, image);
                    }
                }
            }
        }
    }
}

/// The names of a folder: as a journal leaves them, the changes up to one of them; or without a journal any of them.
fn names_of(
    certain: &BTreeMap<String, usize>,
    pending: &[(u64, Name)],
    fate: Fate,
    chance: &mut Chance,
) -> BTreeMap<String, usize> {
    let mut names = certain.clone();
    let in_order = chance.below(2) == 0;
    let count = match fate {
        Fate::Least => 0,
        _ if in_order => chance.below(pending.len() + 1),
        _ => pending.len(),
    };
    for (_, change) in &pending[..count] {
        if in_order || chance.below(2) == 0 {
            apply_name(&mut names, change);
        }
    }
    names
}

/// Writes `image` below `root`, which holds nothing else afterwards.
pub(crate) fn write_image(image: &Image, root: &Path) {
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    for (path, content) in image {
        match content {
            Some(content) => fs::write(root.join(path), content).unwrap(),
            None => fs::create_dir(root.join(path)).unwrap(),
        }
    }
}

/// What lies below `root`.
pub(crate) fn read_image(root: &Path) -> Image {
    Disk::of_folder(root).image(Fate::Least, None, &mut Chance::new(1))
}
