//! Every example and appendix of the standards whose conversations are played here, and where each stands.

/// An example.
pub struct Example {
    /// The standard: `RFC 4791`.
    pub standard: &'static str,
    /// Its section there.
    pub section: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// The scenario that plays it, from the folder of scenarios, without the ending.
    pub scenario: &'static str,
}

const fn row(
    standard: &'static str,
    section: &'static str,
    about: &'static str,
    scenario: &'static str,
) -> Example {
    Example { standard, section, about, scenario }
}

const CALDAV: &str = "RFC 4791";
const SYNC: &str = "RFC 6578";
const SCHEDULING: &str = "RFC 6638";
const AVAILABILITY: &str = "RFC 7953";

/// The examples.
pub const EXAMPLES: &[Example] = &[
    row(CALDAV, "5.1.1", "OPTIONS tells of CalDAV", "4791/5.1-options"),
    row(CALDAV, "5.2.1", "calendar-description", "4791/5.2-properties"),
    row(CALDAV, "5.2.2", "calendar-timezone", "4791/5.2-properties"),
    row(CALDAV, "5.2.3", "supported-calendar-component-set", "4791/5.2-properties"),
    row(CALDAV, "5.2.4", "supported-calendar-data", "4791/5.2-properties"),
    row(CALDAV, "5.2.5", "max-resource-size", "4791/5.2-properties"),
    row(CALDAV, "5.2.6", "min-date-time", "4791/5.2-properties"),
    row(CALDAV, "5.2.7", "max-date-time", "4791/5.2-properties"),
    row(CALDAV, "5.2.8", "max-instances", "4791/5.2-properties"),
    row(CALDAV, "5.2.9", "max-attendees-per-instance", "4791/5.2-properties"),
    row(CALDAV, "5.3.1.2", "MKCALENDAR with properties", "4791/5.3.1.2-mkcalendar"),
    row(CALDAV, "5.3.2", "an object is made under a name that is free", "4791/5.3.2-put-and-get"),
    row(CALDAV, "6.2.1", "calendar-home-set", "4791/6.2.1-home"),
    row(CALDAV, "7.5.1", "supported-collation-set", "4791/5.2-properties"),
    row(CALDAV, "7.8.1", "parts of components by time range", "4791/7.8.1-partial-retrieval"),
    row(CALDAV, "7.8.2", "overrides of a range", "4791/7.8.2-limit-recurrence-set"),
    row(CALDAV, "7.8.3", "expansion of a range", "4791/7.8.3-expand"),
    row(CALDAV, "7.8.4", "stored free-busy data", "4791/7.8.4-stored-free-busy"),
    row(CALDAV, "7.8.5", "tasks by alarm", "4791/7.8.5-alarms"),
    row(CALDAV, "7.8.6", "an event by its UID", "4791/7.8.6-by-uid"),
    row(CALDAV, "7.8.7", "events by answer", "4791/7.8.7-by-partstat"),
    row(CALDAV, "7.8.8", "events only", "4791/7.8.8-all-events"),
    row(CALDAV, "7.8.9", "pending tasks", "4791/7.8.9-pending-tasks"),
    row(CALDAV, "7.8.10", "X- properties", "4791/7.8.10-x-property"),
    row(CALDAV, "7.9.1", "multiget", "4791/7.9.1-multiget"),
    row(CALDAV, "7.9.2", "multiget of one's own properties", "4791/7.9.2-multiget-of-part"),
    row(CALDAV, "7.10.1", "free-busy", "4791/7.10.1-free-busy"),
    row(CALDAV, "8.2.1", "following a calendar by tags", "4791/8.2-synchronization"),
    row(CALDAV, "A", "privileges and methods", "4791/A-privileges"),
    row(CALDAV, "B", "the calendar of the examples", "4791/appendix-b"),
    row(SYNC, "3.8", "a first report", "6578/3.8-initial-and-updates"),
    row(SYNC, "3.9", "a report with a token", "6578/3.8-initial-and-updates"),
    row(SYNC, "3.10", "a first report that is cut", "6578/3.6-truncation"),
    row(SYNC, "3.11", "a limit", "6578/3.6-truncation"),
    row(SYNC, "3.12", "a limit that is not kept", "6578/3.6-truncation"),
    row(SYNC, "3.13", "at every depth", "6578/3.3-home-at-infinity"),
    row(SYNC, "5.1", "If with PUT", "6578/5-if-with-a-token"),
    row(SYNC, "5.2", "If with MKCOL", "6578/5.2-mkcol-with-a-token"),
    row(SCHEDULING, "2.1.1", "schedule-outbox-URL", "6638/2-collections"),
    row(SCHEDULING, "2.2.1", "schedule-inbox-URL", "6638/2-collections"),
    row(SCHEDULING, "2.4.1", "calendar-user-address-set", "6638/2-collections"),
    row(SCHEDULING, "2.4.2", "calendar-user-type", "6638/2-collections"),
    row(SCHEDULING, "7.1", "SCHEDULE-AGENT", "6638/7.1-schedule-agent"),
    row(SCHEDULING, "7.2", "SCHEDULE-FORCE-SEND", "6638/7.2-force-send"),
    row(SCHEDULING, "7.3", "SCHEDULE-STATUS", "6638/B-invitation"),
    row(SCHEDULING, "8.1", "Schedule-Reply", "6638/8.1-schedule-reply"),
    row(SCHEDULING, "8", "Schedule-Tag and If-Schedule-Tag-Match", "6638/B-invitation"),
    row(SCHEDULING, "9.1", "schedule-calendar-transp", "6638/9.1-transparent-calendar"),
    row(SCHEDULING, "9.2", "schedule-default-calendar-URL", "6638/2-collections"),
    row(SCHEDULING, "A.1", "privileges of the inbox", "6638/A-privileges"),
    row(SCHEDULING, "A.2", "privileges of the outbox", "6638/A-privileges"),
    row(SCHEDULING, "B.1", "several people are invited", "6638/B-invitation"),
    row(SCHEDULING, "B.2", "an invitation comes", "6638/B-invitation"),
    row(SCHEDULING, "B.3", "an invitation is answered", "6638/B-invitation"),
    row(SCHEDULING, "B.4", "an answer comes", "6638/B.4-receiving-a-reply"),
    row(SCHEDULING, "B.5", "when others are busy", "6638/5-free-busy-of-others"),
    row(SCHEDULING, "B.6", "an invitation in another's name", "6638/B.6-on-behalf"),
    row(SCHEDULING, "B.7", "an instance is declined", "6638/B.7-declining-an-instance"),
    row(SCHEDULING, "B.8", "an instance is removed", "6638/B.8-removing-an-instance"),
    row(AVAILABILITY, "3.1", "hours without bounds", "7953/3.1-office-hours"),
    row(AVAILABILITY, "3.1", "hours in two offices", "7953/3.1-two-offices"),
    row(AVAILABILITY, "3.1", "hours in two cities", "7953/3.1-itinerant"),
    row(AVAILABILITY, "3.2", "BUSYTYPE", "7953/3.2-busytype"),
    row(AVAILABILITY, "4", "several are combined by priority", "7953/4-combining"),
    row(AVAILABILITY, "5.1.1", "hours and a meeting", "7953/5.1.1-simple"),
    row(AVAILABILITY, "5.1.2", "hours of several priorities", "7953/5.1.2-by-priority"),
    row(AVAILABILITY, "7.2.1", "OPTIONS tells of availability", "7953/7.2.1-options"),
    row(AVAILABILITY, "7.2.2", "free-busy of a calendar", "7953/3.1-office-hours"),
    row(AVAILABILITY, "7.2.4", "calendar-availability", "7953/7.2.4-calendar-availability"),
];
