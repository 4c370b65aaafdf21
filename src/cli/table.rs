//! The commands, declared once: what they are called, what they take, how they are explained. Parsing, help and shell
//! completions follow from this table.

/// One command.
#[derive(Debug)]
pub struct Spec {
    /// Its words: `["source", "sync"]`.
    pub words: &'static [&'static str],
    /// What stands after the words.
    pub takes: &'static [Takes],
    /// Its options besides the common ones.
    pub options: &'static [Opt],
    /// One line.
    pub summary: &'static str,
    /// More, if there is more to say.
    pub about: &'static str,
    /// An example.
    pub example: &'static str,
}

/// An argument by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One, needed.
    One(&'static str),
    /// One, or none.
    Maybe(&'static str),
    /// One or more.
    Many(&'static str),
}

impl Takes {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One(name) | Self::Maybe(name) | Self::Many(name) => name,
        }
    }
}

/// An option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// Its name without the dashes.
    pub name: &'static str,
    /// What its value is called; `None`: it has none.
    pub value: Option<&'static str>,
    /// What it does.
    pub help: &'static str,
}

const fn flag(name: &'static str, help: &'static str) -> Opt {
    Opt { name, value: None, help }
}

const fn with(name: &'static str, value: &'static str, help: &'static str) -> Opt {
    Opt { name, value: Some(value), help }
}

/// Options of every command.
pub const COMMON: &[Opt] = &[
    with(
        "config",
        "FILE",
        "the configuration (else $KALENDS_CONFIG, ./kalends.toml, /etc/kalends/kalends.toml)",
    ),
    flag("json", "print the result as JSON"),
    flag("help", "explain the command"),
    flag("version", "print the version"),
];

/// What the exit codes mean.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (0, "done"),
    (1, "it failed"),
    (2, "the command line is wrong"),
    (3, "the configuration is wrong"),
    (4, "it was refused, or is not available: a time that is taken, a source that does not answer"),
];

const FROM: Opt = with("from", "TIME", "not before this time (default: now)");
const ZONE: Opt = with("tz", "ZONE", "the zone of times in and out (default: the owner's)");
const DURATION: Opt = with("duration", "LENGTH", "such as 30m (default: the first of the event type)");
const OWNER: Opt = with("owner", "ID", "whose (default: the only owner)");

const AT: Opt = with("at", "TIME", "as it was at this moment: the newest backup until then");
const SNAPSHOT: Opt = with("snapshot", "NAME", "the backup of this name; `kalends backup list` names them");

/// How times are written, for help texts.
const TIMES: &str = "Times: 2026-11-24, 2026-11-24T09:30 (in the zone that is asked for), 2026-11-24T09:30:00Z,\n\
                     now, today, tomorrow, or a distance from now such as +14d or -1h.";

/// The commands, as they are listed.
pub const COMMANDS: &[Spec] = &[
    Spec {
        words: &["demo"],
        takes: &[],
        options: &[
            with("dir", "FOLDER", "where its data is kept (default: ./kalends-demo)"),
            with("port", "PORT", "where it listens (default: 8080, or the next that is free)"),
        ],
        summary: "try everything: an owner, three calendars, two event types, mail into a folder",
        about: "This is also what `kalends` does without a command. It serves until Ctrl-C; nothing leaves this machine.",
        example: "kalends demo",
    },
    Spec {
        words: &["init"],
        takes: &[],
        options: &[
            with("name", "NAME", "your name"),
            with("email", "ADDRESS", "your mail address"),
            with("tz", "ZONE", "your time zone, such as Europe/Berlin"),
            with("url", "URL", "the public address of the pages, such as https://cal.example.org"),
            with("dir", "FOLDER", "where to write (default: here)"),
        ],
        summary: "write a commented kalends.toml and make the store; asks for what is not given",
        about: "Nothing that is there is overwritten.",
        example: "kalends init --name 'Ada Lovelace' --email ada@example.org --tz Europe/London --url https://cal.example.org",
    },
    Spec {
        words: &["check"],
        takes: &[],
        options: &[flag("online", "also ask every source and sign in to the mail server")],
        summary: "read the configuration and tell every problem with file, line, key and remedy",
        about: "",
        example: "kalends check --online",
    },
    Spec {
        words: &["doctor"],
        takes: &[],
        options: &[flag(
            "online",
            "also ask the DNS for the server's name, every source and the mail server",
        )],
        summary: "look at settings, folder, ports, certificates, backups and the running server; print DNS records to copy",
        about: "It prints no secret, so that it can be shown to whoever helps. It ends with 1 where something does not work, and\n\
                with 3 where the configuration is wrong.",
        example: "kalends doctor --online",
    },
    Spec {
        words: &["serve"],
        takes: &[],
        options: &[],
        summary: "serve the pages and CalDAV, sync sources, deliver mail",
        about: "SIGTERM and Ctrl-C let requests under way end and stop within 10 s. SIGHUP reads the configuration again;\n\
                a wrong one is refused, and the old one stays in force.",
        example: "kalends serve --config /etc/kalends/kalends.toml",
    },
    Spec {
        words: &["freebusy"],
        takes: &[Takes::One("WHO"), Takes::One("FROM"), Takes::One("TO")],
        options: &[flag("ics", "print a VFREEBUSY"), ZONE],
        summary: "when an owner (an id or a mail address) is busy, as a table and a chart",
        about: TIMES,
        example: "kalends freebusy alice today +7d",
    },
    Spec {
        words: &["slots"],
        takes: &[Takes::One("OWNER/EVENT_TYPE")],
        options: &[FROM, with("to", "TIME", "before this time (default: a week later)"), ZONE, DURATION],
        summary: "the times that can be booked",
        about: TIMES,
        example: "kalends slots alice/intro --to +3d --tz America/New_York",
    },
    Spec {
        words: &["book"],
        takes: &[Takes::One("OWNER/EVENT_TYPE"), Takes::One("TIME")],
        options: &[
            with("name", "NAME", "the invitee's name"),
            with("email", "ADDRESS", "the invitee's mail address"),
            with("notes", "TEXT", "what the host should know"),
            ZONE,
            DURATION,
            with("key", "KEY", "the same key is the same booking, however often it is sent"),
        ],
        summary: "book a time, as an invitee would",
        about: TIMES,
        example: "kalends book alice/intro 2026-11-24T10:00 --name 'Bob' --email bob@example.org",
    },
    Spec {
        words: &["why"],
        takes: &[Takes::One("OWNER/EVENT_TYPE"), Takes::One("TIME")],
        options: &[ZONE, DURATION],
        summary: "what each rule and calendar says about a time",
        about: TIMES,
        example: "kalends why alice/intro 2026-11-24T10:00",
    },
    Spec {
        words: &["source", "list"],
        takes: &[],
        options: &[with("owner", "ID", "only this owner's")],
        summary: "the calendars that are linked",
        about: "",
        example: "kalends source list",
    },
    Spec {
        words: &["source", "sync"],
        takes: &[Takes::Maybe("OWNER/SOURCE")],
        options: &[],
        summary: "ask sources now and show what changed",
        about: "",
        example: "kalends source sync alice/work",
    },
    Spec {
        words: &["source", "status"],
        takes: &[Takes::Maybe("OWNER/SOURCE")],
        options: &[],
        summary: "how sources are: last answer, next, events, warnings, errors with their remedy",
        about: "",
        example: "kalends source status alice/work",
    },
    Spec {
        words: &["booking", "list"],
        takes: &[],
        options: &[
            with("owner", "ID", "only this owner's"),
            FROM,
            with("limit", "COUNT", "at most so many (default: 100)"),
        ],
        summary: "what is booked",
        about: TIMES,
        example: "kalends booking list --from today",
    },
    Spec {
        words: &["booking", "show"],
        takes: &[Takes::One("UID")],
        options: &[],
        summary: "a booking with what happened to it",
        about: "",
        example: "kalends booking show 4f7c0c1e@cal.example.org",
    },
    Spec {
        words: &["booking", "reschedule"],
        takes: &[Takes::One("UID"), Takes::One("TIME")],
        options: &[ZONE],
        summary: "move a booking; everybody is told",
        about: TIMES,
        example: "kalends booking reschedule 4f7c0c1e@cal.example.org 2026-11-25T14:00",
    },
    Spec {
        words: &["booking", "cancel"],
        takes: &[Takes::One("UID")],
        options: &[with("reason", "TEXT", "what the others are told")],
        summary: "cancel a booking; everybody is told",
        about: "",
        example: "kalends booking cancel 4f7c0c1e@cal.example.org --reason 'I am ill, sorry'",
    },
    Spec {
        words: &["owner", "list"],
        takes: &[],
        options: &[],
        summary: "the owners with their calendars and event types",
        about: "",
        example: "kalends owner list",
    },
    Spec {
        words: &["device", "add"],
        takes: &[Takes::One("OWNER"), Takes::One("NAME")],
        options: &[with("mobileconfig", "FILE", "also write a profile for iPhone, iPad or Mac")],
        summary: "set up a device: its own password, a link and a code to scan; shown once",
        about: "Owners do the same on the page /setup, signed in with owner.password.",
        example: "kalends device add alice phone --mobileconfig alice.mobileconfig",
    },
    Spec {
        words: &["device", "list"],
        takes: &[Takes::One("OWNER")],
        options: &[],
        summary: "an owner's devices: when they were set up, and last seen from where",
        about: "",
        example: "kalends device list alice",
    },
    Spec {
        words: &["device", "revoke"],
        takes: &[Takes::One("OWNER"), Takes::One("DEVICE")],
        options: &[],
        summary: "end a device's password at once, by its id or name",
        about: "",
        example: "kalends device revoke alice phone",
    },
    Spec {
        words: &["owner", "app-password", "add"],
        takes: &[Takes::One("OWNER"), Takes::Maybe("NAME")],
        options: &[with("label", "NAME", "the device's name, if it does not stand by its place")],
        summary: "make a password for one device; it is shown once",
        about: "",
        example: "kalends owner app-password add alice phone",
    },
    Spec {
        words: &["owner", "app-password", "list"],
        takes: &[Takes::One("OWNER")],
        options: &[],
        summary: "the passwords of devices: names, when they were made and used",
        about: "",
        example: "kalends owner app-password list alice",
    },
    Spec {
        words: &["owner", "app-password", "revoke"],
        takes: &[Takes::One("OWNER"), Takes::One("ID")],
        options: &[],
        summary: "end a device's password at once",
        about: "",
        example: "kalends owner app-password revoke alice Zk3v9Q1x",
    },
    Spec {
        words: &["access", "grant"],
        takes: &[Takes::One("OWNER[/CALENDAR]"), Takes::One("WHO"), Takes::One("free-busy|read|write")],
        options: &[],
        summary: "let another owner read or write calendars, or learn busy time",
        about: "Of everything (OWNER), they act for the owner, as calendar-proxy delegates do; a calendar alone\n\
                (OWNER/CALENDAR) stands in their home at once. Busy time may be granted to everybody.",
        example: "kalends access grant alice/work bob read",
    },
    Spec {
        words: &["access", "revoke"],
        takes: &[Takes::One("OWNER[/CALENDAR]"), Takes::One("WHO")],
        options: &[],
        summary: "take back what somebody (or everybody) was let do",
        about: "",
        example: "kalends access revoke alice/work bob",
    },
    Spec {
        words: &["access", "list"],
        takes: &[Takes::One("OWNER")],
        options: &[],
        summary: "what others may do with an owner's calendars",
        about: "",
        example: "kalends access list alice",
    },
    Spec {
        words: &["import"],
        takes: &[Takes::Many("FILE")],
        options: &[OWNER, with("calendar", "ID", "into which calendar (default: personal)")],
        summary: "put the events of .ics files into a calendar; - reads standard input",
        about: "An event that is there already (by its UID) is replaced. What cannot be read is told, nothing is dropped\n\
                in silence.",
        example: "kalends import old-calendar.ics --owner alice",
    },
    Spec {
        words: &["export"],
        takes: &[],
        options: &[
            OWNER,
            with(
                "calendar",
                "ID",
                "which calendar (default: all that the owner wrote: personal, bookings, and made by clients)",
            ),
        ],
        summary: "print a calendar as .ics",
        about: "",
        example: "kalends export --owner alice --calendar personal > alice.ics",
    },
    Spec {
        words: &["backup"],
        takes: &[],
        options: &[flag("prune", "also remove old backups, as backup.keep, keep_daily and keep_monthly say")],
        summary: "take a backup now, while the server runs or not",
        about: "What was backed up before is not brought again. `kalends serve` takes one every backup.every by itself.",
        example: "kalends backup",
    },
    Spec {
        words: &["backup", "list"],
        takes: &[],
        options: &[],
        summary: "the backups that are there, oldest first",
        about: "",
        example: "kalends backup list",
    },
    Spec {
        words: &["restore"],
        takes: &[],
        options: &[
            AT,
            SNAPSHOT,
            with("from", "PLACE", "where backups are: a folder or s3://… (default: backup.to)"),
            with("to", "FOLDER", "restore into this folder (default: into the place of the store)"),
            with("engine", "NAME", "redb or sled (default: store.engine)"),
            with("key", "FILE", "the key that seals the backups, or none (default: backup.key)"),
            flag("verify", "open what was restored once more and look through it"),
            flag("drill", "only try it: restore into a temporary folder, verify, remove it, note the result"),
        ],
        summary: "bring a backup back; the server must be stopped",
        about: "What was there is kept beside, in a folder with the date. With --from and --to no configuration is\n\
                needed: that is how a new machine begins. Times without a zone are UTC.",
        example: "kalends restore --at 2026-03-01T10:00Z --verify",
    },
    Spec {
        words: &["verify"],
        takes: &[],
        options: &[
            flag(
                "backup",
                "look through the newest backup instead, or the one that --at or --snapshot names",
            ),
            AT,
            SNAPSHOT,
        ],
        summary: "whether the store, or a backup of it, is whole",
        about: "",
        example: "kalends verify --backup",
    },
    Spec {
        words: &["store", "copy"],
        takes: &[],
        options: &[
            with("engine", "NAME", "into which: redb or sled"),
            with("to", "FOLDER", "into which folder (default: server.data_dir, beside the old one)"),
        ],
        summary: "copy the store into another engine; the server must be stopped",
        about: "",
        example: "kalends store copy --engine sled",
    },
    Spec {
        words: &["completions"],
        takes: &[Takes::One("SHELL")],
        options: &[],
        summary: "print completions for bash, zsh or fish",
        about: "",
        example: "kalends completions bash > /etc/bash_completion.d/kalends",
    },
    Spec {
        words: &["healthcheck"],
        takes: &[],
        options: &[],
        summary: "ask the running server whether everything works; for containers",
        about: "",
        example: "kalends healthcheck",
    },
];
