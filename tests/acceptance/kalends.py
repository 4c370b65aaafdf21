"""Starts the real program on a real folder and talks to it as people's programs do."""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("KALENDS_BIN", ROOT / "target/release/kalends"))
SHARED = ROOT.parent / "shared"
VENV = ROOT / "target/venv-clients/bin"
NODE_MODULES = ROOT / "target/npm/node_modules"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


HOURS = 'working_hours = { mon-sun = ["00:00-24:00"] }'

OWNER = """
[[owner]]
id = "ada"
name = "Ada Example"
emails = ["ada@example.org"]
time_zone = "Europe/Berlin"
{hours}
password = {{ file = "{folder}/ada.password" }}
{owner_more}
"""

# Another owner, with the same password.
OTHER = """
[[owner]]
id = "{id}"
name = "{name} Example"
emails = ["{id}@example.org"]
time_zone = "Europe/Berlin"
password = {{ file = "{folder}/ada.password" }}
"""

EVENT_TYPE = """
  [[owner.event_type]]
  slug = "{slug}"
  title = "{title}"
  durations = {durations}
  {more}
"""


class Server:
    """One running `kalends serve`; everything it keeps is below `folder`."""

    def __init__(self, folder=None, owner_more="", hours=HOURS, mail=None, top_more="", event_types=None,
                 engine="redb", others=(), host="127.0.0.1"):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="kalends-test-"))
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.user, self.password = "ada", "correct horse battery staple"
        (self.folder / "ada.password").write_text(self.password)
        os.chmod(self.folder / "ada.password", 0o600)
        mail = mail or f'folder = "{self.folder}/mail"\nfrom = "Ada Example <calendar@example.org>"'
        event_types = event_types if event_types is not None else [
            dict(slug="intro", title="Introduction", durations='["15m", "30m"]', more='minimum_notice = "1h"\nhorizon = "60d"'),
        ]
        self.config = self.folder / "kalends.toml"
        self.config.write_text(
            f'[server]\npublic_url = "{self.url}"\ndata_dir = "{self.folder}/data"\n\n'
            f'[[listen]]\naddress = "{host}:{self.port}"\nsurfaces = ["booking", "caldav", "metrics"]\ntls = "off"\n\n'
            f'[store]\nengine = "{engine}"\n\n[mail]\n{mail}\n\n{top_more}\n'
            + OWNER.format(folder=self.folder, hours=hours, owner_more=owner_more)
            + "".join(EVENT_TYPE.format(**kind) for kind in event_types)
            + "".join(OTHER.format(id=other, name=other.title(), folder=self.folder) for other in others)
        )
        self.process = None

    def start(self, wait=20.0):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.config], stdout=self.log, stderr=self.log, cwd=self.folder)
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError("the server ended at once:\n" + (self.folder / "log").read_text()[-3000:])
            try:
                if requests.get(self.url + "/healthz", timeout=1).status_code == 200:
                    return self
            except requests.RequestException:
                time.sleep(0.02)
        raise AssertionError("the server does not answer:\n" + (self.folder / "log").read_text()[-3000:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(timeout=15) == 0, "SIGTERM must end it in order"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cli(self, *words, ok=(0,)):
        run = subprocess.run([BINARY, *words, "--config", self.config], capture_output=True, text=True, timeout=60)
        assert run.returncode in ok, f"{words}: {run.returncode}\n{run.stdout}\n{run.stderr}"
        return run.stdout

    def json(self, *words):
        return json.loads(self.cli(*words, "--json"))

    @property
    def auth(self):
        return (self.user, self.password)

    def dav(self, method, path, body=None, **headers):
        return requests.request(
            method, self.url + path, data=body.encode() if isinstance(body, str) else body, auth=self.auth,
            headers={name.replace("_", "-"): value for name, value in headers.items()}, timeout=30,
            allow_redirects=False)

    def put(self, name, text, collection="personal", **headers):
        return self.dav("PUT", f"/dav/calendars/ada/{collection}/{name}", text,
                        Content_Type="text/calendar; charset=utf-8", **headers)

    def free_busy(self, start, end, collection="unified"):
        body = ('<?xml version="1.0" encoding="utf-8"?><C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
                f'<C:time-range start="{start}" end="{end}"/></C:free-busy-query>')
        answer = self.dav("REPORT", f"/dav/calendars/ada/{collection}/", body, Content_Type="application/xml", Depth="1")
        assert answer.status_code == 200, answer.text
        return periods(answer.text)

    def slots(self, event_type="intro", duration="30m", more=()):
        found = self.json("slots", f"ada/{event_type}", "--duration", duration, *more)
        return found["slots"] if isinstance(found, dict) else found


def periods(text):
    """(start, end, type) of every FREEBUSY period, as written in UTC."""
    text = re.sub(r"\r?\n[ \t]", "", text)
    found = []
    for line in text.splitlines():
        if line.startswith("FREEBUSY"):
            head, value = line.split(":", 1)
            kind = re.search(r"FBTYPE=([A-Z-]+)", head)
            for period in value.split(","):
                start, end = period.split("/")
                found.append((start, end, kind.group(1) if kind else "BUSY"))
    return sorted(found)


def event(uid, start, end, summary="Event", extra=""):
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\n"
            f"UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:{summary}\r\n{extra}"
            "END:VEVENT\r\nEND:VCALENDAR\r\n")


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
