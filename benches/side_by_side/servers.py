"""Trackless, its peers, the echo and the upstream: how each is configured and started."""
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = 5300
ZONE = "benchzone"
PACKAGES = {
    "dnsperf": "dnsperf", "dnsdist": "dnsdist", "unbound": "unbound", "nsd": "nsd",
    "dnsmasq": "dnsmasq-base", "taskset": "util-linux",
}


def program(name):
    """The path of a program, or an end with the package that has it."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not path:
        sys.exit(f"{name} is missing; install the Debian package {PACKAGES[name]}")
    return path


def build():
    """Builds the server and the echo, and gives their paths."""
    run = ["cargo", "build", "--release", "--bin", "trackless", "--bench", "echo"]
    out = subprocess.run(run + ["--message-format=json"], cwd=ROOT, check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    paths = {}
    for line in out.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            paths[message["target"]["name"]] = message["executable"]
    return paths


def wait_for(port, query, process, limit=120):
    """Seconds until the server at `port` replies to `query`, asked each millisecond."""
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(0.001)
    start = time.monotonic()
    while time.monotonic() - start < limit:
        if process.poll() is not None:
            sys.exit(f"a server on port {port} has ended by itself")
        try:
            asker.sendto(query, ("127.0.0.1", port))
            asker.recv(4096)
            return time.monotonic() - start
        except (TimeoutError, ConnectionRefusedError):
            pass
    sys.exit(f"no reply from port {port} in {limit} s")


def query(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\0\1\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


class Server:
    """One of those compared, started anew for each measurement, pinned to core 0."""

    def __init__(self, name, port, folder, names_file, paths):
        self.name, self.port, self.folder = name, port, Path(folder) / name
        self.folder.mkdir()
        self.command = getattr(self, name)(names_file, paths)
        self.process = None

    def start(self, first):
        """Starts it and gives the seconds until the name `first` got a reply."""
        log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(["taskset", "-c", "0", *self.command], cwd=self.folder,
                                        stdout=log, stderr=log)
        return wait_for(self.port, query(first), self.process)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu(self):
        """Nanoseconds of processor time used so far by all threads."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks)

    def rss(self):
        """Megabytes of memory resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def echo(self, names_file, paths):
        return [paths["echo"], f"127.0.0.1:{self.port}"]

    def trackless(self, names_file, paths):
        config = self.write("trackless.yaml", f"""\
listen: 127.0.0.1:{self.port}
web: off
data: data
workers: 1
upstream: udp://127.0.0.1:{UPSTREAM}
cache: {{ size: 64 MiB }}
lists:
  - {{ name: bench, file: {names_file}, format: names, subdomains: true }}
""")
        subprocess.run([paths["trackless"], "lists", "compile", "--config", config],
                       check=True, stdout=subprocess.DEVNULL)
        return [paths["trackless"], "serve", "--config", config]

    def dnsdist(self, names_file, paths):
        config = self.write("dnsdist.conf", f"""\
setLocal("127.0.0.1:{self.port}")
setACL("127.0.0.0/8")
setSecurityPollSuffix("")
newServer({{address="127.0.0.1:{UPSTREAM}", healthCheckMode="up", sockets=8}})
setMaxUDPOutstanding(65535)
pc = newPacketCache(100000, {{maxTTL=86400}})
getPool(""):setCache(pc)
names = newSuffixMatchNode()
for name in io.lines("{names_file}") do names:add(newDNSName(name)) end
addAction(SuffixMatchNodeRule(names, true), RCodeAction(DNSRCode.NXDOMAIN))
""")
        return [program("dnsdist"), "--supervised", "-C", config]

    def unbound(self, names_file, paths):
        zones = "".join(f'local-zone: "{name}" always_nxdomain\n' for name in open_names(names_file))
        self.write("zones.conf", "server:\n" + zones)
        config = self.write("unbound.conf", f"""\
server:
  interface: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  directory: "{self.folder}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  so-rcvbuf: 4m
  outgoing-range: 8192
  num-queries-per-thread: 4096
  msg-cache-size: 64m
  rrset-cache-size: 128m
  minimal-responses: yes
  include: "{self.folder}/zones.conf"
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{UPSTREAM}
remote-control:
  control-enable: no
""")
        return [program("unbound"), "-d", "-c", config]

    def dnsmasq(self, names_file, paths):
        lines = "".join(f"address=/{name}/\n" for name in open_names(names_file))
        config = self.write("dnsmasq.conf", f"""\
port={self.port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
no-daemon
user=root
pid-file
server=127.0.0.1#{UPSTREAM}
cache-size=100000
dns-forward-max=10000
""" + lines)
        return [program("dnsmasq"), "-C", config]


def open_names(names_file):
    with open(names_file) as lines:
        yield from (line.strip() for line in lines)


class Upstream:
    """An authoritative server for every name that is not blocked, not counted to anybody."""

    def __init__(self, folder):
        folder = Path(folder) / "upstream"
        folder.mkdir()
        hosts = "".join(f"n{host} IN A 192.0.2.{host % 250 + 1}\n" for host in range(20_000))
        (folder / "zone").write_text(f"""\
$ORIGIN {ZONE}.
$TTL 3600
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
*.cold IN A 192.0.2.7
{hosts}""")
        # Response-rate limiting is made for strangers: here it would truncate most replies.
        (folder / "nsd.conf").write_text(f"""\
server:
  ip-address: 127.0.0.1@{UPSTREAM}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/pid"
  xfrdfile: "{folder}/xfrd"
  database: ""
  server-count: 1
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {ZONE}.
  zonefile: zone
""")
        log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            ["taskset", "-c", "1", program("nsd"), "-d", "-c", str(folder / "nsd.conf")],
            stdout=log, stderr=log)
        wait_for(UPSTREAM, query(f"n1.{ZONE}"), self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait()
