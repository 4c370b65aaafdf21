//! What stands beside the rule: RDATE, EXDATE, and components with RECURRENCE-ID.

use calendar::civil;
use calendar::recur::rule::Frequency;
use calendar::time::Instant;

use super::{Clock, DAY, Drawing, event, plus};

impl Drawing<'_> {
    /// RDATE.
    pub(super) fn added(&mut self) -> String {
        let mut lines = String::new();
        for _ in 0..self.draw.within(1, 3) {
            let (_, near) = self.near();
            let shift = match self.clock {
                Clock::Date => self.draw.within(-3, 9) * DAY,
                _ if self.draw.chance(15) => 0,
                _ => self.draw.within(-30, 60) * 5400,
            };
            let at = plus(near, shift);
            if matches!(self.clock, Clock::Date) || !self.draw.chance(30) {
                lines += &self.value("RDATE", at);
                self.tags.push("rdate");
                continue;
            }
            self.tags.push("period");
            let (head, start) = self.property_parts("RDATE;VALUE=PERIOD", at);
            if self.draw.chance(50) {
                let end = self.own.local_of(self.own.instant_of(at).plus(self.draw.within(1, 40) * 900));
                let (_, end) = self.property_parts("", end);
                lines += &format!("{head}:{start}/{end}\r\n");
            } else {
                lines += &format!("{head}:{start}/{}\r\n", self.draw.pick(&["PT30M", "PT3H", "P1D"]));
            }
        }
        lines
    }

    /// EXDATE.
    pub(super) fn excluded(&mut self) -> String {
        let mut lines = String::new();
        for _ in 0..self.draw.within(1, 3) {
            let (_, mut at) = self.near();
            if self.draw.chance(10) {
                at = plus(at, if matches!(self.clock, Clock::Date) { DAY } else { 600 });
            }
            if !matches!(self.clock, Clock::Date) && self.draw.chance(4) {
                self.tags.push("exdate-date");
                lines += &format!("EXDATE;VALUE=DATE:{}\r\n", at.strftime("%Y%m%d"));
            } else {
                self.tags.push("exdate");
                lines += &self.value("EXDATE", at);
            }
        }
        lines
    }

    /// The components with RECURRENCE-ID.
    pub(super) fn overrides(&mut self) -> String {
        let mut text = String::new();
        if !self.draw.chance(24) {
            return text;
        }
        let mut named: Vec<Instant> = Vec::new();
        for _ in 0..self.draw.within(1, 3) {
            let (number, at) = self.near();
            let at = if self.draw.chance(3) { plus(at, DAY) } else { at };
            let instant = self.own.instant_of(at);
            if named.contains(&instant) {
                continue;
            }
            named.push(instant);
            self.tags.push("override");
            let ranges = named.len() == 1 && number > 0 && !self.is_fine() && self.draw.chance(14);
            let id = match self.draw.within(0, 99) {
                0..6 if !ranges && !matches!(self.clock, Clock::Date) && self.is_daily_or_longer() => {
                    self.tags.push("recurrence-id-date");
                    format!("RECURRENCE-ID;VALUE=DATE:{}\r\n", at.strftime("%Y%m%d"))
                }
                _ => self.value("RECURRENCE-ID", at),
            };
            let id = if ranges {
                self.tags.push("this-and-future");
                id.replacen("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE", 1)
            } else {
                id
            };
            let moved = self.moved(at);
            let start = self.property("DTSTART", moved);
            let length = self.length(moved, false);
            let cancelled = if self.draw.chance(15) { "STATUS:CANCELLED\r\n" } else { "" };
            text += &event(&id, &format!("SEQUENCE:1\r\n{cancelled}{start}{length}"));
        }
        text
    }

    fn is_daily_or_longer(&self) -> bool {
        self.frequency.is_some_and(|frequency| frequency < Frequency::Hourly)
            && !self.tags.contains(&"clock-parts")
    }

    /// Where an override puts an instance.
    fn moved(&mut self, at: civil::DateTime) -> civil::DateTime {
        let days = match self.draw.within(0, 9) {
            _ if self.is_fine() => 0,
            0..6 => self.draw.within(-1, 1),
            _ => self.draw.within(-40, 40),
        };
        let minutes = match self.clock {
            Clock::Date => 0,
            _ if self.frequency == Some(Frequency::Secondly) => self.draw.within(-15, 15),
            _ => self.draw.pick(&[0, 0, 15, 30, 60, -60, 90, -300, 720]),
        };
        plus(at, days * DAY + minutes * 60)
    }
}
