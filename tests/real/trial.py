"""What scenarios of `faults` share: a server to do things to, and what came of it."""
import tempfile
import time
from pathlib import Path

from authorities import Authority
from crowd import HELD, ask, is_good, quantile, share
from house import Server, question

HERE = "10.77.0.1:0"
# KiB that caps on connections and waiting questions should leave to a small computer's other programs.
GROWTH = 150 << 10
rows, failures, left_out = [], [], []


class Run:
    """What the command line says, and a folder that goes at the end."""
    program, folder, is_long = "", Path(), False


def row(what, figures):
    rows.append((what, figures))
    print(f"{what}: {figures}", flush=True)


def expect(what, good, found=""):
    if not good:
        failures.append(what)
        print(f"FAILED: {what}: {found}", flush=True)


def leave_out(what, why):
    left_out.append(what)
    print(f"not tried: {what}: {why}", flush=True)


def seconds(short, long):
    return long if Run.is_long else short


class House:
    """A server with an authority behind it, which is asked first for what is to be held."""

    def __init__(self, settings="", authority=None, scheme="udp", **ways):
        self.folder = Path(tempfile.mkdtemp(dir=Run.folder))
        self.authority = authority or Authority()
        url = self.authority.url.replace("udp", scheme)
        self.start = lambda: Server(Run.program, self.folder, f"upstream: {url}\n{settings}", listen=HERE, **ways)
        self.server = self.start()
        self.dns = self.server.dns
        expect("what is to be held is answered first", is_good(self.ask(HELD)))

    def ask(self, name, **how):
        return ask(self.dns, "10.77.1.2", question(name), **how)

    def restart(self):
        self.server.stop()
        self.server = self.start()
        self.dns = self.server.dns

    def end(self):
        expect("the server goes on", self.server.process.poll() is None and "panicked" not in self.server.log,
               self.server.log[-2000:])
        self.server.stop()
        self.authority.stop()

    def until(self, what, condition, most):
        """Seconds until it is so."""
        start = time.monotonic()
        while not condition():
            if time.monotonic() > start + most:
                expect(what, False, f"not within {most} s")
                break
            time.sleep(0.05)
        return time.monotonic() - start


def judge(what, seen, kinds=("refused", "held"), least=99.0, late=()):
    """All of `kinds` must be answered, and soon, but for those that are `late`."""
    for kind in kinds:
        expect(f"{what}: the neighbour's {kind} names are answered", share(seen, kind) >= least,
               f"{share(seen, kind):.1f} %")
        if Run.is_long and kind not in late:
            expect(f"{what}: and soon", quantile(seen[kind], 0.99) <= 50, f"{quantile(seen[kind], 0.99):.1f} ms")
