//! Files, locks, and what objects keep, over the store.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod world;

use aggregator::dav_backend::DavBackend;
use calendar::collection::{CollectionName, ObjectName, PrincipalId};
use calendar::refusal::Refusal;
use dav::backend::{
    Backend, Caller, Extent, FileContent, FileRelocation, Files, Locks, Precondition, PropertyChange,
    Relocation, SourceFate, TargetFate,
};
use dav::lock::{Lock, LockChange, Reach, Scope};
use dav::path::FileName;
use world::{ada, event, source};

fn caller() -> Caller {
    Caller::of(PrincipalId::new("ada"))
}

fn at(path: &str) -> FileName {
    FileName { owner: PrincipalId::new("ada"), path: path.split('/').map(str::to_owned).collect() }
}

fn text(octets: &[u8]) -> FileContent {
    FileContent { media_type: "text/plain".to_owned(), octets: octets.to_vec() }
}

async fn backend() -> DavBackend {
    DavBackend::new(world::world(ada(vec![source("feed")])).await.0)
}

async fn put(backend: &DavBackend, path: &str, octets: &[u8]) -> bool {
    backend.put_file(&caller(), &at(path), text(octets), &Precondition::default()).await.unwrap().created
}

async fn octets(backend: &DavBackend, path: &str) -> Option<Vec<u8>> {
    backend.file_content(&caller(), &at(path)).await.unwrap().map(|(_, octets)| octets)
}

fn going(from: &str, to: &str, source: SourceFate) -> FileRelocation {
    let target = TargetFate::IsReplaced;
    FileRelocation { from: at(from), to: at(to), source, target, extent: Extent::Everything }
}

#[tokio::test]
async fn a_file_of_several_pieces_comes_back_and_its_old_content_goes() {
    let backend = backend().await;
    let large: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    assert!(put(&backend, "large", &large).await);
    assert_eq!(octets(&backend, "large").await.as_deref(), Some(large.as_slice()));
    assert!(!put(&backend, "large", b"small").await);
    assert_eq!(octets(&backend, "large").await.as_deref(), Some(b"small".as_slice()));
    assert_eq!(put_error(&backend, "none/file").await, Refusal::NoParent);
    backend.make_folder(&caller(), &at("folder"), &[]).await.unwrap();
    assert_eq!(put_error(&backend, "folder").await, Refusal::Exists);
}

async fn put_error(backend: &DavBackend, path: &str) -> Refusal {
    backend.put_file(&caller(), &at(path), text(b"x"), &Precondition::default()).await.unwrap_err()
}

async fn relocate(backend: &DavBackend, relocation: &FileRelocation) -> bool {
    backend.relocate_file(&caller(), relocation, &Precondition::default()).await.unwrap().created
}

#[tokio::test]
async fn a_folder_goes_and_is_copied_with_all_that_is_in_it() {
    let backend = backend().await;
    for folder in ["a", "a/b", "a/b/c"] {
        backend.make_folder(&caller(), &at(folder), &[]).await.unwrap();
    }
    put(&backend, "a/b/c/file", b"one").await;
    put(&backend, "a/a%2fb", b"two").await;
    assert!(relocate(&backend, &going("a", "z", SourceFate::Stays)).await);
    put(&backend, "a/b/c/file", b"changed").await;
    assert_eq!(octets(&backend, "z/b/c/file").await.as_deref(), Some(b"one".as_slice()));
    // Over what is there, which goes whole.
    put(&backend, "z/only-here", b"x").await;
    assert!(!relocate(&backend, &going("a", "z", SourceFate::Leaves)).await);
    assert_eq!(octets(&backend, "z/b/c/file").await.as_deref(), Some(b"changed".as_slice()));
    assert_eq!(octets(&backend, "z/only-here").await, None);
    assert!(backend.file(&caller(), &at("a")).await.unwrap().is_none());
    assert_eq!(backend.files(&caller(), &at("z")).await.unwrap().len(), 2);
    backend.delete_file(&caller(), &at("z"), &Precondition::default()).await.unwrap();
    assert_eq!(octets(&backend, "z/b/c/file").await, None);
    let again = backend.delete_file(&caller(), &at("z"), &Precondition::default()).await;
    assert_eq!(again, Err(Refusal::NotFound));
}

#[tokio::test]
async fn a_lock_ends_with_its_time_and_its_token_is_drawn() {
    let (world, clock) = world::world(ada(vec![source("feed")])).await;
    let backend = DavBackend::new(world.clone());
    let home = PrincipalId::new("ada");
    let lock = Lock {
        token: String::new(),
        root: "/dav/files/ada/a".to_owned(),
        reach: Reach::Below,
        scope: Scope::Exclusive,
        owner: None,
        principal: "ada".to_owned(),
        expires: world.now().as_unix() + 60,
    };
    let take = LockChange::Take(lock);
    let taken = backend.change_locks(&caller(), &home, &take).await.unwrap().unwrap();
    assert!(taken.token.starts_with("urn:uuid:") && taken.token.len() == 45, "{}", taken.token);
    assert!(matches!(backend.change_locks(&caller(), &home, &take).await, Err(Refusal::Locked(_))));
    assert_eq!(backend.locks(&caller(), &home).await.unwrap(), [taken]);
    clock.0.fetch_add(61, std::sync::atomic::Ordering::SeqCst);
    assert!(backend.locks(&caller(), &home).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_an_object_keeps_goes_along_and_ends_with_it() {
    let backend = backend().await;
    let personal = CollectionName::new("ada", "personal");
    let (one, two) = (ObjectName::new(&personal, "one.ics"), ObjectName::new(&personal, "two.ics"));
    let octets = || event("one", "20260504T090000Z", "20260504T100000Z", "");
    let note = ("urn:x".to_owned(), "note".to_owned());
    let set = [PropertyChange::Dead(note.clone(), Some("<note xmlns=\"urn:x\">seen</note>".to_owned()))];
    let kept = async |name: &ObjectName| {
        let all = backend.object_properties(&caller(), &PrincipalId::new("ada")).await.unwrap();
        all.get(name).is_some_and(|kept| kept.contains_key(&note))
    };
    assert_eq!(backend.change_object(&caller(), &one, &set).await, Err(Refusal::NotFound));
    backend.put(&caller(), &one, octets(), &Precondition::default()).await.unwrap();
    backend.change_object(&caller(), &one, &set).await.unwrap();
    backend.put(&caller(), &one, octets(), &Precondition::default()).await.unwrap();
    assert!(kept(&one).await, "over a change of its text");
    let relocation = Relocation {
        from: one.clone(),
        to: two.clone(),
        source: SourceFate::Leaves,
        target: TargetFate::IsReplaced,
    };
    backend.relocate(&caller(), &relocation, &Precondition::default()).await.unwrap();
    assert_eq!((kept(&one).await, kept(&two).await), (false, true));
    backend.delete(&caller(), &two, &Precondition::default()).await.unwrap();
    backend.put(&caller(), &two, octets(), &Precondition::default()).await.unwrap();
    assert!(!kept(&two).await, "another object under the same name");
}

/// A dead property of many octets.
fn large(number: usize) -> PropertyChange {
    PropertyChange::Dead(("urn:x".to_owned(), format!("p{number}")), Some("x".repeat(900 * 1024)))
}

#[tokio::test]
async fn what_is_kept_beside_objects_and_files_has_bounds() {
    let backend = backend().await;
    let calendar = CollectionName::new("ada", "personal");
    for number in 0..10 {
        let name = ObjectName::new(&calendar, &format!("{number}.ics"));
        let text = event(&number.to_string(), "20260504T120000Z", "20260504T130000Z", "");
        backend.put(&caller(), &name, text, &Precondition::default()).await.unwrap();
        let kept = backend.change_object(&caller(), &name, &[large(0)]).await;
        assert_eq!(kept.is_ok(), number < 9, "{number}: {kept:?}");
        put(&backend, &number.to_string(), b"x").await;
        let kept = backend.change_file(&caller(), &at(&number.to_string()), &[large(0)]).await;
        assert_eq!(kept.is_ok(), number < 9, "{number}: {kept:?}");
    }
    let (copy, always) = (going("0", "copy", SourceFate::Stays), Precondition::default());
    let copied = backend.relocate_file(&caller(), &copy, &always).await;
    assert_eq!(copied.map(|_| ()), Err(Refusal::Full));
    // What goes makes room.
    backend.delete_file(&caller(), &at("0"), &Precondition::default()).await.unwrap();
    backend.change_file(&caller(), &at("9"), &[large(0)]).await.unwrap();
    let first = ObjectName::new(&calendar, "0.ics");
    let nothing = PropertyChange::Dead(("urn:x".to_owned(), "p0".to_owned()), None);
    backend.change_object(&caller(), &first, &[nothing]).await.unwrap();
    backend.change_object(&caller(), &ObjectName::new(&calendar, "9.ics"), &[large(0)]).await.unwrap();
}
