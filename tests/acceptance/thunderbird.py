"""A Thunderbird without a screen, told over Marionette what a person would click."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from kalends import free_port

INSIDE = (pathlib.Path(__file__).parent / "thunderbird.js").read_text()

# Seconds; a machine that builds at the same time is slow.
START, ANSWER = 120, 120

# A dead proxy keeps everything but loopback from leaving the machine.
PREFERENCES = {
    "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1, localhost", "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False, "network.dns.disablePrefetch": True,
    "app.update.disabledForTesting": True, "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False, "extensions.systemAddon.update.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1", "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False, "datareporting.healthreport.uploadEnabled": False,
    "toolkit.telemetry.enabled": False, "toolkit.telemetry.unified": False,
    "browser.safebrowsing.malware.enabled": False, "browser.safebrowsing.phishing.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True, "mail.spotlight.firstRunDone": True,
    "mail.accounthub.enabled": False, "mail.rights.version": 1, "mail.shell.checkDefaultClient": False,
    "mailnews.start_page.enabled": False, "mailnews.start_page_override.mstone": "ignore",
    "app.donation.eoy.version.viewed": 9999, "calendar.alarms.show": False, "calendar.alarms.playsound": False,
    # Marionette sets what is not set here.
    "signon.rememberSignons": True,
    "calendar.timezone.local": "Europe/Berlin", "calendar.timezone.useSystemTimezone": False,
}


class Thunderbird:
    """One run with a profile of its own below `folder`."""

    def __init__(self, folder):
        self.home = pathlib.Path(folder)
        self.profile = self.home / "profile"
        self.profile.mkdir(parents=True)
        self.port = free_port()
        preferences = dict(PREFERENCES, **{"marionette.port": self.port})
        (self.profile / "user.js").write_text("".join(
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()))
        self.asked, self.unread = 0, b""

    def __enter__(self):
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment.update(HOME=str(self.home), MOZ_CRASHREPORTER_DISABLE="1", TZ="Europe/Berlin", LC_ALL="C.UTF-8")
        self.log = open(self.home / "log", "wb")
        self.process = subprocess.Popen(
            ["thunderbird", "--headless", "--no-remote", "--profile", self.profile, "--marionette",
             "--remote-allow-system-access"],
            env=environment, stdout=self.log, stderr=self.log, start_new_session=True)
        try:
            self.connect()
            self.command("WebDriver:NewSession", capabilities={})
            self.command("Marionette:SetContext", value="chrome")
            self.command("WebDriver:SetTimeouts", script=ANSWER * 1000)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def connect(self):
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=5)
                self.socket.settimeout(ANSWER + 10)
                return self.message()
            except ConnectionRefusedError:
                time.sleep(0.2)
        raise AssertionError("Thunderbird does not listen:\n" + self.said())

    def said(self):
        """The end of its log without the toolkit's grief about the missing screen."""
        lines = (self.home / "log").read_text(errors="replace").splitlines()
        return "\n".join([line for line in lines if line and "gtk_" not in line][-30:])

    def message(self):
        """One message: its length in bytes, a colon, JSON."""
        while b":" not in self.unread:
            self.receive()
        length, self.unread = self.unread.split(b":", 1)
        while len(self.unread) < int(length):
            self.receive()
        text, self.unread = self.unread[:int(length)], self.unread[int(length):]
        return json.loads(text)

    def receive(self):
        piece = self.socket.recv(65536)
        assert piece, "Thunderbird hung up:\n" + self.said()
        self.unread += piece

    def command(self, name, **parameters):
        self.asked += 1
        text = json.dumps([0, self.asked, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, number, error, result = self.message()
        assert number == self.asked, f"answer {number} to question {self.asked}"
        assert not error, f"{name}: {error}"
        return result

    def call(self, name, *words):
        """What the function `name` of thunderbird.js answers; a failure there is one here."""
        script = ("const [name, words, done] = arguments; const inside = (" + INSIDE + ");\n"
                  "inside[name](...words).then(value => done({ value: value ?? null }), "
                  "error => done({ error: `${error?.message ?? error}\\n${error?.stack ?? ''}` }));")
        answer = self.command("WebDriver:ExecuteAsyncScript", script=script, args=[name, list(words)],
                              sandbox="system", newSandbox=False)["value"]
        assert answer, f"{name}{words}: a window has opened instead"
        if "error" in answer:
            raise RuntimeError(f"{name}{words}: {answer['error']}")
        return answer["value"]
