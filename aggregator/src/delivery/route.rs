//! Which way a letter goes, whose turn it is, and when it is tried again. Pure.

use store::outbox::{Letter, LetterState};

/// The first wait after a failure, in seconds.
const BACK_OFF_SECONDS_MIN: i64 = 10;
/// The longest wait, in seconds.
const BACK_OFF_SECONDS_MAX: i64 = 6 * 3600;
/// A letter is tried for so many seconds, and at least [`ATTEMPTS_MIN`] times.
const PATIENCE_SECONDS: i64 = 3 * 86_400;
/// A machine that was off for a week must not give up all its letters at the first failure.
const ATTEMPTS_MIN: u32 = 8;

/// What keeps order: letters of one lane go one after the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// The way out.
    pub channel: String,
    /// The destination within it.
    pub destination: String,
    /// The topic.
    pub topic: String,
}

impl Lane {
    /// The lane of a letter; `None` where it has no topic and keeps no order.
    pub fn of(letter: &Letter) -> Option<Self> {
        (!letter.topic.is_empty()).then(|| Self {
            channel: letter.channel.clone(),
            destination: letter.destination.clone(),
            topic: letter.topic.clone(),
        })
    }

    /// The open letters of this lane among those of its topic, the oldest first.
    pub fn open<'a, T>(&self, topic: &'a [(Letter, T)]) -> Vec<&'a (Letter, T)> {
        let mut open: Vec<_> = topic
            .iter()
            .filter(|(letter, _)| {
                letter.state == LetterState::Open
                    && letter.channel == self.channel
                    && letter.destination == self.destination
            })
            .collect();
        open.sort_by_key(|(letter, _)| (letter.sequence, letter.written));
        open
    }
}

/// What becomes of a letter that was not delivered and may be later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Again at this time, UTC seconds.
    Again(i64),
    /// Given up.
    Dead,
}

/// The fate of a letter after its last try failed at `now` (UTC seconds): from ten seconds doubling to six hours, a
/// fifth earlier or later, for three days.
pub fn after_failure(letter: &Letter, now: i64, chance: u64) -> Fate {
    if now - letter.written >= PATIENCE_SECONDS && letter.attempts >= ATTEMPTS_MIN {
        return Fate::Dead;
    }
    let doublings = letter.attempts.saturating_sub(1).min(20);
    let wait = BACK_OFF_SECONDS_MIN.saturating_mul(1_i64 << doublings).min(BACK_OFF_SECONDS_MAX);
    let spread = u64::try_from(wait * 2 / 5).unwrap_or(0).saturating_add(1);
    let shift = i64::try_from(chance % spread).unwrap_or(0);
    Fate::Again(now + (wait - wait / 5 + shift).clamp(BACK_OFF_SECONDS_MIN, BACK_OFF_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use store::outbox::LetterId;

    use super::*;

    fn letter(id: &str, destination: &str) -> Letter {
        Letter {
            id: LetterId(id.into()),
            owner: "ada".into(),
            channel: "mail".into(),
            destination: destination.into(),
            topic: "uid".into(),
            content: String::new(),
            written: 1000,
            due: 1000,
            attempts: 0,
            last_error: None,
            leased_until: 0,
            state: LetterState::Open,
            sequence: 0,
        }
    }

    #[test]
    fn a_lane_is_one_destination_of_one_topic() {
        let mut topic: Vec<(Letter, u64)> =
            [("1", "bob"), ("2", "eve"), ("3", "bob")].map(|(id, to)| (letter(id, to), 1)).into();
        let lane = Lane::of(&topic[0].0).unwrap();
        let ids = |topic: &[(Letter, u64)]| -> Vec<String> {
            lane.open(topic).iter().map(|(letter, _)| letter.id.0.clone()).collect()
        };
        assert_eq!(ids(&topic), ["1", "3"]);
        topic[0].0.state = LetterState::Delivered;
        assert_eq!(ids(&topic), ["3"]);
        topic[2].0.topic = String::new();
        assert!(Lane::of(&topic[2].0).is_none());
    }

    #[test]
    fn waits_grow_from_ten_seconds_to_six_hours_and_end_after_three_days() {
        let mut letter = letter("1", "bob");
        let mut now = letter.written;
        let mut chance = 12345_u64;
        let mut waits = Vec::new();
        let tried = loop {
            letter.attempts += 1;
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match after_failure(&letter, now, chance >> 33) {
                Fate::Again(due) => {
                    waits.push(due - now);
                    now = due;
                }
                Fate::Dead => break letter.attempts,
            }
        };
        assert!((10..=14).contains(&waits[0]), "{waits:?}");
        assert!((16..=24).contains(&waits[1]), "{waits:?}");
        assert!(waits.iter().all(|wait| (10..=21_600).contains(wait)));
        assert!((PATIENCE_SECONDS..PATIENCE_SECONDS + 21_601).contains(&(now - letter.written)));
        assert!((20..40).contains(&tried), "{tried}");
    }

    #[test]
    fn a_long_sleep_kills_no_letter_at_its_first_failure() {
        let mut letter = letter("1", "bob");
        letter.attempts = 1;
        assert!(matches!(after_failure(&letter, 1000 + 30 * 86_400, 0), Fate::Again(_)));
        letter.attempts = 8;
        assert_eq!(after_failure(&letter, 1000 + 30 * 86_400, 0), Fate::Dead);
    }
}
