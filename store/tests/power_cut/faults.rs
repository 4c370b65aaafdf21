//! Writes, flushes, changes of size and reads that fail, one by one and for a while: what is acknowledged and what is
//! read afterwards is there, also when the power is cut then.

use std::path::Path;
use std::sync::Arc;

use store::EngineError;
use store::engine::choice::EngineChoice;
use store::engine::{Committed, Engine, Version};

use crate::cuts::Teller;
use crate::numbered::{come_to, group};
use crate::record::{self, fail};

/// Errors of the operating system: input or output, no room, read-only.
const CODES: [i32; 3] = [5, 28, 30];

const LANE: u8 = 0;

/// How often something is tried again that fails for a while.
const ATTEMPTS_MAX: u32 = 8;

struct Writer<'a> {
    engine: &'a Arc<dyn Engine>,
    root: &'a Path,
    teller: &'a Teller,
    number: u64,
    seen: Version,
}

impl Writer<'_> {
    /// What is there by now, once it can be read: also a promise.
    async fn look(&mut self) {
        for attempt in 1.. {
            match come_to(self.engine, LANE).await {
                Ok((number, seen)) => {
                    assert!(
                        number == self.number || number == self.number + 1,
                        "{number} after {}",
                        self.number
                    );
                    (self.number, self.seen) = (number, seen);
                    self.teller.tell(LANE, number);
                    return;
                }
                Err(error) => assert!(attempt < ATTEMPTS_MAX, "reads do not go on: {error}"),
            }
        }
    }

    async fn commit(&mut self) -> Result<(), EngineError> {
        let commit = group(LANE, self.number + 1, self.seen);
        match self.engine.commit(commit).await {
            Ok(Committed::At(version)) => {
                (self.number, self.seen) = (self.number + 1, version);
                self.teller.tell(LANE, self.number);
                Ok(())
            }
            Ok(Committed::SeenHasMoved) => panic!("there is one writer"),
            Err(error) => Err(error),
        }
    }

    /// Commits while `count` calls fail from the `nth` on, until that is over.
    async fn suffer(&mut self, operation: &str, nth: u32, code: i32, count: u32) {
        fail(self.root, operation, nth, code, count);
        for _ in 0..3 {
            let before = self.number;
            if let Err(error) = self.commit().await {
                let told = match &error {
                    EngineError::Full => code == 28,
                    EngineError::Io(_) => code != 28,
                    // sled panics where one of its own flushes fails.
                    EngineError::Damaged(why) => self.engine.name() == "sled" && why.contains("gave up"),
                    EngineError::InUse(_) => false,
                };
                assert!(told, "{operation} {nth} {code}: {error:?}");
                self.look().await;
                assert!(
                    count > 1 || operation == "read" || self.number == before,
                    "it was refused and is there"
                );
            }
        }
        fail(self.root, "none", 1, 0, 1);
        self.look().await;
        self.commit().await.unwrap();
    }
}

/// The file system becomes read-only for a while. redb goes on being read, sled only then again.
async fn read_only(writer: &mut Writer<'_>, choice: EngineChoice) {
    fail(writer.root, "all", 1, 30, 0);
    for _ in 0..3 {
        let refusal = writer.commit().await.unwrap_err();
        assert!(matches!(&refusal, EngineError::Io(why) if why.contains("ead-only")), "{refusal:?}");
        let read = come_to(writer.engine, LANE).await;
        if choice == EngineChoice::Redb {
            assert_eq!(read, Ok((writer.number, writer.seen)), "reads go on");
        } else {
            assert!(read.is_err() || read == Ok((writer.number, writer.seen)));
        }
    }
    fail(writer.root, "none", 1, 0, 1);
    writer.look().await;
    writer.commit().await.unwrap();
}

/// What the child does.
pub(crate) fn write(engine: &Arc<dyn Engine>, teller: &Teller) {
    let root = record::root().unwrap();
    let choice: EngineChoice = engine.name().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (number, seen) = come_to(engine, LANE).await.unwrap();
        let mut writer = Writer { engine, root: &root, teller, number, seen };
        writer.commit().await.unwrap();
        for code in CODES {
            for nth in [1, 2, 4] {
                writer.suffer("sync", nth, code, 1).await;
                writer.suffer("write", nth, code, 1).await;
            }
            writer.suffer("sync", 1, code, 3).await;
            writer.suffer("size", 1, code, 1).await;
        }
        writer.suffer("read", 1, 5, 1).await;
        read_only(&mut writer, choice).await;
    });
}
