//! What was read although it was not written as the standard says.

use std::fmt;

/// A fault that was read around, kept with the object and shown to the owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    /// What kind of fault.
    pub kind: WarningKind,
    /// The line of the text, from 1; 0 where it has none.
    pub line: u32,
    /// What stood there, shortened.
    pub detail: String,
}

/// Characters of [`Warning::detail`] at most.
const DETAIL_CHARACTERS_MAX: usize = 60;

impl Warning {
    /// A warning about `detail`, shortened, of line `line`.
    pub fn new(kind: WarningKind, line: u32, detail: &str) -> Self {
        let detail = detail.trim();
        let mut short: String = detail.chars().take(DETAIL_CHARACTERS_MAX).collect();
        if short.len() < detail.len() {
            short.push('…');
        }
        Self { kind, line, detail: short }
    }
}

macro_rules! warning_kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// The closed list of repairs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum WarningKind { $($(#[doc = $doc])+ $variant,)+ }
        impl WarningKind {
            /// All of them, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The name shown in status pages and logs.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
            /// What was seen and how it was read.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+),)+ }
            }
        }
    };
}

warning_kinds! {
    /// Lines end in a bare line feed; read as line ends.
    BareLineFeed = "bare-line-feed",
    /// Text is not UTF-8; read as windows-1252.
    NotUtf8 = "not-utf-8",
    /// Text is UTF-16; read as such.
    Utf16 = "utf-16",
    /// A fold stands inside a character; joined before decoding.
    SplitCharacter = "split-character",
    /// A parameter value holds a colon but has no quotes; the value begins where it makes sense.
    UnquotedParameter = "unquoted-parameter",
    /// A property that must be there is missing; read without it.
    MissingProperty = "missing-property",
    /// A line has no colon; kept, not read.
    NotAContentLine = "not-a-content-line",
    /// END is missing or does not match; closed where its parent closes.
    MissingEnd = "missing-end",
    /// The end lies before the start; the event blocks nothing.
    Inverted = "inverted",
    /// The duration is negative; the event blocks nothing.
    NegativeDuration = "negative-duration",
    /// DTEND and DURATION both stand there; DTEND is read.
    EndAndDuration = "end-and-duration",
    /// Two components have one UID and no RECURRENCE-ID; the highest SEQUENCE, then DTSTAMP, then the last is read.
    DuplicateUid = "duplicate-uid",
    /// UID is missing; one is made from DTSTART, SUMMARY and RRULE.
    MissingUid = "missing-uid",
    /// COUNT and UNTIL both stand in a rule; whichever ends first.
    CountAndUntil = "count-and-until",
    /// UNTIL is of another kind than DTSTART; read as a whole local day, or on the clock of DTSTART.
    UntilKind = "until-kind",
    /// EXDATE is a date for a timed series; it removes the instance of that local day.
    ExdateKind = "exdate-kind",
    /// A value ends in Z and has a TZID; Z wins.
    TzidOnUtc = "tzid-on-utc",
    /// A TZID is neither defined nor known; read in the calendar's zone.
    UnknownZone = "unknown-zone",
    /// A VTIMEZONE or a part of it cannot be read, or passes a limit; the rest of it is read, else its name.
    UnreadableZone = "unreadable-zone",
    /// A rule of a VTIMEZONE cannot be read, or changes clocks all the time; its first onset alone is kept.
    ZoneRule = "zone-rule",
    /// A rule cannot be read; the first instance is kept.
    UnreadableRule = "unreadable-rule",
    /// A date or time cannot be read; the property is left out.
    UnreadableTime = "unreadable-time",
    /// DTSTART is missing or cannot be read; the component is kept and blocks nothing.
    NoStart = "no-start",
    /// A limit was met while expanding; the whole window counts as busy.
    ExpansionLimit = "expansion-limit",
    /// An override has no master; it is a single event.
    OrphanOverride = "orphan-override",
    /// An object passes a limit; it is left out of its feed.
    LeftOut = "left-out",
    /// DATE and DATE-TIME are mixed between properties that must agree; each is read as what it is.
    MixedKinds = "mixed-kinds",
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}: {} ({})", self.line, self.kind.name(), self.kind.meaning(), self.detail)
    }
}
