"""Suites that others wrote to look at WebDAV and CalDAV servers: litmus, caldav-server-tester, and the functional tests
of the Python library caldav."""

import ast
import json
import os
import re
import subprocess
import tarfile

import pytest

from kalends import ROOT, Server

SUITES = ROOT / "target/venv-suites/bin"
SOURCE = ROOT / "target/suites"
OTHERS = ("bob", "cleo")


@pytest.fixture
def server():
    # The tester looks for the well-known address on hosts other than 127.0.0.1 only.
    with Server(event_types=[], others=OTHERS, host="127.0.0.2") as server:
        yield server
        log = (server.folder / "log").read_text()
        assert not re.search(r"status=5\d\d", log), re.findall(r".*status=5\d\d.*", log)[:5]


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, **more)
    print(done.stdout[-20_000:], done.stderr[-4000:])
    return done


def test_litmus(server, tmp_path):
    done = run(["litmus", f"{server.url}/dav/files/ada/", server.user, server.password], cwd=tmp_path)
    summaries = re.findall(r"summary for `(\w+)': of (\d+) tests run: (\d+) passed, (\d+) failed", done.stdout)
    assert [name for name, *_ in summaries] == ["basic", "copymove", "props", "locks", "http"], done.stdout[-3000:]
    assert all(failed == "0" and ran == passed for _, ran, passed, failed in summaries), summaries
    assert sum(int(ran) for _, ran, *_ in summaries) >= 104


# What the tester would like otherwise, and why it is not.
ARGUED = {
    "search.text.comp-type-optional": "a prop-filter of VCALENDAR is about the calendar's properties (RFC 4791 9.7.2)",
    "url.encode-at.identity": "@ and %40 name one resource (RFC 3986 6.2.2.2), as clients want it",
    "create-calendar.auto": "a calendar is made by MKCALENDAR; a PUT into none is refused (RFC 4918 9.7.1)",
    "url.encode-at.literal.principal": "not looked at by the tester where no path holds the user name",
}


def accounts(server):
    return [(user, server.password) for user in (server.user, *OTHERS)]


def test_caldav_server_tester(server, tmp_path):
    config = {f"owner{number}": {"caldav_url": f"{server.url}/dav/", "caldav_user": user, "caldav_pass": password}
              for number, (user, password) in enumerate(accounts(server))}
    (tmp_path / "calendar.conf").write_text(json.dumps(config))
    sections = [word for section in config for word in ("--config-section", section)]
    done = run([SUITES / "caldav-server-tester", "--format", "hints", *sections], cwd=tmp_path,
               env={**os.environ, "CALDAV_CONFIG_FILE": str(tmp_path / "calendar.conf"), "HOME": str(tmp_path)})
    assert done.returncode == 0
    features = ast.literal_eval(done.stdout[done.stdout.index("{"):])
    other = {name: found for name, found in features.items() if found.get("support", "full") != "full"}
    print(len(features), "features,", len(features) - len(other), "in full", json.dumps(other, indent=1))
    assert set(other) <= set(ARGUED), {name: other[name] for name in set(other) - set(ARGUED)}
    assert len(features) - len(other) >= 105


SETTINGS = """
test-servers:
  radicale: {{enabled: false, type: embedded}}
  xandikos: {{enabled: false, type: embedded}}
  kalends:
    type: external
    enabled: true
    url: {url}/dav/
    username: {user}
    password: "{password}"
    # More than the library expects of a server it does not know.
    features: {{"search.time-range.comp-type-optional": {{support: full}}}}
    scheduling_users:
{users}
"""


def test_functional_tests_of_python_caldav(server, tmp_path):
    archive, = SOURCE.glob("caldav-*.tar.gz")
    with tarfile.open(archive) as source:
        source.extractall(tmp_path, filter="data")
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    users = "".join(f'      - {{url: "{server.url}/dav/", username: {user}, password: "{password}"}}\n'
                    for user, password in accounts(server))
    (folder / "tests/caldav_test_servers.yaml").write_text(
        SETTINGS.format(url=server.url, user=server.user, password=server.password, users=users))
    done = run([SUITES / "python", "-m", "pytest", "-q", "-o", "asyncio_default_fixture_loop_scope=function",
                "-W", "default::DeprecationWarning",
                "-k", "Kalends", "tests/test_caldav.py"], cwd=folder,
               env={**os.environ, "PYTHON_CALDAV_TEST_DOCKER": "0", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)})
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0 and passed and int(passed[1]) >= 66, done.stdout[-3000:]
