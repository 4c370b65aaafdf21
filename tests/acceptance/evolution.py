"""Evolution's calendars without its windows: evolution-data-server on a message bus and in a home of its own."""

import contextlib
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading

# A bus that starts nothing but the calendar services: no keyring may answer for the password.
SERVICES = pathlib.Path("/usr/share/dbus-1/services")
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

# Seconds; longer than what it waits for itself.
ANSWER = 120


class Evolution:
    """One session; everything that it keeps is below `folder`."""

    def __init__(self, folder):
        self.home = pathlib.Path(folder)
        for name in ("config", "data", "cache", "run", "services"):
            (self.home / name).mkdir(parents=True, mode=0o700)
        for service in SERVICES.glob("org.gnome.evolution.dataserver.*.service"):
            (self.home / "services" / service.name).symlink_to(service)
        (self.home / "bus.conf").write_text(BUS.format(services=self.home / "services"))

    def __enter__(self):
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "VIRTUAL_ENV", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment.update(
            HOME=str(self.home), XDG_CONFIG_HOME=f"{self.home}/config", XDG_DATA_HOME=f"{self.home}/data",
            XDG_CACHE_HOME=f"{self.home}/cache", XDG_RUNTIME_DIR=f"{self.home}/run", GSETTINGS_BACKEND="memory",
            GIO_USE_VFS="local", GIO_USE_PROXY_RESOLVER="dummy", TZ="Europe/Berlin", LC_ALL="C.UTF-8")
        self.log = open(self.home / "log", "wb")
        self.process = subprocess.Popen(
            ["dbus-run-session", f"--config-file={self.home}/bus.conf", "--", "/usr/bin/python3",
             pathlib.Path(__file__).parent / "evolution_inside.py"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            start_new_session=True)
        self.answers = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def listen(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put({"error": "the session has ended"})

    def __exit__(self, *_):
        # The bus and everything that it has started are one group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def call(self, name, *words):
        """What the method `name` of evolution_inside.py answers; a failure there is one here."""
        self.process.stdin.write(json.dumps([name, words]) + "\n")
        self.process.stdin.flush()
        try:
            answer = self.answers.get(timeout=ANSWER)
        except queue.Empty:
            answer = {"error": f"no answer in {ANSWER} s"}
        if "error" in answer:
            raise RuntimeError(f"{name}{words}: {answer['error']}\n" + (self.home / "log").read_text()[-3000:])
        return answer["value"]
