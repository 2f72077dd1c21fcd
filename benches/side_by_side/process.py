"""Programs under measurement: found, started on a core, asked, accounted for, and stopped."""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
NXDOMAIN = 3
PACKAGES = {"dnsperf": "dnsperf", "dnsdist": "dnsdist", "unbound": "unbound", "nsd": "nsd",
            "dnsmasq": "dnsmasq-base", "h2load": "nghttp2-client"}


def program(name):
    """The path of a program, or an end with the package that has it."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not path:
        sys.exit(f"{name} is missing; install the Debian package {PACKAGES[name]}")
    return path


def settle():
    """Moves to the core of the load, and makes SIGTERM an exception so that servers are stopped."""
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        sys.exit("two cores are needed: one for the server, one for the load")
    os.sched_setaffinity(0, {LOAD_CORE})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def free_port():
    """A port of 127.0.0.1 that is free for UDP and TCP, so that two runs do not meet."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", 0))
            port = datagrams.getsockname()[1]
            with socket.socket() as stream:
                try:
                    stream.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue


def query(name):
    """A query for the address of `name`, as bytes."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\0\1\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def rcode(port, name, wait=1.0):
    """The response code that the server at `port` gives for `name`, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.connect(("127.0.0.1", port))
        try:
            asker.send(query(name))
            if select.select([asker], [], [], wait)[0]:
                return asker.recv(4096)[3] & 15
        except ConnectionRefusedError:
            time.sleep(min(wait, 0.001))
    return None


class Process:
    """A server on a port of its own, in a folder of its own."""

    def __init__(self, name, folder, core):
        self.name, self.folder, self.core = name, Path(folder) / name, core
        self.folder.mkdir()
        self.port = free_port()
        self.process = None

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def launch(self, command, name, expected, limit=180):
        """Starts it; gives the seconds from exec until `name` was answered as expected."""
        with open(self.folder / "log", "w") as log:
            start = time.monotonic()
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, {self.core}))
        try:
            return self.await_answer(name, expected, start, limit)
        except BaseException:
            self.stop()
            raise

    def await_answer(self, name, expected, start, limit):
        code = None
        while time.monotonic() - start < limit:
            if self.process.poll() is not None:
                sys.exit(f"{self.name} has ended by itself:\n{self.log()[-2000:]}")
            # A server that binds before it has read its list must not be taken for ready.
            code = rcode(self.port, name, 0.001)
            if code == expected:
                return time.monotonic() - start
        sys.exit(f"{self.name}: code {code} instead of {expected} for {name} after {limit} s:\n"
                 f"{self.log()[-2000:]}")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def family(self):
        """The process and its descendants."""
        found, left = [], [self.process.pid]
        while left:
            found.append(left.pop())
            for children in Path(f"/proc/{found[-1]}/task").glob("*/children"):
                left += map(int, children.read_text().split())
        return found

    def cpu(self):
        """Nanoseconds of processor time, user and system, used so far by all threads.

        The clock that clock_getcpuclockid(3) names: unlike /proc/PID/stat it does not count in
        ticks of 10 ms, and unlike the threads' schedstat it keeps what ended threads used.
        """
        return sum(time.clock_gettime_ns(~pid << 3 | 2) for pid in self.family())

    def rss(self):
        """Megabytes of memory resident."""
        return sum(int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])
                   for pid in self.family()) / 1024

    def wakes(self):
        """How often its threads have gone to sleep so far: answers a wake are a batch's length."""
        return sum(int(task.read_text().split("\nvoluntary_ctxt_switches:")[1].split()[0])
                   for pid in self.family() for task in Path(f"/proc/{pid}/task").glob("*/status"))


def core_busy(core):
    """Nanoseconds for which any process has run on a core so far."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system = map(int, line.split()[1:4])
            return (user + nice + system) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    raise SystemExit(f"/proc/stat does not know core {core}")
