"""Invitations through a real SMTP server, read by Python's `email` and `icalendar`; once, also after kill -9."""

import email
import email.policy
import re
import time

import icalendar
import requests
from aiosmtpd.controller import Controller

from kalends import Server, free_port


class Mailbox:
    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 kept"


def smtp(port, mailbox):
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    return controller


def wait_for(mailbox, count, seconds=30):
    deadline = time.monotonic() + seconds
    while len(mailbox.messages) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    assert len(mailbox.messages) == count, [(to, m["Subject"]) for to, m in mailbox.messages]
    got, mailbox.messages[:] = list(mailbox.messages), []
    return got


SOURCES = "".join(
    f'\n  [[owner.source]]\n  id = "{name}"\n  kind = "ics"\n  path = "{{folder}}/{name}.ics"\n  account = "ada@{name}.example"\n'
    for name in ("work", "home"))


def calendar_of(message):
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    method = part.get_param("method")
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert str(calendar["METHOD"]) == method
    (event,) = calendar.walk("VEVENT")
    alternatives = [part for part in message.walk() if part.get_content_type() == "multipart/alternative"]
    assert [part.get_content_type() for part in alternatives[0].iter_parts()] == ["text/plain", "text/html", "text/calendar"]
    (attachment,) = [part for part in message.walk() if part.get_content_type() == "application/ics"]
    assert attachment.get_payload(decode=True) == part.get_payload(decode=True)
    return method, event


def make(tmp_path, port):
    sources = SOURCES.replace("{folder}", str(tmp_path))
    for name in ("work", "home"):
        (tmp_path / f"{name}.ics").write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//feed//EN\r\nEND:VCALENDAR\r\n")
    mail = f'smtp = "smtp://127.0.0.1:{port}"\nfrom = "Ada Example <calendar@example.org>"'
    return Server(owner_more=sources, mail=mail)


def book(server, slot):
    answer = requests.post(
        f"{server.url}/ada/intro/book", allow_redirects=False, timeout=30,
        data={"s": slot, "dur": "30", "tz": "America/New_York", "name": "Grace Hopper", "email": "grace@example.net",
              "notes": "Line one\r\nBcc: mallory@example.net", "nonce": "0" * 31 + "1"})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def compact(slot):
    return re.sub(r"[-:]", "", slot["start"] if isinstance(slot, dict) else slot).replace("+0000", "Z")


def test_one_invitation_for_each(tmp_path):
    port, mailbox = free_port(), Mailbox()
    controller = smtp(port, mailbox)
    try:
        with make(tmp_path, port) as server:
            server.cli("source", "sync")
            first, later = server.slots()[0], server.slots()[6]
            link = book(server, compact(first))
            seen = {}
            for (recipient,), message in wait_for(mailbox, 3):
                method, event = calendar_of(message)
                assert method == "REQUEST" and int(event["SEQUENCE"]) == 0
                assert message["Bcc"] is None
                attendees = event["ATTENDEE"] if isinstance(event["ATTENDEE"], list) else [event["ATTENDEE"]]
                assert f"mailto:{recipient}" in [str(one).lower() for one in attendees]
                assert str(event["ORGANIZER"]).lower() == "mailto:calendar@example.org"
                assert event["DTSTART"].dt.astimezone(__import__("datetime").timezone.utc).strftime("%Y%m%dT%H%M%SZ") == compact(first)
                if recipient == "grace@example.net":
                    assert "ada@work.example" not in message.as_string() and "ada@home.example" not in message.as_string()
                    assert link.rsplit("/", 1)[1] in message.get_body().get_content()
                seen[recipient] = str(event["UID"])
            assert set(seen) == {"grace@example.net", "ada@work.example", "ada@home.example"}
            (uid,) = set(seen.values())

            moved = requests.post(f"{server.url}{link_path(link)}/reschedule", allow_redirects=False, timeout=30,
                                  data={"s": compact(later), "tz": "America/New_York"})
            assert moved.status_code == 303, moved.text
            for _, message in wait_for(mailbox, 3):
                method, event = calendar_of(message)
                assert (method, str(event["UID"]), int(event["SEQUENCE"])) == ("REQUEST", uid, 1)

            gone = requests.post(f"{server.url}{link_path(link)}/cancel", allow_redirects=False, timeout=30,
                                 data={"reason": "Ill; sorry"})
            assert gone.status_code == 303, gone.text
            for _, message in wait_for(mailbox, 3):
                method, event = calendar_of(message)
                assert (method, str(event["UID"]), int(event["SEQUENCE"])) == ("CANCEL", uid, 2)
                assert str(event["STATUS"]) == "CANCELLED"
            assert server.free_busy(compact(later), compact(later)[:9] + "235959Z", "bookings") == []
    finally:
        controller.stop()


def link_path(link):
    return re.sub(r"^https?://[^/]+", "", link)


def test_killed_between_commit_and_delivery(tmp_path):
    port, mailbox = free_port(), Mailbox()
    server = make(tmp_path, port)
    with server:
        server.cli("source", "sync")
        # Nobody listens on the mail port: the commit is there, the mail can't leave.
        book(server, compact(server.slots()[0]))
        server.kill()
        controller = smtp(port, mailbox)
        try:
            server.start()
            arrived = wait_for(mailbox, 3, seconds=60)
            assert len({message["Message-ID"] for _, message in arrived}) == 3
            time.sleep(3)
            assert mailbox.messages == []
        finally:
            controller.stop()
