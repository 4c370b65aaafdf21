//! The nearest open slots to a start that is not to be had.

use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};

use crate::desk::open_slots::offered;
use crate::desk::seen::Seen;
use crate::desk::{Desk, Host};
use crate::event_type::EventType;
use crate::slot::{Slot, open_slots};

/// How many are offered.
const COUNT: usize = 3;

/// Seconds looked at on both sides of the start: first near, then further.
const REACHES: [i64; 3] = [2 * 86_400, 14 * 86_400, 62 * 86_400];

/// Up to three open slots nearest to `start`, by time. For a length that is not offered, those of the first that is.
pub(crate) async fn nearest(
    desk: &Desk,
    host: &Host,
    event_type: &EventType,
    (duration, start): (i64, Instant),
    except_uid: Option<&str>,
) -> Result<Vec<Slot>, Refusal> {
    let duration = match event_type.durations.first() {
        Some(first) if !event_type.durations.contains(&duration) => *first,
        _ => duration,
    };
    let mut found = Vec::new();
    for reach in REACHES {
        let now = desk.world.clock.now();
        let Some(all) = offered(event_type, duration, now, Span::ALWAYS) else { return Ok(found) };
        // From outside of what may be booked at all, one looks from its edge.
        let middle = start.clamp(all.start, all.end);
        let window = Span::new(middle.plus(-reach), middle.plus(reach));
        let Some(range) = offered(event_type, duration, now, window) else { continue };
        let span = Span::new(range.start, range.end.plus(duration));
        let seen = Seen::of(desk, host, event_type, span, except_uid).await?;
        let question = seen.question(event_type, duration);
        found = nearest_of(open_slots(&question, range), start);
        if found.len() == COUNT {
            break;
        }
    }
    Ok(found)
}

/// The slots nearest to `start` out of slots that come by time.
fn nearest_of(slots: impl Iterator<Item = Slot>, start: Instant) -> Vec<Slot> {
    let mut near: Vec<Slot> = Vec::with_capacity(COUNT + 1);
    let away = |slot: &Slot| slot.span.start.since(start).abs();
    for slot in slots {
        near.push(slot);
        if near.len() > COUNT {
            // They come by time, so the furthest is the first or the last of those kept.
            if away(&near[0]) >= away(&near[COUNT]) {
                near.remove(0);
            } else {
                // What comes later is further still.
                near.pop();
                break;
            }
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(minute: i64) -> Slot {
        let start = Instant::from_unix(minute * 60);
        Slot { span: Span::new(start, start.plus(60)) }
    }

    #[test]
    fn the_nearest_on_both_sides_come_by_time() {
        let all = |minutes: &[i64]| minutes.iter().map(|minute| slot(*minute)).collect::<Vec<_>>();
        let near = |minutes: &[i64], start: i64| {
            let found = nearest_of(all(minutes).into_iter(), Instant::from_unix(start * 60));
            found.iter().map(|slot| slot.span.start.as_unix() / 60).collect::<Vec<_>>()
        };
        assert_eq!(near(&[0, 10, 20, 40, 50, 60], 30), [20, 40, 50]);
        assert_eq!(near(&[0, 10, 20], 100), [0, 10, 20]);
        assert_eq!(near(&[0, 10, 20, 25, 90], 100), [20, 25, 90]);
        assert_eq!(near(&[200, 210, 220, 230], 100), [200, 210, 220]);
        assert_eq!(near(&[90], 100), [90]);
        assert!(near(&[], 100).is_empty());
    }
}
