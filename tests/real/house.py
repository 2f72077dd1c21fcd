"""What scripts share that talk to the real server in bytes: questions, and the server on ports of its own."""
import os
import signal
import struct
import subprocess
import sys
import threading
import urllib.request

A, OPT = 1, 41
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def question(name, qtype=A, number=0):
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + wire(name) + struct.pack(">HH", qtype, 1)


def question_end(message):
    at = 12
    while message[at]:
        at += 1 + message[at]
    return at + 5


class Server:
    """`trackless serve` with these settings (YAML), by `before` (a command that starts others)."""
    started = []

    def __init__(self, program, folder, settings, before=(), environment=None, listen="127.0.0.1:0"):
        self.data = folder / "data"
        self.config = folder / "trackless.yaml"
        self.config.write_text(f"listen: {listen}\nweb: 127.0.0.1:0\ndata: {self.data}\n{settings}")
        self.process = subprocess.Popen([*before, program, "serve", "--config", self.config], cwd=folder,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.started.append(self.process)
        self.log = ""
        self.web = self.said("http://").rstrip("/")
        host, port = self.said("answering DNS on ").rstrip(",").rsplit(":", 1)
        self.dns = (host, int(port))
        # A full pipe would stop the server.
        self.reader = threading.Thread(target=self.read_on, daemon=True)
        self.reader.start()

    @classmethod
    def kill_all(cls):
        """Whatever a failure has left behind."""
        for process in cls.started:
            if process.poll() is None:
                process.kill()
                process.wait(20)

    def read_on(self):
        for line in self.process.stderr:
            self.log += line

    def said(self, mark):
        for line in self.process.stderr:
            self.log += line
            if mark in line:
                return line.split(mark)[1].split()[0]
        sys.exit(f"FAILED: it never said {mark}:\n{self.log}")

    def metric(self, name):
        """The sum of all that begin with `name`."""
        page = urllib.request.urlopen(f"http://{self.web}/metrics", timeout=30).read().decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name))

    def resident(self):
        """KiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def order(self, *words):
        return subprocess.run([self.process.args[-4], *words, "--data", self.data], check=True,
                              capture_output=True, text=True).stdout

    def stop(self, how=signal.SIGTERM):
        """Returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(60)
        self.reader.join(10)
        return code


def framed(message):
    return struct.pack(">H", len(message)) + message


def receive_exactly(stream, length):
    got = b""
    while len(got) < length:
        more = stream.recv(length - len(got))
        if not more:
            return None
        got += more
    return got


def receive_framed(stream):
    """None at the end."""
    length = receive_exactly(stream, 2)
    return length and receive_exactly(stream, struct.unpack(">H", length)[0])
