"""Scenarios of `faults` about the machine: its clock, memory, disk and network."""
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from authorities import Authority
from crowd import HELD, TRACKER, Dawdlers, Flood, Neighbour, ask, fresh, is_good, tell
from house import SERVFAIL, Server, question
from trial import HERE, House, Run, expect, judge, leave_out, row, seconds


def clocks():
    """The wall's clock jumps; what holds for a time holds as long as ever, and counting goes on."""
    library = next(Path("/usr/lib").rglob("libfaketime.so.1"), None)
    if not library:
        return leave_out("clocks that jump", "no faketime")
    clock = Run.folder / "clock"
    clock.write_text("+0")
    house = House("history: { flush: 1s }\naccess: { rate: 0 }\n", environment={
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})

    def kept():
        return sum(json.loads(line)["block"] for line in house.server.order("export", "--format", "jsonl").split())
    house.server.order("button", "off", "--for", "10m")
    for jump in ("+1d", "-1y", "+0", "-30d", "+2y", "+0"):
        asked = house.authority.asked.value
        clock.write_text(jump)
        time.sleep(1.2)
        reply = house.ask(HELD)
        ttl = int.from_bytes(reply[-10:-6], "big") if reply else 0
        more = house.authority.asked.value - asked
        expect(f"clock {jump}: what is held is held", more == 0 and 3500 < ttl <= 3600, (more, ttl))
        left = re.search(r'"left": ?(\d+)', house.server.order("button", "status", "--json"))
        expect(f"clock {jump}: the pause goes on", left and 540 < int(left[1]) <= 600, left and left[1])
        expect(f"clock {jump}: fresh names are answered", is_good(house.ask(fresh())))
    house.server.order("button", "on")
    for _ in range(50):
        house.ask(TRACKER)
    counted = kept()
    expect("clocks: all is counted, once", counted == 50, counted)
    expect("clocks: the store works", house.server.metric("trackless_history_failing") == 0)
    for start in ("+2y", "+0"):
        clock.write_text(start)
        house.restart()
        # What is too old goes soon after a start.
        time.sleep(2)
    row("clocks that jump", f"held names and the pause stay; of {counted} refusals counted {kept()} are kept after "
        "a start two years ahead")
    expect("clocks: a start in the future forgets nothing", kept() == counted, kept())
    house.end()


def memory():
    """Address space, and no more than that: it starts and works with little, or says why not and ends."""
    house = House()
    with open(f"/proc/{house.server.process.pid}/status") as status:
        size = next(int(line.split()[1]) for line in status if line.startswith("VmPeak")) >> 10
    house.end()
    for spare in (128, 32):
        house = House(before=("prlimit", f"--as={(size + spare) << 20}"))
        neighbour, crowd = Neighbour(house.dns), Flood(house.dns, 50, 5_000)
        dawdlers = Dawdlers([(house.dns, b"\0")], 1_000)
        time.sleep(seconds(3, 20))
        seen = neighbour.end()
        crowd.end()
        dawdlers.end()
        code = house.server.process.poll()
        row(f"{size} MB of address space, and {spare} MB to spare", f"{tell(seen)}; "
            + ("goes on" if code is None else f"ended with {code}: {house.server.log[-200:].strip()}"))
        judge(f"{spare} MB to spare", seen)
        house.end()
    short = subprocess.run(["prlimit", f"--as={60 << 20}", Run.program, "serve", "--listen", HERE, "--data",
                            Run.folder / "short"], stderr=subprocess.PIPE, text=True, timeout=60)
    expect("too little memory: it ends and says so", short.returncode != 0 and short.stderr, short.returncode)
    row("60 MB of address space", f"ends with {short.returncode}: {short.stderr.partition(chr(10))[0]}")


def disk():
    """A disk without room: from the first start on, and when lists have changed while it runs."""
    data, rules = Run.folder / "full", Run.folder / "rules.txt"
    data.mkdir()
    config = Run.folder / "full.yaml"
    authority = Authority()
    config.write_text(f"listen: 10.77.0.1:5399\nweb: 127.0.0.1:0\ndata: {data}\nupstream: {authority.url}\n"
                      f"lists: [{{ name: own, file: {rules} }}]\n")
    server = ("10.77.0.1", 5399)

    def serves(*names):
        return all(is_good(ask(server, "10.77.1.1", question(name), patience=1)) for name in names)

    def fill():
        with open(data / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
    for what, size in (("at the first start", "64k"), ("when a list has changed", "8m")):
        rules.write_text("ads.one.example\n")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", data], check=True)
        if size == "64k":
            fill()
        with open(Run.folder / "full.log", "w+") as log:
            process = subprocess.Popen([Run.program, "serve", "--config", config], stderr=log)
        Server.started.append(process)
        said = (Run.folder / "full.log").read_text
        end = time.monotonic() + 15
        while "answering DNS" not in said() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        if size == "8m":
            fill()
            rules.write_text("ads.two.example\n")
            process.send_signal(signal.SIGHUP)
            time.sleep(2)
        good = serves(TRACKER, fresh())
        goes_on = process.poll() is None
        if goes_on:
            process.terminate()
        process.wait(30)
        row(f"a disk without room {what}", "serves" if good else f"ended with {process.returncode}")
        expect(f"a full disk {what}: it serves", good and goes_on, said()[-600:])
        expect(f"a full disk {what}: it says so", "space" in said(), said()[-600:])
        subprocess.run(["umount", data], check=True)
    authority.stop()


def network():
    """A card that goes down and comes back, an address that changes; the upstream is behind it."""
    def ip(*words):
        subprocess.run(["ip", *words], check=True, capture_output=True)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True, capture_output=True)
        ip("netns", "add", "street")
        ip("link", "add", "home", "type", "veth", "peer", "name", "card", "netns", "street")
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        return leave_out("networks that go and come", error)
    for before, card, address in [((), "home", "192.168.88.1/24"), (("-n", "street"), "card", "192.168.88.9/24")]:
        ip(*before, "addr", "add", address, "dev", card)
        ip(*before, "link", "set", card, "up")
    ip("-n", "street", "link", "set", "lo", "up")
    responder = subprocess.Popen(["ip", "netns", "exec", "street", sys.executable, "-c", RESPONDER])
    data, log = Run.folder / "network", Run.folder / "network.log"
    with open(log, "w") as file:
        process = subprocess.Popen([Run.program, "serve", "--listen", "0.0.0.0:53", "192.168.88.1:5300",
                                    "--web", "127.0.0.1:0", "--data", data, "--upstream",
                                    "udp://192.168.88.9:5353"], stderr=file)

    def asks(name, to="192.168.88.1", port="53"):
        found = subprocess.run(["ip", "netns", "exec", "street", "kdig", "+time=1", "+retry=0", f"@{to}",
                                "-p", port, name], capture_output=True, text=True)
        return "NXDOMAIN" in found.stdout or "NOERROR" in found.stdout

    def until(what, most, *words):
        start = time.monotonic()
        while not asks(*words):
            if time.monotonic() > start + most:
                return expect(f"network: {what}", False, log.read_text()[-1000:]) or most
        return time.monotonic() - start
    try:
        until("it serves", 15, fresh())
        ip("link", "set", "home", "down")
        cut = ask(("192.168.88.1", 53), "192.168.88.1", question(TRACKER))
        expect("network: it serves on while the card is down", is_good(cut))
        start = time.monotonic()
        none = ask(("192.168.88.1", 53), "192.168.88.1", question(fresh()))
        took = time.monotonic() - start
        expect("network: nobody to ask is told", none and none[3] & 15 == SERVFAIL, none)
        time.sleep(seconds(2, 20))
        ip("link", "set", "home", "up")
        back, upstream = until("the card is back", 20, TRACKER), until("and upstream", 30, fresh())
        ip("addr", "del", "192.168.88.1/24", "dev", "home")
        ip("addr", "add", "192.168.88.2/24", "dev", "home")
        other = until("another address", 20, TRACKER, "192.168.88.2")
        upstream_there = until("upstream from there", 30, fresh(), "192.168.88.2")
        ip("addr", "add", "192.168.88.1/24", "dev", "home")
        again = until("an address of the settings is back", 20, TRACKER, "192.168.88.1", "5300")
        row("a card down and up, another address",
            f"SERVFAIL after {took:.1f} s while down; back in {back:.1f} s, upstream in {upstream:.1f}; another "
            f"address {other:.1f}, upstream from it {upstream_there:.1f}; the first one again {again:.1f} s")
        expect("network: the server goes on", process.poll() is None, log.read_text()[-1000:])
    finally:
        for one in (process, responder):
            one.terminate()
            one.wait(20)


RESPONDER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.168.88.9", 5353))
while True:
    q, peer = s.recvfrom(4096)
    end = 12
    while q[end]:
        end += 1 + q[end]
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\xc0\\0\\2\\1"
    s.sendto(q[:2] + b"\\x84\\0\\0\\1\\0\\1\\0\\0\\0\\0" + q[12:end + 5] + answer, peer)
"""
