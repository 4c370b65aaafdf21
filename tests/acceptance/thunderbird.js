// Runs inside Thunderbird with all its rights: one expression, an object of functions that all give promises.
(() => {
  const module = path => ChromeUtils.importESModule(`resource:///modules/${path}.sys.mjs`);
  const { cal } = module("calendar/calUtils");

  const calendars = () => cal.manager.getCalendars().filter(one => one.type === "caldav");
  const calendar = name => {
    const found = calendars().find(one => one.name === name);
    if (!found) throw new Error(`no calendar ${name}`);
    return found;
  };
  const item = async (name, uid) => {
    const found = await calendar(name).getItem(uid);
    if (!found) throw new Error(`no item ${uid} in ${name}`);
    return found;
  };

  const observer = { QueryInterface: ChromeUtils.generateQI(["calIObserver"]) };
  for (const name of ["StartBatch", "EndBatch", "AddItem", "ModifyItem", "DeleteItem", "PropertyChanged", "PropertyDeleting"]) {
    observer[`on${name}`] = () => {};
  }

  return {
    // What the dialog for a new calendar does: finds the calendars, keeps the password and subscribes to all. Ends when
    // each has been read once: a second request beside the first would be asked for the password by a window.
    async subscribe(address, user, password) {
      // A loopback address has no records, and no resolver out there need be asked for them.
      module("DNS").DNS.lookup = async () => [];
      const found = await cal.provider.detection.detect(user, password, address, true, [], {});
      await Promise.all([...found.values()].flat().map(one => new Promise((resolve, reject) => {
        one.setProperty("cache.enabled", true);
        cal.manager.registerCalendar(one);
        const onError = (_, number, message) => reject(new Error(`${one.name}: ${number} ${message}`));
        calendar(one.name).addObserver({ ...observer, onLoad: () => resolve(), onError });
      })));
    },

    async calendars() {
      return calendars().map(one => one.name);
    },

    async read_only(name) {
      return calendar(name).readOnly;
    },

    async refresh(name) {
      calendar(name).refresh();
    },

    // Masters and single events by title.
    async items(name) {
      const found = await calendar(name).getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
      return Object.fromEntries(found.map(one => [one.title, { uid: one.id, start: one.startDate.icalString }]));
    },

    async occurrences(name, start, end) {
      const filter = Ci.calICalendar.ITEM_FILTER_ALL_ITEMS | Ci.calICalendar.ITEM_FILTER_CLASS_OCCURRENCES;
      const found = await calendar(name)
        .getItemsAsArray(filter, 0, cal.createDateTime(start), cal.createDateTime(end));
      return found.map(one => [one.startDate.icalString, one.title]).sort();
    },

    // An event in the zone of Berlin, as the editor makes it.
    async add(name, title, start, end) {
      const event = new (module("CalEvent").CalEvent)();
      const zone = cal.timezoneService.getTimezone("Europe/Berlin");
      const local = text => Object.assign(cal.createDateTime(text), { timezone: zone });
      event.id = cal.getUUID();
      event.title = title;
      event.startDate = local(start);
      event.endDate = local(end);
      return (await calendar(name).addItem(event)).id;
    },

    async add_text(name, text) {
      await calendar(name).addItem(new (module("CalEvent").CalEvent)(text));
    },

    // Who has answered what to an invitation.
    async answers(name, uid) {
      const found = (await item(name, uid)).getAttendees();
      return Object.fromEntries(found.map(one => [one.id, one.participationStatus]));
    },

    async accept(name, uid, person) {
      const before = await item(name, uid);
      const after = before.clone();
      after.getAttendeeById(`mailto:${person}`).participationStatus = "ACCEPTED";
      await calendar(name).modifyItem(after, before);
    },

    async rename(name, uid, title) {
      const before = await item(name, uid);
      const after = before.clone();
      after.title = title;
      await calendar(name).modifyItem(after, before);
    },

    // Changes the occurrence of a series that begins at `start`, an instant.
    async rename_one(name, uid, start, title) {
      const before = await item(name, uid);
      const after = before.clone();
      const from = cal.createDateTime(start);
      const until = from.clone();
      until.minute += 1;
      const [found] = after.recurrenceInfo.getOccurrences(from, until, 1);
      const one = found.clone();
      one.title = title;
      after.recurrenceInfo.modifyException(one, true);
      await calendar(name).modifyItem(after, before);
    },

    // What the attendees' page of the editor asks: when this person is busy. Any of the calendars may do the asking.
    async free_busy(name, person, start, end) {
      const { BUSY } = Ci.calIFreeBusyInterval;
      const found = await new Promise(resolve => {
        const all = [];
        const onResult = (operation, intervals) => {
          all.push(...(intervals ?? []));
          if (!operation.isPending) resolve(all);
        };
        cal.freeBusyService.getFreeBusyIntervals(
          `mailto:${person}`, cal.createDateTime(start), cal.createDateTime(end), BUSY, { onResult });
      });
      return found.filter(one => one.freeBusyType === BUSY)
        .map(one => [one.interval.start.icalString, one.interval.end.icalString]).sort();
    },

    async remove(name, uid) {
      await calendar(name).deleteItem(await item(name, uid));
    },
  };
})()
