"""Backups with the real program: what was there comes back, as it was at a moment; what is damaged is found."""

import base64
import concurrent.futures
import datetime as dt
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import threading
import time

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from kalends import BINARY, ROOT, Server, event

UTC = dt.timezone.utc
SYNC = ('<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>'
        "<D:prop><D:getetag/></D:prop></D:sync-collection>")


def into_folder(server_folder, more=""):
    return f'[backup]\nto = "{server_folder}/copies"\nevery = "1h"\n{more}\n'


def server_with_backup(tmp_path, more="", **kwargs):
    return Server(folder=tmp_path, top_more=into_folder(tmp_path, more), **kwargs)


def run(server, *words):
    """A command whatever comes of it: exit code, what it says, what it notes."""
    done = subprocess.run([BINARY, *words, "--config", server.config], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def contents(server):
    """Everything a client can see: every member of every collection of ada with its text."""
    home = server.dav("PROPFIND", "/dav/calendars/ada/", Depth="1")
    found = {}
    for collection in sorted(set(re.findall(r"/dav/calendars/ada/([^/<]+)/</D:href>", home.text))):
        listing = server.dav("PROPFIND", f"/dav/calendars/ada/{collection}/", Depth="1")
        for member in re.findall(rf"<D:href>(/dav/calendars/ada/{collection}/[^<]+\.ics)</D:href>", listing.text):
            found[member] = server.dav("GET", member).content
    return found


def sync(server, token=""):
    answer = server.dav("REPORT", "/dav/calendars/ada/personal/", SYNC.format(token=token),
                        Content_Type="application/xml", Depth="0")
    new = re.search(r"<D:sync-token>([^<]+)</D:sync-token>", answer.text)
    names = set(re.findall(r"/personal/([^<]+\.ics)</D:href>", answer.text))
    return answer, new and new.group(1), names


def put(server, number, summary="Event"):
    day = dt.datetime(2031, 1, 1) + dt.timedelta(days=number)
    stamp = day.strftime("%Y%m%d")
    answer = server.put(f"{number}.ics", event(f"kept-{number}", f"{stamp}T090000Z", f"{stamp}T100000Z", summary))
    assert answer.status_code in (201, 204), answer.text


def book(server):
    slot = server.slots("intro", "30m", ("--from", "+2d", "--to", "+4d"))[0]["start"]
    return server.json("book", "ada/intro", slot, "--name", "Bob", "--email", "bob@example.org")["uid"]


def files(folder):
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file())


def flip(path, at=None):
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2 if at is None else at] ^= 4
    path.write_bytes(octets)


def flip_all_chunks(folder):
    for path in files(folder):
        if "/chunks/" in str(path):
            flip(path)


# (a) a folder, and a moment


def test_what_was_there_at_a_moment_comes_back(tmp_path):
    with server_with_backup(tmp_path) as server:
        for number in range(20):
            put(server, number)
        uid = book(server)
        first = server.json("backup")
        assert first["rows"] > 40 and not first["encrypted"]
        at_first = contents(server)
        moment = dt.datetime.now(UTC)
        time.sleep(1.1)
        put(server, 3, "Another text")
        server.dav("DELETE", "/dav/calendars/ada/personal/4.ics")
        for number in range(20, 30):
            put(server, number)
        server.json("booking", "cancel", uid)
        second = server.json("backup")
        at_second = contents(server)
        assert second["added_octets"] < second["octets"]
        _, token_after, _ = sync(server)
        listed = server.json("backup", "list")
        # The server has taken one by itself when it started.
        assert [one["name"] for one in listed["snapshots"]][1:] == [first["name"], second["name"]]
        own = listed["snapshots"][0]["name"]
        assert "sealed" in server.cli("backup", "list")

        # Not while a server has the store.
        code, _, noted = run(server, "restore", "--at", moment.isoformat())
        assert code == 4 and "stop it first" in noted, noted
        assert contents(server) == at_second
        server.stop()

        # No backup is so old; the oldest is named.
        code, _, noted = run(server, "restore", "--at", "2001-01-01T00:00Z")
        assert code == 4 and own in noted, noted

        restored = server.json("restore", "--at", moment.isoformat(), "--verify")
        assert restored["name"] == first["name"] and restored["checked"]["sound"] and restored["kept"]
        kept = pathlib.Path(restored["kept"])
        assert kept.parent == tmp_path / "data" and (kept / "kalends.redb").exists()
        server.start()
        assert contents(server) == at_first
        shown = server.json("booking", "show", uid)
        assert shown["state"] == "confirmed", shown
        # Whoever saw what came after must not be told that nothing has changed (RFC 6578 §3.2).
        refused, _, _ = sync(server, token_after)
        assert refused.status_code in (403, 409) and "valid-sync-token" in refused.text, refused.text
        _, token, names = sync(server)
        assert names == {f"{number}.ics" for number in range(20)}
        put(server, 77)
        _, _, changed = sync(server, token)
        assert changed == {"77.ics"}
        server.cli("verify")
        server.cli("healthcheck")
        server.stop()

        # The newest, without a moment; the one before is kept as well.
        again = server.json("restore")
        assert again["name"] == second["name"] and again["kept"] != restored["kept"]
        server.start()
        assert contents(server) == at_second
        server.stop()


def test_without_a_backup_it_is_said_how(tmp_path):
    with Server(folder=tmp_path) as server:
        for words in (("backup",), ("backup", "list"), ("verify", "--backup")):
            code, _, noted = run(server, *words)
            assert code == 3 and "[backup]" in noted, (words, noted)
        code, out, _ = run(server, "backup", "--json")
        assert code == 3 and json.loads(out)["name"] == "no_backup"
        assert not any(check["name"] == "backup" for check in requests.get(server.url + "/readyz", timeout=5).json()["checks"])


def test_it_works_without_a_server_and_beside_one(tmp_path):
    with server_with_backup(tmp_path) as server:
        put(server, 1)
        beside = server.json("backup")
        server.stop()
        alone = server.json("backup")
        assert alone["rows"] >= beside["rows"]
        assert "in order" in server.cli("verify")
        assert "in order" in server.cli("verify", "--backup", "--snapshot", beside["name"])


def test_a_damaged_backup_is_found_and_not_restored(tmp_path):
    with server_with_backup(tmp_path) as server:
        put(server, 1)
        server.cli("backup")
        before = contents(server)
        server.stop()
        flip_all_chunks(tmp_path / "copies")
        code, _, noted = run(server, "verify", "--backup")
        assert code == 1 and "damaged" in noted, noted
        code, _, noted = run(server, "restore")
        assert code == 1 and "damaged" in noted, noted
        assert not (tmp_path / "data/restoring").exists()
        server.start()
        assert contents(server) == before


def test_a_store_that_is_damaged_is_replaced(tmp_path):
    with server_with_backup(tmp_path) as server:
        put(server, 1)
        server.cli("backup")
        before = contents(server)
        server.stop()
        store = tmp_path / "data/kalends.redb"
        store.write_bytes(b"\0" * 8192 + store.read_bytes()[8192:])
        code, _, noted = run(server, "verify")
        assert code == 1 and "kalends restore" in noted, noted
        server.cli("restore")
        server.start()
        assert contents(server) == before


def test_the_settings_come_back_without_secrets(tmp_path):
    with server_with_backup(tmp_path) as server:
        config = server.config.read_text().replace(
            f'password = {{ file = "{tmp_path}/ada.password" }}', 'password = "correct horse battery staple"')
        server.config.write_text(config)
        server.stop()
        server.start()
        server.cli("backup")
        into = tmp_path / "elsewhere"
        done = server.json("restore", "--to", str(into))
        text = (into / "restored-settings/kalends.toml").read_text()
        assert "correct horse" not in text and "left-out-of-the-backup" in text and 'id = "ada"' in text
        everything = b"".join(gzip.decompress(p.read_bytes()) if p.read_bytes()[:2] == b"\x1f\x8b" else p.read_bytes()
                              for p in files(tmp_path / "copies"))
        assert b"correct horse" not in everything
        assert (into / "restored-settings").stat().st_mode & 0o077 == 0 and done["settings"]
        code, _, noted = run(server, "restore", "--to", str(into))
        assert code == 4 and "holds a store" in noted, noted


def test_a_new_machine_begins_with_the_backup_alone(tmp_path):
    (tmp_path / "old").mkdir()
    key = tmp_path / "backup.key"
    key.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    old = Server(folder=tmp_path / "old", top_more=into_folder(tmp_path, f'key = {{ file = "{key}" }}'))
    with old as server:
        put(server, 1)
        server.cli("backup")
        before = contents(server)
    assert not (tmp_path / "old").exists()

    new = tmp_path / "new"
    new.mkdir()
    words = [BINARY, "restore", "--from", tmp_path / "copies", "--to", new / "data", "--config", tmp_path / "none.toml"]
    no_key = subprocess.run(words, capture_output=True, text=True)
    assert no_key.returncode == 4 and "key" in no_key.stderr, no_key.stderr
    done = subprocess.run([*words, "--key", key], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    settings = new / "data/restored-settings"
    # Sealed, so the secrets are there as well.
    assert "correct horse" in next(settings.rglob("ada.password")).read_text()
    server = Server(folder=new)
    server.process = None
    server.start()
    try:
        assert contents(server) == before
    finally:
        server.stop()


def test_the_drill_restores_verifies_and_leaves_a_note(tmp_path):
    with server_with_backup(tmp_path) as server:
        put(server, 1)
        server.cli("backup")
        server.cli("restore", "--drill")
        ready = {check["name"]: check for check in requests.get(server.url + "/readyz", timeout=5).json()["checks"]}
        assert ready["backup drill"]["ok"] and "last good backup" in ready["backup"]["detail"]
        flip_all_chunks(tmp_path / "copies")
        code, _, _ = run(server, "restore", "--drill")
        assert code == 1
        ready = {check["name"]: check for check in requests.get(server.url + "/readyz", timeout=5).json()["checks"]}
        assert not ready["backup drill"]["ok"] and "damaged" in ready["backup drill"]["detail"]


# (b) a service that speaks S3


@pytest.fixture
def service():
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=5)
    moto.stop()


def bucket_of(service, name="copies"):
    client = boto3.client("s3", endpoint_url=service, region_name="us-east-1", aws_access_key_id="kalends",
                          aws_secret_access_key="hush")
    client.create_bucket(Bucket=name)
    return client


def into_bucket(service, more=""):
    return (f'[backup]\nto = "s3://copies/home/kalends"\nevery = "1h"\n{more}\n'
            f'[backup.s3]\nendpoint = "{service}"\naccess_key = "kalends"\nsecret_key = "hush"\n')


def test_a_bucket_holds_what_the_official_client_finds(tmp_path, service):
    client = bucket_of(service)
    key = tmp_path / "backup.key"
    key.write_text(os.urandom(32).hex())
    with Server(folder=tmp_path, top_more=into_bucket(service, f'key = {{ file = "{key}" }}')) as server:
        for number in range(30):
            put(server, number, "A secret meeting")
        first = server.json("backup")
        assert first["encrypted"] and first["place"] == "s3://copies/home/kalends"
        before = contents(server)
        objects = [one["Key"] for page in client.get_paginator("list_objects_v2").paginate(Bucket="copies")
                   for one in page["Contents"]]
        assert objects and all(name.startswith("home/kalends/") for name in objects)
        for name in objects:
            body = client.get_object(Bucket="copies", Key=name)["Body"].read()
            assert b"secret meeting" not in body and b"ada@example.org" not in body, name
        assert first["name"] in server.cli("backup", "list")
        assert "in order" in server.cli("verify", "--backup")
        server.stop()

        # Another key is named as such, and no key as well.
        right = key.read_text()
        key.write_text(os.urandom(32).hex())
        for words in (("verify", "--backup"), ("restore",)):
            code, out, _ = run(server, *words, "--json")
            assert code == 4 and json.loads(out)["name"] == "wrong_key", out
        key.write_text(right)
        server.cli("restore")
        server.start()
        assert contents(server) == before

        # A flipped bit in a chunk.
        for chunk in (name for name in objects if "/chunks/" in name):
            body = bytearray(client.get_object(Bucket="copies", Key=chunk)["Body"].read())
            body[len(body) // 2] ^= 1
            client.put_object(Bucket="copies", Key=chunk, Body=bytes(body))
        code, _, noted = run(server, "verify", "--backup", "--snapshot", first["name"])
        assert code == 1 and "damaged" in noted, noted


def test_a_long_listing_is_read_to_its_end(tmp_path, service):
    client = bucket_of(service)
    for number in range(1100):
        client.put_object(Bucket="copies", Key=f"home/kalends/chunks/plain/00/{number:064x}", Body=b"x")
    with Server(folder=tmp_path, top_more=into_bucket(service)) as server:
        put(server, 1)
        server.cli("backup")
        assert "in order" in server.cli("verify", "--backup")
        server.cli("backup", "--prune")
        left = [one["Key"] for page in client.get_paginator("list_objects_v2").paginate(Bucket="copies")
                for one in page["Contents"]]
        assert not [name for name in left if "/plain/00/00" in name]


def test_a_service_that_is_away_or_says_no_is_told(tmp_path, service):
    with Server(folder=tmp_path, top_more=into_bucket(service)) as server:
        code, _, noted = run(server, "backup")
        assert code == 1 and "make the bucket first" in noted, noted
        bucket_of(service)
        server.cli("backup")


def test_a_service_that_stumbles_is_asked_again_and_every_body_is_covered(tmp_path, service):
    bucket_of(service)
    seen, dice = [], random.Random(5)

    class Stumbling(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.command, dict(self.headers), body))
            if dice.random() < 0.3:
                self.answer(503, b"<Error><Code>SlowDown</Code><Message>later</Message></Error>")
                return
            got = requests.request(self.command, service + self.path, data=body, timeout=10,
                                   headers={name: text for name, text in self.headers.items() if name.lower() != "host"})
            self.answer(got.status_code, got.content)

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(0 if status == 204 else len(body)))
            self.end_headers()
            self.wfile.write(b"" if status == 204 else body)

        do_GET = do_PUT = do_DELETE = forward

        def log_message(self, *_):
            pass

    stumbling = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stumbling)
    threading.Thread(target=stumbling.serve_forever, daemon=True).start()
    try:
        with Server(folder=tmp_path, top_more=into_bucket(f"http://127.0.0.1:{stumbling.server_port}")) as server:
            put(server, 1)
            server.cli("backup")
            assert "in order" in server.cli("verify", "--backup")
    finally:
        stumbling.shutdown()
    for method, headers, body in seen:
        headers = {name.lower(): text for name, text in headers.items()}
        assert headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
        assert "SignedHeaders=host;" in headers["authorization"] and "hush" not in str(headers)
        if method == "PUT":
            assert headers["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()


# (c) the schedule


def test_backups_happen_by_themselves_while_people_write(tmp_path):
    more = 'keep = "10s"\nkeep_daily = "0s"\nkeep_monthly = "0s"'
    top = into_folder(tmp_path, more).replace('"1h"', '"5s"')
    with Server(folder=tmp_path, top_more=top) as server:
        numbers = iter(range(100_000))
        until = time.monotonic() + 38

        def write():
            count = 0
            while time.monotonic() < until:
                put(server, next(numbers) % 3000)
                count += 1
            return count

        counts, waits = set(), []
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            work = [pool.submit(write) for _ in range(2)]
            while time.monotonic() < until:
                began = time.monotonic()
                requests.get(server.url + "/readyz", timeout=10)
                waits.append(time.monotonic() - began)
                counts.update(one["name"] for one in server.json("backup", "list")["snapshots"])
                time.sleep(1)
            assert sum(one.result() for one in work) > 50
        assert 5 <= len(counts) <= 9, counts
        left = [one["name"] for one in server.json("backup", "list")["snapshots"]]
        assert len(left) < len(counts) and max(counts) in left, (left, counts)
        assert max(waits) < 1.5, "nobody waits a second for a backup"
        assert "in order" in server.cli("verify", "--backup")
        server.stop()
        server.cli("restore", "--verify")


def test_a_place_that_is_away_shows_in_readyz_and_is_tried_again(tmp_path):
    top = into_folder(tmp_path).replace('"1h"', '"5s"')
    (tmp_path / "copies").write_text("a file where a folder should be")
    with Server(folder=tmp_path, top_more=top) as server:
        check = wait_for(server, lambda check: "no backup yet;" in check["detail"])
        assert not check["ok"], check
        (tmp_path / "copies").unlink()
        server.cli("backup")
        assert wait_for(server, lambda check: check["ok"])["detail"].startswith("last good backup")
        log = (tmp_path / "log").read_text()
        assert log.count("the backup failed") == 1, log


def wait_for(server, wanted, patience=20):
    until = time.monotonic() + patience
    while True:
        checks = requests.get(server.url + "/readyz", timeout=5).json()["checks"]
        found = [check for check in checks if check["name"] == "backup"]
        if found and wanted(found[0]):
            return found[0]
        assert time.monotonic() < until, checks
        time.sleep(0.2)


# (d) killed in the middle


def test_killed_in_a_backup_nothing_breaks(tmp_path):
    dice = random.Random(7)
    with server_with_backup(tmp_path) as server:
        for number in range(150):
            put(server, number, "x" * 3000)
        server.stop()
        server.cli("backup")
        for _ in range(8):
            command = subprocess.Popen([BINARY, "backup", "--config", server.config], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0.005, 0.25))
            command.send_signal(signal.SIGKILL)
            command.wait()
            for one in server.json("backup", "list")["snapshots"]:
                server.cli("verify", "--backup", "--snapshot", one["name"])
        server.cli("verify")
        server.cli("backup")
        server.cli("restore", "--verify")
        server.start()
        assert len([name for name in contents(server) if "/personal/" in name]) == 150


def test_killed_in_a_restore_there_is_the_old_store_or_the_new(tmp_path):
    dice = random.Random(8)
    with server_with_backup(tmp_path) as server:
        for number in range(60):
            put(server, number, "x" * 9000)
        server.cli("backup")
        backed_up = contents(server)
        put(server, 500)
        later = contents(server)
        server.stop()
        for _ in range(8):
            command = subprocess.Popen([BINARY, "restore", "--config", server.config], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0.0, 0.6))
            command.send_signal(signal.SIGKILL)
            command.wait()
            server.start()
            now = contents(server)
            assert now in (backed_up, later)
            if now == backed_up:
                put(server, 500)
            server.stop()
        server.cli("restore")
        server.start()
        assert contents(server) == backed_up
        assert not (tmp_path / "data/restoring").exists()


# (e) another engine


def test_a_copy_into_another_engine_and_back_is_equal(tmp_path):
    with server_with_backup(tmp_path) as server:
        for number in range(20):
            put(server, number)
        uid = book(server)
        before = contents(server)
        _, token, _ = sync(server)
        code, _, noted = run(server, "store", "copy", "--engine", "sled")
        assert code == 4 and "stop it first" in noted, noted
        server.stop()
        server.cli("store", "copy", "--engine", "sled")
        code, _, noted = run(server, "store", "copy", "--engine", "sled")
        assert code == 4 and "is there already" in noted, noted
        config = server.config.read_text()
        server.config.write_text(config.replace('engine = "redb"', 'engine = "sled"'))
        server.start()
        assert contents(server) == before and server.json("booking", "show", uid)["state"] == "confirmed"
        # Its life goes on: tokens stay good.
        answer, _, changed = sync(server, token)
        assert answer.status_code == 207 and not changed, answer.text
        put(server, 99)
        after = contents(server)
        server.stop()
        server.cli("store", "copy", "--engine", "redb", "--to", str(tmp_path / "back"))
        server.config.write_text(config.replace(f"{tmp_path}/data", f"{tmp_path}/back"))
        server.start()
        assert contents(server) == after
        server.stop()
        # Restoring goes into another engine as well.
        server.cli("backup")
        server.cli("restore", "--engine", "sled")
        server.config.write_text(server.config.read_text().replace('engine = "redb"', 'engine = "sled"'))
        server.start()
        assert contents(server) == after


# (f) a store of the format before


def test_a_store_of_the_format_before_is_brought_up_after_a_backup_of_its_own(tmp_path):
    fixture = ROOT / "store/tests/data/format-1.redb.gz"
    assert fixture.exists(), f"{fixture} is missing"
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data/kalends.redb").write_bytes(gzip.decompress(fixture.read_bytes()))
    with server_with_backup(tmp_path) as server:
        log = (tmp_path / "log").read_text()
        assert "brought to the format of this program" in log, log
        assert [path for path in (tmp_path / "data").iterdir() if path.name.startswith("before-format-")]
        server.cli("verify")
        put(server, 1)
        server.stop()
        server.start()
        assert (tmp_path / "log").read_text().count("has the format of this program") == 1
        server.cli("backup")
