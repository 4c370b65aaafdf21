"""Two hundred clients over sixteen connections: never an overlap, every refusal a 409 with alternatives, no 5xx."""

import collections
import datetime as dt
import random
import re
import threading

import requests

from kalends import Server

UTC = dt.timezone.utc
CLIENTS, CONNECTIONS, ROUNDS = 200, 16, 100
TYPES = [
    dict(slug="quarter", title="Quarter", durations='["15m"]', more='interval = "15m"\nminimum_notice = "1h"\nhorizon = "60d"'),
    dict(slug="half", title="Half", durations='["30m"]', more='interval = "15m"\nminimum_notice = "1h"\nhorizon = "60d"\nbuffer_after = "10m"'),
    dict(slug="most", title="Most", durations='["45m"]', more='interval = "15m"\nminimum_notice = "1h"\nhorizon = "60d"\nbuffer_before = "5m"'),
    dict(slug="hour", title="Hour", durations='["60m"]', more='interval = "15m"\nminimum_notice = "1h"\nhorizon = "60d"'),
]
BUFFERS = {"quarter": (0, 0), "half": (0, 600), "most": (300, 0), "hour": (0, 0)}
SECONDS = {"quarter": 900, "half": 1800, "most": 2700, "hour": 3600}


def post(session, server, slug, start, name, duration=None):
    return session.post(
        f"{server.url}/ada/{slug}/book", allow_redirects=False, timeout=60,
        data={"s": start.strftime("%Y%m%dT%H%M%SZ"), "dur": str((duration or SECONDS.get(slug, 1800)) // 60), "tz": "Europe/Paris",
              "name": name, "email": f"{name}@example.org", "notes": "", "nonce": f"{random.getrandbits(128):032x}"})


def test_never_an_overlap():
    unlimited = "[limits]\nbookings_per_minute = 1000000\n"
    with Server(event_types=TYPES, top_more=unlimited) as server:
        base = (dt.datetime.now(UTC) + dt.timedelta(days=3)).replace(hour=0, minute=0, second=0, microsecond=0)
        answers = collections.Counter()
        problems = []

        def connection(number, wanted):
            session = requests.Session()
            for client, slug, start in wanted:
                answer = post(session, server, slug, start, f"client{client}")
                answers[answer.status_code] += 1
                if answer.status_code == 409 and not re.search(r'name="to" value="\d{8}T\d{6}Z"', answer.text):
                    problems.append("a 409 without alternatives")
                elif answer.status_code not in (303, 409):
                    problems.append(f"{answer.status_code}: {answer.text[:300]}")

        dice = random.Random(20261121)
        for _ in range(ROUNDS):
            # Each round fights over four hours of its own day; starts overlap across durations and event types.
            day = base + dt.timedelta(days=dice.randrange(50), hours=dice.randrange(20))
            wanted = [(client, dice.choice(list(SECONDS)), day + dt.timedelta(minutes=15 * dice.randrange(16)))
                      for client in range(CLIENTS)]
            threads = [threading.Thread(target=connection, args=(number, wanted[number::CONNECTIONS]))
                       for number in range(CONNECTIONS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not problems, problems[:5]
        assert answers[303] > ROUNDS, answers
        assert sum(answers.values()) == CLIENTS * ROUNDS

        booked = server.json("booking", "list", "--limit", "100000", "--owner", "ada")
        booked = booked["bookings"] if isinstance(booked, dict) else booked
        assert len(booked) == answers[303]
        spans = sorted((parse(one["start"]), parse(one["end"]), one["event_type"]) for one in booked)
        for (start, end, slug), (next_start, next_end, next_slug) in zip(spans, spans[1:]):
            assert start.timestamp() + SECONDS[slug] == end.timestamp()
            gap = max(BUFFERS[slug][1], BUFFERS[next_slug][0])
            assert end + dt.timedelta(seconds=gap) <= next_start, f"{slug} {start} overlaps {next_slug} {next_start}"


def parse(value):
    if isinstance(value, (int, float)):
        return dt.datetime.fromtimestamp(value, UTC)
    return dt.datetime.fromisoformat(value.replace("Z", "+00:00"))


def test_refused_by_name():
    hours = 'working_hours = { mon-fri = ["09:00-12:00", "13:00-17:00"] }'
    types = [dict(slug="intro", title="Introduction", durations='["30m"]',
                  more='interval = "30m"\nminimum_notice = "4h"\nhorizon = "30d"')]
    with Server(hours=hours, event_types=types) as server:
        import zoneinfo
        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
        day = dt.datetime.now(berlin) + dt.timedelta(days=7)
        day = day + dt.timedelta(days=(0 - day.weekday()) % 7)
        at = lambda hour, minute, days=0: (day.replace(hour=hour, minute=minute, second=0, microsecond=0)
                                           + dt.timedelta(days=days)).astimezone(UTC)
        now = dt.datetime.now(UTC).replace(second=0, microsecond=0)
        session = requests.Session()
        cases = {
            "off_grid": (at(10, 7), 1800), "outside_hours": (at(3, 0, 6), 1800), "in_the_past": (now - dt.timedelta(days=1), 1800),
            "too_soon": (now + dt.timedelta(hours=1), 1800), "too_far": (at(10, 0, 63), 1800),
            "wrong_duration": (at(10, 0), 2700),
        }
        for name, (start, seconds) in cases.items():
            answer = post(session, server, "intro", start, "mallory", seconds)
            assert answer.status_code == 409, (name, answer.status_code)
            assert f'data-reason="{name}"' in answer.text, (name, re.findall(r'data-reason="[^"]*"', answer.text))
        assert post(session, server, "intro", at(10, 0), "grace").status_code == 303
        taken = post(session, server, "intro", at(10, 0), "heidi")
        assert taken.status_code == 409 and 'data-reason="slot_taken"' in taken.text
        assert len(re.findall(r'name="to" value="\d{8}T\d{6}Z"', taken.text)) >= 3, "the three nearest free times"
