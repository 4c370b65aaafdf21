"""The calendars of the desktop, Thunderbird and Evolution: set up from the bare address, then a day of changes."""

import re
import time

import pytest
import requests

from evolution import Evolution
from kalends import Server, event
from thunderbird import Thunderbird

# Seconds that a change may need to arrive; a machine that builds at the same time is slow.
ARRIVES = 90

BERLIN = (
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n"
    "BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19810329T020000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n"
    "BEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19961027T030000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")

# Four Mondays around the end of summer time; the second is held on Tuesday at ten.
SERIES = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + BERLIN
    + "BEGIN:VEVENT\r\nUID:series\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20301021T090000\r\n"
    "DTEND;TZID=Europe/Berlin:20301021T093000\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Standup\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:series\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Berlin:20301028T090000\r\n"
    "DTSTART;TZID=Europe/Berlin:20301029T100000\r\nDTEND;TZID=Europe/Berlin:20301029T103000\r\n"
    "SUMMARY:Standup on Tuesday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
AUTUMN = ("20301015T000000Z", "20301120T000000Z")


@pytest.mark.parametrize("program", [Thunderbird, Evolution])
def test_a_desktop_calendar_finds_reads_and_writes(program, tmp_path):
    with Server(tmp_path, others=("grace",)) as server, program(tmp_path / "desk") as desk:
        for name, text in (("dentist.ics", event("dentist", "20301105T090000Z", "20301105T100000Z", "Dentist")),
                           ("concert.ics", event("concert", "20301106T190000Z", "20301106T210000Z", "Concert")),
                           ("series.ics", SERIES)):
            assert server.put(name, text).status_code == 201

        sets_up(desk, server)
        reads(desk)
        writes(desk, server)
        changes_one_day_of_a_series(desk, server)
        sees_what_others_change(desk, server)
        leaves_alone_what_is_only_read(desk, server)
        asks_when_somebody_is_busy(desk, server)
        assert not re.findall(".*status=5.*", log(server))


@pytest.mark.parametrize("program", [Thunderbird, Evolution])
def test_invitations_go_there_and_back(program, tmp_path):
    with Server(tmp_path, others=("grace",)) as server, program(tmp_path / "desk") as desk:
        sets_up(desk, server)
        invites(desk, server)
        is_invited(desk, server)
        assert not re.findall(".*status=5.*", log(server))


def sets_up(desk, server):
    desk.call("subscribe", server.url, server.user, server.password)
    until(lambda: set(desk.call("calendars")), lambda names: names == {"Bookings", "Everything", "Personal"})


def reads(desk):
    items = arrived(desk, "Personal", lambda items: len(items) == 3)
    assert set(items) == {"Dentist", "Concert", "Standup"} and items["Dentist"]["uid"] == "dentist"
    assert desk.call("occurrences", "Personal", *AUTUMN) == [
        ["20301021T090000", "Standup"], ["20301029T100000", "Standup on Tuesday"], ["20301104T090000", "Standup"],
        ["20301105T090000Z", "Dentist"], ["20301106T190000Z", "Concert"], ["20301111T090000", "Standup"]]
    assert set(arrived(desk, "Everything", lambda items: len(items) == 3)) == {"Dentist", "Concert", "Standup"}


def writes(desk, server):
    uid = desk.call("add", "Personal", "Lunch", "20301107T123000", "20301107T133000")
    address, text = until(lambda: stored(server, uid), lambda found: found)
    assert "SUMMARY:Lunch" in text
    # Half past twelve in Berlin, whatever name the program gives to the zone.
    assert server.free_busy("20301107T000000Z", "20301108T000000Z") == [("20301107T113000Z", "20301107T123000Z", "BUSY")]

    desk.call("rename", "Personal", uid, "Long lunch")
    until(lambda: server.dav("GET", address).text, lambda text: "SUMMARY:Long lunch" in text)
    arrived(desk, "Everything", lambda items: "Long lunch" in items)

    desk.call("remove", "Personal", uid)
    until(lambda: server.dav("GET", address).status_code, lambda status: status == 404)
    assert server.free_busy("20301107T000000Z", "20301108T000000Z") == []
    arrived(desk, "Everything", lambda items: "Long lunch" not in items)


def changes_one_day_of_a_series(desk, server):
    desk.call("rename_one", "Personal", "series", "20301104T080000Z", "Standup and review")
    _, text = until(lambda: stored(server, "series"), lambda found: "Standup and review" in found[1])
    assert text.count("BEGIN:VEVENT") == 3 and text.count("RRULE:FREQ=WEEKLY;COUNT=4") == 1
    assert re.search("RECURRENCE-ID[^\r\n]*:20301104T090000", text), text
    assert "SUMMARY:Standup on Tuesday" in text
    assert [start for start, *_ in server.free_busy(*AUTUMN)] == [
        "20301021T070000Z", "20301029T090000Z", "20301104T080000Z", "20301105T090000Z", "20301106T190000Z",
        "20301111T080000Z"]


def sees_what_others_change(desk, server):
    moved = event("dentist", "20301105T140000Z", "20301105T150000Z", "Dentist, later", "SEQUENCE:1\r\n")
    assert server.put("dentist.ics", moved).status_code == 204
    assert server.dav("DELETE", "/dav/calendars/ada/personal/concert.ics").status_code == 204
    fair = event("fair", "20301108T080000Z", "20301108T160000Z", "Fair")
    assert server.put("fair.ics", fair).status_code == 201
    for calendar in ("Personal", "Everything"):
        items = arrived(desk, calendar, lambda items: set(items) == {"Dentist, later", "Standup", "Fair"})
        assert items["Dentist, later"]["start"] == "20301105T140000Z"


def leaves_alone_what_is_only_read(desk, server):
    for calendar in ("Bookings", "Everything"):
        until(lambda: desk.call("read_only", calendar), lambda answer: answer)
        with pytest.raises(RuntimeError):
            desk.call("add", calendar, "Not here", "20301109T090000", "20301109T100000")
    assert not desk.call("read_only", "Personal")
    assert server.free_busy("20301109T000000Z", "20301110T000000Z") == []
    # The window greys the button out; a program that asks nevertheless is refused.
    refused = re.findall(r'method=PUT path="/dav/calendars/ada/(?:unified|bookings)/.* status=(\d+)', log(server))
    assert set(refused) <= {"403"}, refused


def invites(desk, server):
    desk.call("add_text", "Personal", invitation("meeting", "20301112T090000Z", "20301112T110000Z", "ada", "grace"))
    address, text = until(lambda: stored(server, "meeting", "grace"), lambda found: found)
    asked = re.sub("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED", text)
    assert asked != text, text
    assert as_grace(server, "PUT", address, asked).status_code == 204
    until(lambda: refreshed(desk, "answers", "Personal", "meeting"),
          lambda answers: answers.get("mailto:grace@example.org") == "ACCEPTED")

    desk.call("remove", "Personal", "meeting")
    until(lambda: server.free_busy("20301112T000000Z", "20301113T000000Z"), lambda busy: busy == [])
    until(lambda: stored(server, "meeting", "grace"), lambda found: not found or "STATUS:CANCELLED" in found[1])


def is_invited(desk, server):
    tea = invitation("tea", "20301113T150000Z", "20301113T160000Z", "grace", "ada")
    assert as_grace(server, "PUT", "/dav/calendars/grace/personal/tea.ics", tea).status_code == 201
    arrived(desk, "Personal", lambda items: "Meeting" in items and items["Meeting"]["uid"] == "tea")
    assert desk.call("answers", "Personal", "tea")["mailto:ada@example.org"] == "NEEDS-ACTION"
    desk.call("accept", "Personal", "tea", "ada@example.org")
    until(lambda: as_grace(server, "GET", "/dav/calendars/grace/personal/tea.ics").text,
          lambda text: re.search("ATTENDEE[^:]*PARTSTAT=ACCEPTED[^:]*:mailto:ada@", re.sub("\r\n[ \t]", "", text)))


def invitation(uid, start, end, organizer, guest):
    return event(uid, start, end, "Meeting", (
        f"ORGANIZER:mailto:{organizer}@example.org\r\n"
        f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{organizer}@example.org\r\n"
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest}@example.org\r\n"))


def as_grace(server, method, path, text=None):
    return requests.request(method, server.url + path, data=text and text.encode(), timeout=30,
                            auth=("grace", server.password), headers={"Content-Type": "text/calendar; charset=utf-8", "Depth": "1"})


def refreshed(desk, question, calendar, *words):
    """What the program knows, after it has asked the server again a moment ago."""
    desk.call("refresh", calendar)
    time.sleep(0.3)
    return desk.call(question, calendar, *words)


def asks_when_somebody_is_busy(desk, server):
    visit = event("visit", "20301112T090000Z", "20301112T110000Z", "Visit to the dentist")
    there = as_grace(server, "PUT", "/dav/calendars/grace/personal/visit.ics", visit)
    assert there.status_code == 201, there.text
    november = ("20301101T000000Z", "20301201T000000Z")
    assert desk.call("free_busy", "Personal", "grace@example.org", *november) == [["20301112T090000Z", "20301112T110000Z"]]
    assert desk.call("free_busy", "Personal", "ada@example.org", *november) == [
        ["20301104T080000Z", "20301104T083000Z"], ["20301105T140000Z", "20301105T150000Z"],
        ["20301108T080000Z", "20301108T160000Z"], ["20301111T080000Z", "20301111T083000Z"]]
    assert desk.call("free_busy", "Personal", "nobody@example.org", *november) == []


def log(server):
    return (server.folder / "log").read_text()


def arrived(desk, calendar, good):
    """The items of a calendar by title, once `good` likes them; asks the server for them again and again."""
    def items():
        desk.call("refresh", calendar)
        return until(lambda: desk.call("items", calendar), good, seconds=5, last=lambda found: found)
    return until(items, good)


def until(look, good, seconds=ARRIVES, last=None):
    """What `look` gives, once `good` likes it; when the time is over, what `last` makes of it, else a failure."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if good(found):
            return found
        if time.monotonic() > deadline:
            if last:
                return last(found)
            raise AssertionError(f"after {seconds} s there is still {found}")
        time.sleep(0.1)


def stored(server, uid, owner="ada"):
    """Address and text of the object with this UID in the calendar where people write, or nothing."""
    ask = server.dav if owner == "ada" else lambda method, path, **_: as_grace(server, method, path)
    for address in re.findall(r"<D:href>([^<]+\.ics)</D:href>", ask("PROPFIND", f"/dav/calendars/{owner}/personal/", Depth="1").text):
        text = re.sub("\r\n[ \t]", "", ask("GET", address).text)
        if f"UID:{uid}\r\n" in text:
            return address, text
    return None
