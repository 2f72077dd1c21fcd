"""The upstream of all servers: nsd, with an answer for every name below one zone."""
from process import LOAD_CORE, Process, program

# No special-use name: servers answer `test` and the like themselves.
ZONE = "benchzone"


class Upstream(Process):
    """Shares the core of the load; its time is counted to nobody."""

    def __init__(self, folder):
        super().__init__("nsd", folder, LOAD_CORE)
        self.write("zone", f"""\
$ORIGIN {ZONE}.
$TTL 3600
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
* IN A 192.0.2.1
""")
        # Response-rate limiting is made for strangers: here it would truncate most replies.
        config = self.write("nsd.conf", f"""\
server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  pidfile: "{self.folder}/pid"
  xfrdfile: "{self.folder}/xfrd"
  zonelistfile: "{self.folder}/zonelist"
  database: ""
  server-count: 1
  minimal-responses: yes
  receive-buffer-size: 4194304
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {ZONE}.
  zonefile: zone
""")
        self.launch([program("nsd"), "-d", "-c", config], f"first.{ZONE}", 0)
