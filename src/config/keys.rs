//! Every setting that the program knows, declared once: its path, its shape, its default.
//!
//! From this table follow: which keys are unknown and what was probably meant, how an environment variable is read,
//! the defaults, and the check that `config/kalends.toml` shows each key with its default.

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A table of keys that are declared here.
    Section,
    /// Many such tables.
    Sections,
    /// A string.
    Text,
    /// A list of strings; one string alone is a list of one.
    Texts,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of these words.
    Choices(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number, at least 1.
    Count,
    /// A length of time: `"15m"`, `"1h30m"`, `"60d"`.
    Duration,
    /// A list of lengths of time.
    Durations,
    /// A text, or a table that says where the text is kept.
    Secret,
    /// `off`, or a table that names the files of a certificate and its key.
    Front,
    /// Weekdays or dates, each with a list of times.
    Times,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its path: sections joined by dots, a list of tables like one.
    pub path: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What it is where it is not given, as the text of a string, number or flag; `None`: nothing, or it must be given.
    pub default: Option<&'static str>,
}

/// A key that later versions will know; it is named so that nobody looks for a typing error.
pub const LATER: &[(&str, &str)] = &[
    ("acme", "let another program fetch the certificate, and name its files in listen.tls"),
    ("store.url", "use engine `redb` or `sled`, which need none"),
    ("mail.inbox", "answers are read from the linked calendars only"),
    ("owner.mirror", "leave it out"),
    ("owner.source.writable", "mirrors are read-only; leave it out"),
    ("owner.source.window", "leave it out; everything the feed holds is kept"),
    ("owner.event_type.approval", "leave it out; bookings are confirmed at once"),
    ("owner.event_type.capacity", "leave it out; a slot is for one booking"),
    ("owner.event_type.questions", "leave it out; name, address and notes are asked"),
    ("owner.event_type.reminders", "leave it out"),
    ("owner.event_type.hosts", "leave it out; the owner is the host"),
    ("owner.event_type.recurrence", "leave it out"),
];

const fn key(path: &'static str, shape: Shape) -> Key {
    Key { path, shape, default: None }
}

const fn set(path: &'static str, shape: Shape, default: &'static str) -> Key {
    Key { path, shape, default: Some(default) }
}

/// The surfaces; see [`super::settings::Surface`].
pub const SURFACES: &[&str] = &["booking", "caldav", "metrics", "admin", "api", "agent", "redirect"];

/// The table.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("include", Shape::Texts),
    key("server", Shape::Section),
    key("server.public_url", Shape::Text),
    set("server.data_dir", Shape::Text, "kalends-data"),
    key("server.trusted_proxies", Shape::Texts),
    key("listen", Shape::Sections),
    key("listen.address", Shape::Text),
    key("listen.surfaces", Shape::Choices(SURFACES)),
    set("listen.tls", Shape::Front, "off"),
    key("store", Shape::Section),
    set("store.engine", Shape::Choice(&["redb", "sled", "memory"]), "redb"),
    key("mail", Shape::Section),
    key("mail.smtp", Shape::Text),
    key("mail.folder", Shape::Text),
    key("mail.from", Shape::Text),
    key("mail.password", Shape::Secret),
    key("access", Shape::Section),
    set("access.free_busy", Shape::Choice(&["owners", "nobody"]), "owners"),
    key("backup", Shape::Section),
    key("backup.to", Shape::Text),
    set("backup.every", Shape::Duration, "15m"),
    set("backup.keep", Shape::Duration, "7d"),
    set("backup.keep_daily", Shape::Duration, "35d"),
    set("backup.keep_monthly", Shape::Duration, "400d"),
    key("backup.key", Shape::Secret),
    key("backup.s3", Shape::Section),
    key("backup.s3.endpoint", Shape::Text),
    set("backup.s3.region", Shape::Text, "us-east-1"),
    key("backup.s3.access_key", Shape::Secret),
    key("backup.s3.secret_key", Shape::Secret),
    set("backup.s3.path_style", Shape::Flag, "true"),
    key("push", Shape::Section),
    set("push.enabled", Shape::Flag, "true"),
    key("push.private_hosts", Shape::Texts),
    key("log", Shape::Section),
    set("log.format", Shape::Choice(&["text", "json"]), "text"),
    set("log.level", Shape::Choice(&["error", "warn", "info", "debug", "trace"]), "info"),
    key("limits", Shape::Section),
    set("limits.connections", Shape::Count, "1024"),
    set("limits.connections_per_address", Shape::Count, "128"),
    set("limits.header_octets", Shape::Count, "32768"),
    set("limits.handshake_timeout", Shape::Duration, "10s"),
    set("limits.header_timeout", Shape::Duration, "20s"),
    set("limits.body_octets", Shape::Count, "16777216"),
    set("limits.body_timeout", Shape::Duration, "1m"),
    set("limits.idle_timeout", Shape::Duration, "2m"),
    set("limits.request_timeout", Shape::Duration, "2m"),
    set("limits.home_mebibytes", Shape::Count, "5120"),
    set("limits.bookings_per_minute", Shape::Count, "30"),
    key("owner", Shape::Sections),
    key("owner.id", Shape::Text),
    key("owner.name", Shape::Text),
    key("owner.emails", Shape::Texts),
    key("owner.time_zone", Shape::Text),
    key("owner.working_hours", Shape::Times),
    set("owner.kind", Shape::Choice(&["person", "room", "resource"]), "person"),
    key("owner.auto_accept", Shape::Choice(&["never", "free", "always"])),
    set("owner.book_within_availability", Shape::Flag, "false"),
    set("owner.free_busy_url", Shape::Choice(&["off", "open", "keyed"]), "off"),
    key("owner.free_busy_key", Shape::Secret),
    key("owner.password", Shape::Secret),
    key("owner.password_hash", Shape::Text),
    key("owner.source", Shape::Sections),
    key("owner.source.id", Shape::Text),
    key("owner.source.kind", Shape::Choice(&["ics"])),
    key("owner.source.name", Shape::Text),
    key("owner.source.url", Shape::Text),
    key("owner.source.path", Shape::Text),
    key("owner.source.user", Shape::Text),
    key("owner.source.password", Shape::Secret),
    set("owner.source.allow_http", Shape::Flag, "false"),
    set("owner.source.allow_private", Shape::Flag, "false"),
    key("owner.source.account", Shape::Text),
    set("owner.source.poll", Shape::Duration, "15m"),
    set("owner.source.counts_as_busy", Shape::Flag, "true"),
    set("owner.source.unified", Shape::Flag, "true"),
    key("owner.source.push", Shape::Choice(&["invite", "off"])),
    key("owner.source.time_zone", Shape::Text),
    set("owner.source.unreachable", Shape::Choice(&["closed", "stale-ok"]), "closed"),
    set("owner.source.stale_after", Shape::Duration, "30m"),
    key("owner.event_type", Shape::Sections),
    key("owner.event_type.slug", Shape::Text),
    key("owner.event_type.title", Shape::Text),
    set("owner.event_type.description", Shape::Text, ""),
    set("owner.event_type.durations", Shape::Durations, "30m"),
    set("owner.event_type.interval", Shape::Text, "duration"),
    key("owner.event_type.hours", Shape::Times),
    key("owner.event_type.overrides", Shape::Times),
    key("owner.event_type.buffer", Shape::Section),
    set("owner.event_type.buffer.before", Shape::Duration, "0m"),
    set("owner.event_type.buffer.after", Shape::Duration, "0m"),
    set("owner.event_type.buffer.combine", Shape::Choice(&["max", "sum"]), "max"),
    set("owner.event_type.buffer_before", Shape::Duration, "0m"),
    set("owner.event_type.buffer_after", Shape::Duration, "0m"),
    set("owner.event_type.minimum_notice", Shape::Duration, "4h"),
    set("owner.event_type.notice", Shape::Duration, "4h"),
    set("owner.event_type.horizon", Shape::Duration, "60d"),
    key("owner.event_type.limit", Shape::Section),
    key("owner.event_type.limit.day", Shape::Count),
    key("owner.event_type.limit.week", Shape::Count),
    key("owner.event_type.limit.month", Shape::Count),
    set("owner.event_type.tentative_blocks", Shape::Flag, "true"),
    key("owner.event_type.location", Shape::Text),
    set("owner.event_type.active", Shape::Flag, "true"),
    set("owner.event_type.visibility", Shape::Choice(&["public", "unlisted"]), "public"),
];

/// Words that other versions or peers take where this one does not, by key.
pub const VALUES_LATER: &[(&str, &[&str], &str)] = &[
    (
        "owner.source.kind",
        &["google", "graph", "ews", "caldav", "agent", "kalends"],
        "link it by its ICS address (`kind = \"ics\"`) for now",
    ),
    ("owner.source.push", &["api"], "use `invite` or `off`"),
    ("store.engine", &["postgres"], "use `redb` or `sled`"),
];

/// The declaration of the key at `path`.
pub fn declared(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The names of the keys directly in the section `path` (the top where it is empty).
pub fn names_in(path: &str) -> impl Iterator<Item = &'static str> {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    KEYS.iter().filter_map(move |key| {
        let name = key.path.strip_prefix(prefix.as_str())?;
        (!name.contains('.')).then_some(name)
    })
}
