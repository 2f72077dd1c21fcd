"""Trackless, its peers and the echo: how each is configured, at its best, and started."""
import json
import os
import pwd
import subprocess
import time
from pathlib import Path

from process import NXDOMAIN, SERVER_CORE, Process, program

ROOT = Path(__file__).resolve().parents[2]


def build(servers):
    """Builds what is measured of this crate, and gives the paths.

    One after the other, the server last: together with a benchmark, or replaced by the build of
    one, it would be linked with the features that only dev-dependencies ask for.
    """
    paths = {}
    for name, kind in (("echo", "--bench"), ("trackless", "--bin")):
        if name in servers:
            out = subprocess.run(
                ["cargo", "build", "--release", kind, name, "--message-format=json"],
                cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
            for message in map(json.loads, out.splitlines()):
                if message.get("executable") and message["target"]["name"] == name:
                    paths[name] = message["executable"]
    return paths


def lines(template, names_file):
    """The template once for each name of the file."""
    with open(names_file) as names:
        for name in names:
            yield template.format(name.rstrip("\n"))


class Server(Process):
    """One of those compared. Its configuration is written once; it is started anew each round."""

    def __init__(self, folder, names_file, upstream, paths):
        super().__init__(self.NAME, folder, SERVER_CORE)
        self.names_file, self.upstream, self.paths = Path(names_file), upstream.port, paths
        self.command = self.configure()

    def start(self, name):
        """Seconds from exec to the first answer that refuses `name`."""
        return self.launch(self.command, name, 0 if isinstance(self, Echo) else NXDOMAIN)


class Echo(Server):
    NAME = "echo"

    def configure(self):
        return [self.paths["echo"], f"127.0.0.1:{self.port}"]


class Trackless(Server):
    NAME = "trackless"

    def configure(self):
        config = self.write("trackless.yaml", f"""\
listen: 127.0.0.1:{self.port}
web: off
data: data
workers: 1
upstream: udp://127.0.0.1:{self.upstream}
cache: {{ size: 64 MiB }}
lists:
  - {{ name: bench, file: {self.names_file}, format: names, action: block, subdomains: true }}
""")
        start = time.monotonic()
        subprocess.run([self.paths["trackless"], "lists", "compile", "--config", config],
                       cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.compiled_s = time.monotonic() - start
        return [self.paths["trackless"], "serve", "--config", config]


class Dnsdist(Server):
    NAME = "dnsdist"
    EXTRA = ""

    def configure(self):
        config = self.write("dnsdist.conf", f"""\
setLocal("127.0.0.1:{self.port}")
setACL("127.0.0.0/8")
setSecurityPollSuffix("")
setUDPSocketBufferSizes(4194304, 4194304)
setMaxUDPOutstanding(65535)
newServer("127.0.0.1:{self.upstream}"):setUp()
getPool(""):setCache(newPacketCache(100000, {{maxTTL=86400}}))
names = newSuffixMatchNode()
for name in io.lines("{self.names_file}") do names:add(newDNSName(name)) end
addAction(SuffixMatchNodeRule(names, true), RCodeAction(DNSRCode.NXDOMAIN))
{self.EXTRA}
""")
        return [program("dnsdist"), "--supervised", "--disable-syslog", "-C", config]


class DnsdistBatch(Dnsdist):
    """Off by default, and a fifth to a quarter cheaper where dnsdist answers by itself."""

    NAME = "dnsdist-batch"
    EXTRA = "setUDPMultipleMessagesVectorSize(32)"


class Unbound(Server):
    NAME = "unbound"

    def configure(self):
        config = self.folder / "unbound.conf"
        with open(config, "w") as file:
            file.write(f"""\
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
  so-sndbuf: 4m
  outgoing-range: 8192
  num-queries-per-thread: 4096
  msg-cache-size: 64m
  rrset-cache-size: 128m
  minimal-responses: yes
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{self.upstream}
remote-control:
  control-enable: no
server:
""")
            file.writelines(lines('local-zone: "{}." always_nxdomain\n', self.names_file))
        return [program("unbound"), "-d", "-c", str(config)]


class Dnsmasq(Server):
    NAME = "dnsmasq"

    def configure(self):
        config = self.folder / "dnsmasq.conf"
        # Its own account could not enter the temporary folder.
        user = pwd.getpwuid(os.getuid()).pw_name
        with open(config, "w") as file:
            file.write(f"""\
port={self.port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
keep-in-foreground
log-facility={self.folder}/messages
user={user}
pid-file
server=127.0.0.1#{self.upstream}
cache-size=50000
dns-forward-max=10000
""")
            file.writelines(lines("address=/{}/\n", self.names_file))
        return [program("dnsmasq"), "-C", str(config)]


SERVERS = {kind.NAME: kind
           for kind in (Echo, Trackless, Dnsdist, DnsdistBatch, Unbound, Dnsmasq)}
