//! Which way a letter goes, whose turn it is, and when it is tried again. Pure.

use store::outbox::{Letter, LetterState};

/// The first wait after a failure, in seconds.
const BACK_OFF_SECONDS_MIN: i64 = 10;
/// The longest wait, in seconds.
const BACK_OFF_SECONDS_MAX: i64 = 6 * 3600;
/// A letter is tried for so many seconds, and at least [`ATTEMPTS_MIN`] times.
const PATIENCE_SECONDS: i64 = 3 * 86_400;
/// A machine that was off for a week must not give up all its letters at the first failure.
/// Nor must a clock that was a year ahead for a while: it takes a day to try so often.
const ATTEMPTS_MIN: u32 = 14;

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

/// A clock that is set back by so much has only been put right.
pub const STEP_SECONDS: i64 = 60;

/// Whether an open letter waits for a time that no plan made at `now` (UTC seconds) comes to, or was written in what is
/// now the future: by a clock that ran ahead. `lease` is how long a delivery may take.
pub fn waits_too_long(letter: &Letter, now: i64, lease: i64) -> bool {
    // One that was never tried may stand behind another that waits.
    let doublings = letter.attempts.checked_sub(1).unwrap_or(20).min(20);
    let longest = BACK_OFF_SECONDS_MIN.saturating_mul(1_i64 << doublings).min(BACK_OFF_SECONDS_MAX);
    let until = letter.due.max(letter.leased_until);
    letter.written > now + STEP_SECONDS || until > now + longest.max(lease) + longest / 5 + STEP_SECONDS
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
    fn what_a_clock_that_ran_ahead_planned_is_told_from_what_is_planned_now() {
        let mut letter = letter("1", "bob");
        letter.attempts = 3;
        letter.due = 1000 + 44;
        assert!(!waits_too_long(&letter, 1000, 120));
        assert!(waits_too_long(&letter, 1000 - 3600, 120));
        letter.leased_until = 1000 + 120;
        assert!(!waits_too_long(&letter, 1000, 120));
        letter.leased_until = 1000 + 31_536_000;
        assert!(waits_too_long(&letter, 1000, 120));
        // Behind another one that waits for hours.
        let behind = Letter { attempts: 0, due: 1000 + 21_600, leased_until: 0, ..letter };
        assert!(!waits_too_long(&behind, 1000, 120));
    }

    #[test]
    fn a_long_sleep_kills_no_letter_at_its_first_failure() {
        let mut letter = letter("1", "bob");
        letter.attempts = 1;
        assert!(matches!(after_failure(&letter, 1000 + 30 * 86_400, 0), Fate::Again(_)));
        letter.attempts = ATTEMPTS_MIN;
        assert_eq!(after_failure(&letter, 1000 + 30 * 86_400, 0), Fate::Dead);
    }
}
