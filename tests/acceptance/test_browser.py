"""Headless Chromium books: with JavaScript, without it, with the keyboard only; and nothing is wider than the screen."""

import json
import os
import subprocess

import pytest
import requests

from kalends import NODE_MODULES, ROOT, Server


def browse(mode, server, folder):
    run = subprocess.run(
        ["node", ROOT / "tests/acceptance/browser.mjs", mode, f"{server.url}/ada/intro", folder],
        env=dict(os.environ, KALENDS_NODE_MODULES=str(NODE_MODULES)), capture_output=True, text=True, timeout=180)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("mode", ["scripts", "no-scripts", "keyboard"])
def test_a_booking(mode, tmp_path):
    with Server() as server:
        seen = browse(mode, server, tmp_path)
        assert "/b/" in seen["url"]
        (booking,) = [one for one in listed(server)]
        page = requests.get(seen["url"], timeout=10)
        assert page.status_code == 200 and "no-store" in page.headers["Cache-Control"]
        download = requests.get(seen["url"] + ".ics", timeout=10)
        assert download.headers["Content-Type"].startswith("text/calendar") and f"UID:{booking['uid']}" in download.text.replace("\r\n ", "")
        if mode == "keyboard":
            assert seen["presses"] <= 25


def listed(server):
    found = server.json("booking", "list", "--owner", "ada")
    return found["bookings"] if isinstance(found, dict) else found


def test_pictures(tmp_path):
    with Server() as server:
        seen = browse("pictures", server, tmp_path)
        assert len(seen["kept"]) == 9
        assert all((tmp_path / name).stat().st_size > 5000 for name in seen["kept"])
