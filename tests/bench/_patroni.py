# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni on the twin's own database servers, moved under the same county's reports.

- Debian's packages of Patroni and etcd, fetched on this host and put into the machines, which have no way
  out.
- A cluster of its own (port 5433) beside the service's on the two database servers: two sites of one machine
  each.
- etcd on both, and on the witness of the plan's lease, a machine in a city, as the third of the quorum.
  Before each move etcd's leader is put there, so that no move waits for etcd to elect another one.
- The writer is the same as for our own moves: the county's client, through the same application, which is
  pointed to port 5433 for it. Both firewalls let the ports through for as long as the bench lasts.
- Patroni's own times are at the documented least (ttl 20, loop_wait 1, retry_timeout 3).
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.anjianyun.datacenter.tests.bench._drill import (
    AWAY,
    HOME,
    ROOT,
    Figures,
    Twin,
    judged,
)
from ansible_collections.anjianyun.datacenter.tests.bench._floor import ipmitool, other, strike

DEBS = ROOT / "build/bench/debs"
PACKAGES = ("patroni", "etcd-server", "etcd-client")
PORT, API, ETCD, ETCD_PEER = 5433, 8008, 2379, 2380
DATA = "/var/lib/postgresql/15/bench"
LEADER_KEY = "/service/bench/leader"
APP_CONFIG = "/etc/anjianyun/report_app/report_app.json"

UNIT = """[Unit]
Description=bench: {name}
[Service]
{more}
ExecStart={command}
Restart=no
KillMode=mixed
TimeoutStopSec=60
LimitNOFILE=65536
"""


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 90) -> None:
    """Look twice a second."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {seconds:g} s")
        time.sleep(0.5)


class Patroni:
    """A cluster of two, and the witness of their store."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.databases = {centre: twin.server(centre, "database") for centre in (HOME, AWAY)}
        self.applications = [twin.server(centre, "application") for centre in (HOME, AWAY)]
        self.routers = [twin.server(centre, "announcer") for centre in (HOME, AWAY)]
        self.witness = str(twin.service["lease"]["witnesses"][0])
        self.stores = [*self.databases.values(), self.witness]
        self.version = ""

    @contextlib.contextmanager
    def ready(self) -> Iterator[Patroni]:
        """Installed and initialised, with the home centre's as the leader; and taken away again."""
        fetch(self.twin.ssh(self.databases[HOME], "cat /var/lib/dpkg/status"))
        for host in self.stores:
            self._install(host)
        try:
            self._open_ways()
            for host in self.databases.values():
                self._write_patroni(host)
            self.start_store()
            self._initialise()
            shown = self.twin.ssh(self.databases[HOME], "patroni --version")
            self.version = shown.split()[-1]
            yield self
        finally:
            self._remove()

    # Machines

    def _install(self, host: str) -> None:
        archive = subprocess.run(["tar", "c", "-C", str(DEBS), "."], check=True, capture_output=True).stdout
        only = "./*.deb" if host != self.witness else "./etcd-*.deb"
        with (ROOT / "build/bench/debs.tar").open("wb") as file:
            file.write(archive)
        self.twin.inside(
            ["sh", "-c", f"ssh -F {self.twin.ssh_config} {host}"
             f" 'mkdir -p /var/tmp/debs && tar x -C /var/tmp/debs' < {ROOT}/build/bench/debs.tar"]
        )  # fmt: skip
        # Nothing is started by its package: the bench starts what it configured.
        self.twin.ssh(
            host,
            "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d;"
            f" cd /var/tmp/debs && DEBIAN_FRONTEND=noninteractive dpkg -i {only} >/var/tmp/dpkg.log 2>&1;"
            " rm -r /usr/sbin/policy-rc.d /var/tmp/debs; systemctl disable --now etcd patroni 2>/dev/null;"
            " command -v etcd >/dev/null",
        )
        address = self.address(host)
        members = ",".join(f"{one}=http://{self.address(one)}:{ETCD_PEER}" for one in self.stores)
        command = (
            f"/usr/bin/etcd --name={host} --data-dir=/var/lib/bench-etcd --initial-cluster={members}"
            f" --initial-cluster-token=bench --initial-cluster-state=new"
            f" --listen-peer-urls=http://{address}:{ETCD_PEER}"
            f" --initial-advertise-peer-urls=http://{address}:{ETCD_PEER}"
            f" --listen-client-urls=http://{address}:{ETCD},http://127.0.0.1:{ETCD}"
            f" --advertise-client-urls=http://{address}:{ETCD}"
        )
        self._unit(host, "bench-etcd", command, "Type=notify")

    def _unit(self, host: str, name: str, command: str, more: str) -> None:
        text = UNIT.format(name=name, command=command, more=more)
        self.twin.ssh(host, f"cat > /etc/systemd/system/{name}.service && systemctl daemon-reload", text)

    def address(self, host: str) -> str:
        return self.twin.address(host)

    def _write_patroni(self, host: str) -> None:
        address, secrets = self.address(host), self.twin.secrets["dc_secrets"]
        tls = "/etc/anjianyun/postgresql"
        members = [self.address(one) for one in self.databases.values()]
        hba = [
            "local all all trust",
            "host all all 127.0.0.1/32 trust",
            *(f"host replication dc_replication {one}/32 scram-sha-256" for one in members),
            *(f"host all postgres {one}/32 scram-sha-256" for one in members),
            *(
                f"hostssl hidden_danger dc_app {self.address(one)}/32 scram-sha-256"
                for one in self.applications
            ),
        ]
        config = {
            "scope": "bench",
            "name": host,
            "restapi": {"listen": f"{address}:{API}", "connect_address": f"{address}:{API}"},
            "etcd3": {"hosts": [f"{self.address(one)}:{ETCD}" for one in self.stores]},
            "bootstrap": {
                "dcs": {
                    "ttl": 20, "loop_wait": 1, "retry_timeout": 3, "maximum_lag_on_failover": 16777216,
                    "postgresql": {
                        "use_pg_rewind": True, "use_slots": True,
                        # As the service's own cluster has them (roles/postgresql_ha).
                        "parameters": {
                            "shared_buffers": "128MB", "max_connections": 200, "wal_log_hints": "on",
                            "hot_standby": "on", "wal_keep_size": "128MB", "max_wal_size": "256MB",
                            "wal_receiver_status_interval": "1s", "wal_sender_timeout": "10s",
                            "archive_mode": "on", "archive_command": "/bin/true", "ssl": "on",
                            "ssl_ca_file": f"{tls}/ca.crt", "ssl_cert_file": f"{tls}/server.crt",
                            "ssl_key_file": f"{tls}/server.key", "password_encryption": "scram-sha-256",
                        },
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"wal-segsize": "4"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"0.0.0.0:{PORT}", "connect_address": f"{address}:{PORT}", "data_dir": DATA,
                "bin_dir": "/usr/lib/postgresql/15/bin", "pgpass": "/var/lib/postgresql/.pgpass-bench",
                "pg_hba": hba,
                "basebackup": [{"checkpoint": "fast"}],
                "authentication": {
                    "superuser": {"username": "postgres", "password": secrets["superuser"]},
                    "replication": {"username": "dc_replication", "password": secrets["replication"]},
                },
                "parameters": {"unix_socket_directories": "/var/run/postgresql"},
            },
            "watchdog": {"mode": "off"},
        }  # fmt: skip
        # JSON is YAML.
        self.twin.ssh(host, "umask 077; cat > /etc/bench-patroni.yml; chown postgres: /etc/bench-patroni.yml",
                      json.dumps(config, indent=1))  # fmt: skip
        self._unit(host, "bench-patroni", "/usr/bin/patroni /etc/bench-patroni.yml", "User=postgres")

    def _open_ways(self) -> None:
        """Between the members, and from the applications; for the bench alone."""
        hosts = ", ".join(self.address(one) for one in [*self.stores, *self.applications])
        ports = f"{PORT}, {API}, {ETCD}, {ETCD_PEER}"
        for router in self.routers:
            self.twin.ssh(
                router,
                f"nft insert rule inet ajy_firewall forward ip saddr {{ {hosts} }} ip daddr {{ {hosts} }}"
                f" tcp dport {{ {ports} }} accept comment '\"bench\"'",
            )

    def _remove(self) -> None:
        for host in self.stores:
            with contextlib.suppress(SystemExit):
                self.twin.ssh(
                    host,
                    "systemctl stop bench-patroni bench-etcd 2>/dev/null; rm -rf /var/lib/bench-etcd"
                    f" {DATA} /etc/bench-patroni.yml /etc/systemd/system/bench-*; systemctl daemon-reload",
                )
        for router in self.routers:
            with contextlib.suppress(SystemExit):
                self.twin.ssh(
                    router,
                    "for n in $(nft -a list chain inet ajy_firewall forward"
                    " | sed -n 's/.*\"bench\" # handle //p');"
                    " do nft delete rule inet ajy_firewall forward handle $n; done",
                )
        self.point_application(False)

    # Running

    def start_store(self) -> None:
        """etcd on all three, at once: each waits for the others."""
        for host in self.stores:
            self.twin.ssh(host, "systemctl start --no-block bench-etcd")
        wait_for("etcd is well", lambda: all(self._healthy(host) for host in self.stores))

    def _healthy(self, host: str) -> bool:
        return self.etcdctl(host, "endpoint health >/dev/null 2>&1 && echo well") == "well"

    def etcdctl(self, host: str, words: str) -> str:
        return self.twin.ssh(host, f"ETCDCTL_API=3 etcdctl {words} || true")

    def _initialise(self) -> None:
        home, away = self.databases[HOME], self.databases[AWAY]
        self.twin.ssh(home, "systemctl start bench-patroni")
        wait_for(f"{home} leads", lambda: self.role(home) in ("primary", "master"))
        secret = self.twin.secrets["dc_secrets"]["application"]
        self.sql(home, f"CREATE ROLE dc_app LOGIN PASSWORD '{secret}'", "postgres")
        self.sql(home, "CREATE DATABASE hidden_danger OWNER dc_app", "postgres")
        self.twin.ssh(away, "systemctl start bench-patroni")
        self._whole(home)
        self.point_application(True)
        self.twin.ssh(
            self.applications[0],
            f"python3 /usr/local/lib/anjianyun/report_app/report_app.py --config={APP_CONFIG} migrate",
        )

    def start(self) -> None:
        """Both databases, the home centre's as the leader; the application uses them."""
        home, away = self.databases[HOME], self.databases[AWAY]
        self.twin.ssh(home, "systemctl start bench-patroni")
        wait_for(f"{home} leads", lambda: self.role(home) in ("primary", "master"))
        self.twin.ssh(away, "systemctl start bench-patroni")
        self._whole(home)
        self.point_application(True)

    def stop(self) -> None:
        """Both databases, the standby first; the application uses the service's own again."""
        for centre in (AWAY, HOME):
            self.twin.ssh(self.databases[centre], "systemctl stop bench-patroni")
        self.point_application(False)

    def point_application(self, here: bool) -> None:
        """The application to Patroni's port, or back."""
        one, other = (5432, PORT) if here else (PORT, 5432)
        for host in self.applications:
            self.twin.ssh(
                host, f"sed -i 's/\"port\": {one}/\"port\": {other}/' {APP_CONFIG};"
                " systemctl restart anjianyun-report-app",
            )  # fmt: skip

    @contextlib.contextmanager
    def service_asleep(self) -> Iterator[None]:
        """The service's own databases are stopped, so that a machine may die without a failover of theirs."""
        unit = "postgresql@15-main"
        for centre in (HOME, AWAY):
            self.twin.ssh(self.databases[centre], f"systemctl stop {unit}")
        yield
        # The standby first: the primary's guard asks it before it opens.
        self.stop()
        for centre in (AWAY, HOME):
            host = self.databases[centre]
            self.twin.ssh(host, f"systemctl reset-failed {unit}; systemctl restart {unit}")
        wait_for(
            "the service's standby streams",
            lambda: self.twin.ssh(
                self.databases[HOME],
                "runuser -u postgres -- psql -XAtq -c"
                " \"SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'\" || true",
            ) == "1",
        )  # fmt: skip

    def role(self, host: str) -> str:
        said = self.twin.ssh(host, f"curl -s -m 2 http://{self.address(host)}:{API}/patroni || true")
        try:
            return str(json.loads(said)["role"])
        except (ValueError, KeyError):
            return "silent"

    def sql(self, host: str, statement: str, database: str = "hidden_danger") -> str:
        return self.twin.ssh(
            host, f"runuser -u postgres -- psql -XAtq -p {PORT} -d {database} -f -", statement + ";\n"
        )

    def _whole(self, leader: str) -> None:
        """The other one streams, and etcd's leader is the witness."""
        streaming = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        wait_for("the standby streams", lambda: self.sql(leader, streaming, "postgres") == "1")
        members = json.loads(self.etcdctl(self.witness, "member list -w json"))["members"]
        number = next(member["ID"] for member in members if member["name"] == self.witness)
        for host in self.stores:
            # Only the leader itself can hand over; the others refuse.
            self.etcdctl(host, f"move-leader {number:x} >/dev/null 2>&1")

    # Moves

    def switchover(self, to: str) -> Figures:
        """By Patroni's own API, asked on the leader, without the start of patronictl."""
        old, new = self.databases[other(to)], self.databases[to]
        self._whole(old)
        directory = self.twin.evidence / f"patroni-switchover-{time.time_ns()}"
        with self.twin.reporting(directory):
            asked = time.time()
            self.twin.ssh(
                old, f"curl -sS -m 60 http://{self.address(old)}:{API}/switchover -XPOST -d @-",
                json.dumps({"leader": old, "candidate": new}),
            )  # fmt: skip
            wait_for(f"{new} leads", lambda: self.role(new) in ("primary", "master"))
            ended = time.time()
        self._whole(new)
        return judged(directory, asked, ended, {"asked": asked})

    def failover(self) -> tuple[Figures, float]:
        """The leader's machine dies. Returns the figures, and when its key in the store ran out."""
        home, away = self.databases[HOME], self.databases[AWAY]
        self._whole(home)
        watch = "/var/tmp/bench-watch"
        self.twin.ssh(
            self.witness,
            f"rm -f {watch}; (ETCDCTL_API=3 setsid etcdctl watch {LEADER_KEY} </dev/null 2>&1 |"
            f" while read -r line; do echo $(date +%s.%N) $line; done > {watch}) >/dev/null 2>&1 & echo on",
        )
        directory = self.twin.evidence / f"patroni-failover-{time.time_ns()}"
        with self.twin.reporting(directory):
            killed = time.time()
            strike(self.twin, "failover")
            wait_for(f"{away} leads", lambda: self.role(away) in ("primary", "master"))
            ended = time.time()
        self.twin.ssh(self.witness, "pkill -x etcdctl || true")
        gone = [
            float(line.split()[0])
            for line in self.twin.ssh(self.witness, f"cat {watch}").splitlines()
            if line.split()[1:2] in (["DELETE"], ["EXPIRE"])
        ]
        if not gone:
            raise SystemExit("the store does not say when the leader's key ran out")
        return judged(directory, killed, ended, {"killed": killed, "detected": gone[0]}), gone[0]

    def bring_back(self, policy: str) -> None:
        """The dead machine returns, follows, and leads again. Not timed."""
        home = self.databases[HOME]
        self.twin.fault("lifted", "power_cut", home)
        ipmitool(self.twin, "policy", policy)
        ipmitool(self.twin, "power", "on")
        wait_for(f"{home} is up", lambda: self._up(home), 120)
        self.twin.ssh(home, "systemctl start --no-block bench-etcd")
        wait_for("etcd is well", lambda: self._healthy(home))
        self.twin.ssh(home, "systemctl start bench-patroni")
        self._whole(self.databases[AWAY])
        self.twin.ssh(
            self.databases[AWAY],
            f"curl -sS -m 60 http://{self.address(self.databases[AWAY])}:{API}/switchover -XPOST -d @-",
            json.dumps({"leader": self.databases[AWAY], "candidate": home}),
        )
        wait_for(f"{home} leads", lambda: self.role(home) in ("primary", "master"))
        self._whole(home)

    def _up(self, host: str) -> bool:
        try:
            return self.twin.ssh(host, "echo up") == "up"
        except SystemExit:
            return False


def fetch(status: str) -> None:
    """The packages that the machines lack, by apt on this host for their state of packages."""
    if list(DEBS.glob("patroni_*.deb")):
        return
    (DEBS / "partial").mkdir(parents=True, exist_ok=True)
    there = Path(f"{DEBS}.status")
    there.write_text(status + "\n")
    subprocess.run(
        ["apt-get", "-qq", "-y", "-o", f"Dir::State::status={there}", "-o", "Debug::NoLocking=1",
         "-o", f"Dir::Cache::archives={DEBS}", "-o", "APT::Sandbox::User=root", "--no-install-recommends",
         "--download-only", "install", *PACKAGES],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
