"""Runs with the system's Python on a message bus of its own: does in evolution-data-server what a line of JSON asks for."""

import json
import sys
import threading
import urllib.parse

import gi

gi.require_version("ECal", "2.0")
gi.require_version("EDataServer", "1.2")
gi.require_version("ICalGLib", "3.0")
from gi.repository import ECal, EDataServer, GLib, ICalGLib  # noqa: E402

# Seconds.
ANSWER = 90
HALF_DAY = 12 * 3600
ACCOUNT = "kalends"


class Inside:
    """What can be asked for; calendars are named as people see them."""

    def __init__(self):
        # Sources ask for their password on the main loop, so it must turn while a call waits.
        threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
        self.registry = EDataServer.SourceRegistry.new_sync(None)
        self.clients = {}

    def subscribe(self, address, user, password):
        """What the dialog for a new collection account does, with the server's bare address."""
        place = urllib.parse.urlsplit(address)

        def sign_in(_, source, *__):
            credentials = EDataServer.NamedParameters.new()
            credentials.set("username", user)
            credentials.set("password", password)
            source.invoke_authenticate_sync(credentials, None)
        self.registry.connect("credentials-required", sign_in)

        account = EDataServer.Source.new_with_uid(ACCOUNT, None)
        account.set_display_name("Kalends")
        account.set_parent("")
        login = account.get_extension("Authentication")
        login.set_host(place.hostname)
        login.set_port(place.port)
        login.set_method("plain/password")
        login.set_user(user)
        login.set_remember_password(False)
        collection = account.get_extension("Collection")
        collection.set_backend_name("webdav")
        collection.set_identity(user)
        collection.set_calendar_url(address)
        collection.set_calendar_enabled(True)
        collection.set_contacts_enabled(False)
        collection.set_mail_enabled(False)
        self.registry.commit_source_sync(account, None)

    def calendars(self):
        return [source.get_display_name() for source in self.sources()]

    def sources(self):
        return [one for one in self.registry.list_sources("Calendar") if one.get_parent() == ACCOUNT]

    def client(self, calendar):
        if calendar not in self.clients:
            (source,) = [one for one in self.sources() if one.get_display_name() == calendar]
            self.clients[calendar] = ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, ANSWER, None)
        return self.clients[calendar]

    def read_only(self, calendar):
        return self.client(calendar).is_readonly()

    def refresh(self, calendar):
        self.client(calendar).refresh_sync(None)

    def items(self, calendar):
        """Masters and single events by title; the changed days of a series belong to their master."""
        _, found = self.client(calendar).get_object_list_sync("#t", None)
        return {one.get_summary(): {"uid": one.get_uid(), "start": one.get_dtstart().as_ical_string()}
                for one in found if one.get_recurrenceid().is_null_time()}

    def occurrences(self, calendar, start, end):
        found = []

        def keep(component, begins, _ends, *_):
            found.append([begins.as_ical_string(), component.get_summary()])
            return True
        self.client(calendar).generate_instances_sync(instant(start), instant(end), None, keep)
        return sorted(found)

    def add(self, calendar, title, start, end):
        """An event in the zone of Berlin, as the editor makes it: with Evolution's own name of the zone."""
        client = self.client(calendar)
        zone = ICalGLib.Timezone.get_builtin_timezone("Europe/Berlin")
        client.add_timezone_sync(zone, None)
        component = ICalGLib.Component.new_from_string(
            f"BEGIN:VEVENT\r\nDTSTART;TZID={zone.get_tzid()}:{start}\r\nDTEND;TZID={zone.get_tzid()}:{end}\r\n"
            f"SUMMARY:{title}\r\nEND:VEVENT\r\n")
        component.set_uid(EDataServer.util_generate_uid())
        return client.create_object_sync(component, ECal.OperationFlags.NONE, None)[1]

    def add_text(self, calendar, text):
        component = ICalGLib.Component.new_from_string(text).get_first_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)
        self.client(calendar).create_object_sync(component, ECal.OperationFlags.NONE, None)

    def answers(self, calendar, uid):
        """Who has answered what to an invitation."""
        _, component = self.client(calendar).get_object_sync(uid, None, None)
        return {one.get_attendee(): one.get_parameter_as_string("PARTSTAT") for one in attendees(component)}

    def accept(self, calendar, uid, person):
        client = self.client(calendar)
        _, component = client.get_object_sync(uid, None, None)
        (guest,) = [one for one in attendees(component) if one.get_attendee() == f"mailto:{person}"]
        guest.set_parameter_from_string("PARTSTAT", "ACCEPTED")
        client.modify_object_sync(component, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)

    def rename(self, calendar, uid, title):
        client = self.client(calendar)
        _, component = client.get_object_sync(uid, None, None)
        component.set_summary(title)
        client.modify_object_sync(component, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)

    def rename_one(self, calendar, uid, start, title):
        """Changes the occurrence of a series that begins at `start`, an instant."""
        client = self.client(calendar)
        wanted = []

        def keep(component, begins, *_):
            if component.get_uid() == uid and begins.as_timet_with_zone(begins.get_timezone()) == instant(start):
                wanted.append(component.clone())
            return True
        # A range as short as the occurrence finds nothing.
        client.generate_instances_sync(instant(start) - HALF_DAY, instant(start) + HALF_DAY, None, keep)
        (component,) = wanted
        # The rule stays with the series, as the editor leaves it.
        ECal.util_component_remove_property_by_kind(component, ICalGLib.PropertyKind.RRULE_PROPERTY, True)
        component.set_summary(title)
        client.modify_object_sync(component, ECal.ObjModType.THIS, ECal.OperationFlags.NONE, None)

    def free_busy(self, calendar, person, start, end):
        """What the meeting page of the editor asks: when this person is busy."""
        _, found = self.client(calendar).get_free_busy_sync(instant(start), instant(end), [person], None)
        periods = []
        for component in (one.get_icalcomponent() for one in found):
            period = component.get_first_property(ICalGLib.PropertyKind.FREEBUSY_PROPERTY)
            while period:
                periods.append(period.get_value_as_string().split("/"))
                period = component.get_next_property(ICalGLib.PropertyKind.FREEBUSY_PROPERTY)
        return sorted(periods)

    def remove(self, calendar, uid):
        self.client(calendar).remove_object_sync(uid, None, ECal.ObjModType.ALL, ECal.OperationFlags.NONE, None)


def attendees(component):
    found = component.get_first_property(ICalGLib.PropertyKind.ATTENDEE_PROPERTY)
    while found:
        yield found
        found = component.get_next_property(ICalGLib.PropertyKind.ATTENDEE_PROPERTY)


def instant(text):
    """Seconds since 1970 of `20301104T080000Z`."""
    return ICalGLib.Time.new_from_string(text).as_timet()


def main():
    inside = Inside()
    for line in sys.stdin:
        name, words = json.loads(line)
        try:
            answer = {"value": getattr(inside, name)(*words)}
        except Exception as error:  # whatever it is, the other side has to be told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
