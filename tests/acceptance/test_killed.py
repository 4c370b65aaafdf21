"""kill -9 at random under bookings and PUTs: everything acknowledged is there, nothing half."""

import concurrent.futures
import datetime as dt
import os
import random
import re
import threading
import time

import requests

from kalends import Server, event

ROUNDS = int(os.environ.get("KALENDS_KILL_ROUNDS", "100"))
UTC = dt.timezone.utc


def test_everything_acknowledged_is_there():
    unlimited = "[limits]\nbookings_per_minute = 1000000\n"
    types = [dict(slug="intro", title="Introduction", durations='["15m"]',
                  more='interval = "15m"\nminimum_notice = "1h"\nhorizon = "90d"')]
    dice = random.Random(42)
    with Server(event_types=types, top_more=unlimited) as server:
        base = (dt.datetime.now(UTC) + dt.timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
        booked, kept, tried = {}, {}, 0
        number = 0
        for _ in range(ROUNDS):
            running = True
            lock = threading.Lock()

            def work(worker):
                nonlocal number
                session = requests.Session()
                while running:
                    with lock:
                        number += 1
                        mine = number
                    try:
                        if worker % 2:
                            start = (base + dt.timedelta(minutes=15 * (mine % 8000))).strftime("%Y%m%dT%H%M%SZ")
                            answer = session.post(f"{server.url}/ada/intro/book", allow_redirects=False, timeout=10, data={
                                "s": start, "dur": "15", "tz": "UTC", "name": f"guest {mine}",
                                "email": f"g{mine}@example.org", "notes": "", "nonce": f"{mine:032x}"})
                            if answer.status_code == 303:
                                booked[answer.headers["Location"]] = start
                        else:
                            text = event(f"kept-{mine}", "20310101T090000Z", "20310101T100000Z", f"Number {mine} " + "x" * dice.randrange(4000))
                            answer = session.put(f"{server.url}/dav/calendars/ada/personal/{mine}.ics", data=text.encode(),
                                                 auth=server.auth, timeout=10, headers={"Content-Type": "text/calendar"})
                            if answer.status_code in (201, 204):
                                kept[mine] = text
                    except requests.RequestException:
                        return

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                workers = [pool.submit(work, worker) for worker in range(8)]
                time.sleep(dice.uniform(0.02, 0.35))
                server.kill()
                running = False
                for one in workers:
                    one.result()
            server.start()
            # A sample each time; the whole at the end.
            for mine in random.sample(sorted(kept), min(5, len(kept))):
                assert get(server, mine) == kept[mine]
        assert len(kept) > ROUNDS and len(booked) > ROUNDS // 2, (len(kept), len(booked))
        for mine, text in kept.items():
            assert get(server, mine) == text
        for link, start in booked.items():
            page = requests.get(re.sub(r"^https?://[^/]+", server.url, link) if link.startswith("http") else server.url + link, timeout=10)
            assert page.status_code == 200, link
        # Nothing half: each booking has its event, each event its booking, and nobody has two at one time.
        listed = server.json("booking", "list", "--limit", "100000", "--owner", "ada")
        listed = listed["bookings"] if isinstance(listed, dict) else listed
        uids = {one["uid"] for one in listed}
        assert len(listed) >= len(booked)
        assert len({one["start"] for one in listed}) == len(listed)
        members = requests.request("PROPFIND", f"{server.url}/dav/calendars/ada/bookings/", auth=server.auth,
                                   headers={"Depth": "1"}, timeout=60).text
        in_calendar = set(re.findall(r"/dav/calendars/ada/bookings/([^<]+)\.ics</D:href>", members))
        assert {requests.utils.unquote(one) for one in in_calendar} == uids
        # The change log and the listing agree: a client that starts from nothing sees just what is there.
        sync = requests.request("REPORT", f"{server.url}/dav/calendars/ada/personal/", auth=server.auth, timeout=60, data=(
            '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>'
            "</D:sync-collection>")).text
        listing = requests.request("PROPFIND", f"{server.url}/dav/calendars/ada/personal/", auth=server.auth,
                                   headers={"Depth": "1"}, timeout=60).text
        names = lambda text: set(re.findall(r"/personal/(\d+\.ics)</D:href>", text))
        assert names(sync) == names(listing) >= {f"{mine}.ics" for mine in kept}


def get(server, mine):
    answer = requests.get(f"{server.url}/dav/calendars/ada/personal/{mine}.ics", auth=server.auth, timeout=10)
    assert answer.status_code == 200, (mine, answer.status_code)
    return answer.content.decode()
