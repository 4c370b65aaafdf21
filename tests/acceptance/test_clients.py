"""vdirsyncer with khal: other people's CalDAV client through a whole day."""

import os
import subprocess

import requests

from kalends import Server, VENV


def run(folder, *words, feed=None):
    environment = dict(os.environ, HOME=str(folder), XDG_CONFIG_HOME=f"{folder}/config", XDG_DATA_HOME=f"{folder}/data",
                       XDG_CACHE_HOME=f"{folder}/cache", VDIRSYNCER_CONFIG=f"{folder}/vdirsyncer.conf", LC_ALL="C.UTF-8",
                       TZ="Europe/Berlin", PATH=f"{VENV}:{os.environ['PATH']}", NO_COLOR="1")
    done = subprocess.run(words, env=environment, input=feed, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{words}:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_vdirsyncer_discovers_syncs_writes_and_deletes(tmp_path):
    feed = tmp_path / "feed.ics"
    feed.write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//feed//EN\r\nBEGIN:VEVENT\r\nUID:from-the-feed\r\n"
                    "DTSTAMP:20260101T000000Z\r\nDTSTART:20301107T090000Z\r\nDTEND:20301107T100000Z\r\nSUMMARY:Lecture\r\n"
                    "END:VEVENT\r\nEND:VCALENDAR\r\n")
    source = f'\n  [[owner.source]]\n  id = "university"\n  kind = "ics"\n  path = "{feed}"\n'
    with Server(owner_more=source) as server:
        server.cli("source", "sync", "ada/university")
        # From the base URL alone: discovery must find everything else.
        (tmp_path / "vdirsyncer.conf").write_text(
            f'[general]\nstatus_path = "{tmp_path}/status"\n\n[pair p]\na = "here"\nb = "there"\n'
            'collections = ["unified", "personal"]\nconflict_resolution = "b wins"\n\n'
            f'[storage here]\ntype = "filesystem"\npath = "{tmp_path}/local"\nfileext = ".ics"\n\n'
            f'[storage there]\ntype = "caldav"\nurl = "{server.url}/"\nusername = "{server.user}"\n'
            f'password = "{server.password}"\n')
        run(tmp_path, "vdirsyncer", "discover", feed="y\n" * 10)
        run(tmp_path, "vdirsyncer", "sync")
        unified = list((tmp_path / "local/unified").glob("*.ics"))
        assert len(unified) == 1 and "X-KALENDS-SOURCE:university" in unified[0].read_text()

        (tmp_path / "khal.conf").write_text(
            f"[calendars]\n[[personal]]\npath = {tmp_path}/local/personal\n\n[locale]\nlocal_timezone = Europe/Berlin\n"
            "default_timezone = Europe/Berlin\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n")
        # One more that stays: vdirsyncer refuses to empty a whole calendar.
        for day, what in (("2030-11-08", "Dentist"), ("2030-11-10", "Concert")):
            run(tmp_path, "khal", "-c", f"{tmp_path}/khal.conf", "new", "-a", "personal", day, "14:00", "15:00", what)
        run(tmp_path, "vdirsyncer", "sync")
        assert server.free_busy("20301108T000000Z", "20301109T000000Z") == [("20301108T130000Z", "20301108T140000Z", "BUSY")]

        transferred = run(tmp_path, "vdirsyncer", "-vINFO", "sync")
        # The unified calendar has the new event now; after that nothing moves any more.
        transferred = run(tmp_path, "vdirsyncer", "-vINFO", "sync")
        assert "opying" not in transferred and "eleting" not in transferred, transferred

        (dentist,) = [file for file in (tmp_path / "local/personal").glob("*.ics") if "Dentist" in file.read_text()]
        dentist.unlink()
        run(tmp_path, "vdirsyncer", "sync")
        assert server.free_busy("20301108T000000Z", "20301109T000000Z") == []
        assert requests.request("PROPFIND", f"{server.url}/dav/calendars/ada/personal/", auth=server.auth,
                                headers={"Depth": "1"}).text.count("<D:response>") == 2, "the calendar and the concert"
