# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BMC for a server of the twin: the files ``ipmi_sim`` runs from, and its command line.

Nothing is started here. The caller runs what :func:`prepare` returns in the network
namespace that holds the BMC's address.

What else is in the BMC's directory, for the twin to read and write:

``restore_policy``  what to do when power returns: always-on, always-off, previous
``last_power``      on or off, as last commanded or seen through the BMC (for 'previous')
``boot_flags``      the boot device asked for; moved to ``boot_used`` by the power-on it was for
``identify``        seconds that the locator is lit from the file's time on, and 1 for 'until told otherwise'
``bios``            the version of the server's firmware; remove it and nobody knows
``state/``          what ``ipmi_sim`` itself keeps: the event log, and accounts as somebody changed them; they
                    then count for more than the twin's own secrets
``lan_settings``    what was set of the network of a BMC that may change its address
``sensors/<name>``  the reading of that sensor in its unit; change it to change the sensor
``serial``          another serial number that the server says it has
``absent/<n>``      nothing is in the place of FRU n, whatever ``fru-<n>.bin`` holds
``fault``           one of

    ``slow:SECONDS``  every chassis command takes that long, and the BMC does nothing else
    ``lie:on``        says on whatever is true, says yes to commands and does nothing
    ``lie:off``       the same, saying off
    ``hollow``        switches on and says so, and no operating system ever comes; it is on until it is
                      switched off (``hollow_on``)
    ``ignore``        tells the truth about power, says yes to commands and does nothing
    ``cuts``          keeps 16 bytes of a longer password and says yes
    ``dies:before``   loses its own power when it is told a new password, before it has kept it
    ``dies:after``    the same, when it has kept it and not yet answered
"""

from __future__ import annotations

import os
import re
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import bmc_records
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.bmc_plugin import ensure_plugin

__all__ = ["CACHE_DIR", "POLICIES", "BmcSpec", "ensure_plugin", "prepare"]

CACHE_DIR = Path("/var/cache/anjianyun/bmc")
POLICIES = ("always-on", "always-off", "previous")
#: How often a sensor's file is looked at, in milliseconds.
SENSOR_POLL_MS = 2000

# What may stand between quotes in ipmi_sim's configuration, and in a shell word.
_PLAIN = re.compile(r'[^"\\$`\x00-\x1f]*\Z')
_NO_BLANK = re.compile(r"[!#-~]*\Z")
_PATH = re.compile(r"/[A-Za-z0-9_./:@+-]*\Z")


@dataclass(frozen=True)
class BmcSpec:
    """What one simulated BMC says of itself and of its server.

    ``address`` without prefix length; ``restore_policy`` is what a new BMC has until
    somebody sets another. ``firmware`` is major and minor version. IPMI allows 16
    characters of ``user`` and 20 of ``password``.
    """

    node: str
    address: str
    user: str
    password: str
    asset_tag: str
    vendor: str = "Anjianyun"
    model: str = "Twin R740"
    serial: str = "TWIN0000"
    port: int = 623
    prefix_length: int = 24
    gateway: str = "0.0.0.0"
    mac: str = "02:00:00:00:00:01"
    firmware: tuple[int, int] = (4, 22)
    bios: str = "TWIN 2.19.1-r740"
    restore_policy: str = "always-on"
    #: The address that it listens on, when that is not its own: 0.0.0.0 for a BMC that changes its address.
    listen: str = ""
    #: Called with the new address and mask when somebody sets them; without it they cannot be set.
    mover: Path | None = None
    #: The server's console: a terminal's path, or ``tcp:host:port``.
    console: str = ""

    def __repr__(self) -> str:
        # The generated one would put the password into logs and tracebacks.
        return f"BmcSpec(node={self.node!r}, address={self.address!r}, user={self.user!r})"


def prepare(directory: Path, spec: BmcSpec, power_script: Path, plugin: Path | None = None) -> list[str]:
    """Write the BMC's files and return the command line of its ``ipmi_sim``.

    Safe to repeat: what describes the BMC is rewritten, what it remembers (restore
    policy, event log, boot flags, sensors that were changed) stays.

    :param directory: the BMC's own; made when missing, mode 0700.
    :param power_script: called ``on``, ``off``, ``shutdown`` or ``status``; ``status``
        prints on or off. What it starts must leave the session by itself. It is run in
        the network namespace of the BMC, and the BMC answers nobody while it runs.
    :param plugin: the result of :func:`ensure_plugin`; without it, that of :data:`CACHE_DIR`.
    :raises DatacenterError: when a value cannot be written into ``ipmi_sim``'s files.
    """
    plugin = plugin or ensure_plugin(CACHE_DIR)
    _check(directory, spec, power_script, plugin)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    state = directory / "state" / "ipmi_sim" / spec.node
    state.mkdir(parents=True, exist_ok=True)
    (directory / "sensors").mkdir(exist_ok=True)
    for sensor in bmc_records.sensors():
        _keep(_reading_file(directory, sensor.name), f"{_milli(sensor, sensor.value)}\n")
    for _number, name, _instance in bmc_records.SUPPLIES:
        _keep(_reading_file(directory, name), "1\n")
    _keep(directory / "restore_policy", spec.restore_policy + "\n")
    _keep(directory / "bios", spec.bios + "\n")
    now_s = int(time.time())
    _keep(state / "sel.20", bmc_records.persisted_events(bmc_records.events(now_s), now_s))
    write_identity(directory, spec)
    _write(directory / "chassis", _CHASSIS.format(directory=directory, power=power_script), 0o700)
    _write(directory / "lan", _lan_script(directory, spec), 0o700)
    _write(directory / "bmc.emu", _emulator(directory, spec), 0o600)
    _write(directory / "lan.conf", _lan_conf(directory, spec, plugin), 0o600)
    return [
        "ipmi_sim", "-c", str(directory / "lan.conf"), "-f", str(directory / "bmc.emu"),
        "-s", str(directory / "state"), "-n",
    ]  # fmt: skip


def write_identity(directory: Path, spec: BmcSpec) -> None:
    """Write what the server and its parts say they are; ``ipmi_sim`` reads it with each question."""
    serial = spec.serial
    if (directory / "serial").exists():
        serial = (directory / "serial").read_text(encoding="ascii").strip()
    units = {"fru.bin": bmc_records.fru(spec.vendor, spec.model, serial, spec.asset_tag)}
    for part in bmc_records.parts():
        # A part has its own number, which it keeps in whatever server it is.
        own = uuid.uuid5(uuid.NAMESPACE_OID, f"{spec.node}/{part.name}").hex[:10].upper()
        units[f"fru-{part.number}.bin"] = part.fru(own)
    for name, data in units.items():
        fresh = directory / f"{name}.new"
        fresh.write_bytes(data)
        fresh.rename(directory / name)


def set_reading(directory: Path, name: str, reading: float) -> None:
    """Let a sensor read something else, in its unit, until :func:`mend_readings`.

    :raises DatacenterError: there is no such sensor.
    """
    sensor = next((one for one in bmc_records.sensors() if one.name.lower() == name.lower()), None)
    if sensor is None:
        raise DatacenterError(
            "there is no such sensor",
            device=name,
            cause=f"there are {', '.join(one.name for one in bmc_records.sensors())}",
            next_step="take one of these",
        )
    path = _reading_file(directory, sensor.name)
    whole = directory / "readings" / path.name
    if not whole.exists():
        whole.parent.mkdir(exist_ok=True)
        _write(whole, path.read_text(encoding="ascii"), 0o600)
    _write(path, _milli(sensor, reading) + "\n", 0o600)


def mend_readings(directory: Path) -> None:
    """Let every sensor read what it read before :func:`set_reading`."""
    for whole in sorted((directory / "readings").glob("*")):
        whole.rename(directory / "sensors" / whole.name)


def _check(directory: Path, spec: BmcSpec, power_script: Path, plugin: Path) -> None:
    wrong = []
    for name in ("node", "vendor", "model", "serial", "asset_tag"):
        if not _PLAIN.match(getattr(spec, name)):
            wrong.append(f"{name} has a quote, backslash, dollar or control character")
    for name, limit in (("user", 16), ("password", 20)):
        if not 0 < len(getattr(spec, name)) <= limit or not _NO_BLANK.match(getattr(spec, name)):
            wrong.append(f"{name} needs 1 to {limit} printable ASCII characters, no blank, no quote")
    for path in (directory, power_script, plugin, *([spec.mover] if spec.mover else [])):
        if not _PATH.match(str(path)):
            wrong.append(f"{path} is no plain absolute path")
    if not _PLAIN.match(spec.console) or " " in spec.console:
        wrong.append("console needs a path, or tcp:host:port, without blanks and quotes")
    if spec.restore_policy not in POLICIES:
        wrong.append(f"restore policy {spec.restore_policy} is none of {', '.join(POLICIES)}")
    if wrong:
        raise DatacenterError(
            "the simulated BMC cannot be set up",
            device=spec.node,
            cause="; ".join(wrong),
            next_step="choose other values for it",
        )


def _keep(path: Path, text: str) -> None:
    if not path.exists():
        _write(path, text, 0o600)


def _write(path: Path, text: str, mode: int) -> None:
    """Write beside and rename, never readable by others even for a moment."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
    fresh.rename(path)


def _reading_file(directory: Path, sensor: str) -> Path:
    return directory / "sensors" / sensor.lower().replace(" ", "_")


def _milli(sensor: bmc_records.Sensor, value: float) -> str:
    """Readings stand in their unit; volts in millivolts, as the simulator reads integers."""
    return str(round(value * 1000 if sensor.exponent == -3 else value))


def _emulator(directory: Path, spec: BmcSpec) -> str:
    """The command file: one management controller with sensors, FRU and event log."""
    major, minor = spec.firmware
    minor_bcd = minor // 10 << 4 | minor % 10
    lines = [
        "mc_setbmc 0x20",
        # Device support 0xbf: all but the bridge. Manufacturer and product id are OpenIPMI's.
        f"mc_add 0x20 0x20 no-device-sdrs 1 0x{major:x} 0x{minor_bcd:x} 0xbf 0x1291 0xf02",
        "sel_enable 0x20 1000 0x0b",
        f'mc_add_fru_data 0x20 0 {bmc_records.FRU_SIZE} file 0 "{directory}/fru.bin"',
    ]
    for part in bmc_records.parts():
        lines += [
            f"mc_add_fru_data 0x20 {part.number} {bmc_records.PART_FRU_SIZE} file 0 "
            f'"{directory}/fru-{part.number}.bin"',
            "main_sdr_add 0x20 " + " ".join(f"0x{byte:02x}" for byte in part.locator()),
        ]
    for sensor in bmc_records.sensors():
        n = sensor.number
        source = _reading_file(directory, sensor.name)
        scale = f" div={sensor.factor}" if sensor.factor > 1 else ""
        thresholds = " ".join(f"0x{v:02x}" for v in sensor.thresholds)
        mask = sensor.event_mask
        lines += [
            f'sensor_add 0x20 0 {n} 0x{sensor.kind:02x} 0x01 poll {SENSOR_POLL_MS} file "{source}"{scale}',
            f"sensor_set_value 0x20 0 {n} {sensor.raw(sensor.value)} 0",
            f"sensor_set_threshold 0x20 0 {n} settable {sensor.enabled} {thresholds}",
            f"sensor_set_event_support 0x20 0 {n} enable scanning per-state {mask} {mask} {mask} {mask}",
            "main_sdr_add 0x20 " + " ".join(f"0x{byte:02x}" for byte in sensor.record()),
        ]
    states = " ".join([format(0x0B, "015b")] * 4)
    for n, name, instance in bmc_records.SUPPLIES:
        source = _reading_file(directory, name)
        record = bmc_records.supply_status_record(n, name, instance)
        lines += [
            f'sensor_add 0x20 0 {n} 0x08 0x6f poll {SENSOR_POLL_MS} file "{source}"',
            f"sensor_set_bit_clr_rest 0x20 0 {n} 0 0",
            f"sensor_set_event_support 0x20 0 {n} enable scanning per-state {states}",
            "main_sdr_add 0x20 " + " ".join(f"0x{byte:02x}" for byte in record),
        ]
    return "\n".join([*lines, "mc_enable 0x20", ""])


def _lan_conf(directory: Path, spec: BmcSpec, plugin: Path) -> str:
    """The BMC's channel and account. Without a guid it would speak IPMI 1.5 only."""
    console = f'  sol "{spec.console}" 115200 nortscts\n' if spec.console else ""
    return f"""\
name "{spec.node}"
set_working_mc 0x20
  startlan 1
    addr {spec.listen or spec.address} {spec.port}
    guid {uuid.uuid5(uuid.NAMESPACE_OID, spec.node + spec.address).hex}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    lan_config_program "{directory}/lan"
  endlan
  chassis_control "{directory}/chassis"
{console}  user 2 true "{spec.user}" "{spec.password}" admin 10 none md2 md5 straight
loadlib "{plugin}" "{directory}"
"""


def _lan_script(directory: Path, spec: BmcSpec) -> str:
    """Answers 'get' of the LAN parameters. Most of a twin's BMCs refuse 'set': the twin owns their addresses.

    One with a mover keeps what is set in ``lan_settings``, as ``name=value``, and tells the mover.
    """
    bits = (0xFFFFFFFF << (32 - spec.prefix_length)) & 0xFFFFFFFF
    values = {
        "ip_addr": spec.address,
        "ip_addr_src": "static",
        "mac_addr": spec.mac,
        "subnet_mask": ".".join(str(bits >> shift & 0xFF) for shift in (24, 16, 8, 0)),
        "default_gw_ip_addr": spec.gateway,
        "default_gw_mac_addr": "00:00:00:00:00:00",
        "backup_gw_ip_addr": "0.0.0.0",
        "backup_gw_mac_addr": "00:00:00:00:00:00",
    }
    return _LAN.format(
        directory=directory,
        values="\n".join(f"{name}={value}" for name, value in values.items()),
        names="|".join(values),
        mover=spec.mover or "",
    )


_LAN = """\
#!/bin/sh
cd {directory} || exit 1
mover={mover}
{values}
[ -n "$mover" ] && [ -f lan_settings ] && . ./lan_settings

verb=$1
shift
case $verb in
get)
  for name; do
    case $name in
      {names}) eval "echo $name:\\$$name" ;;
      *) exit 1 ;;
    esac
  done ;;
check)
  [ -n "$mover" ] ;;
set)
  [ -n "$mover" ] || exit 1
  while [ $# -gt 1 ]; do
    case $1 in
      {names}) eval "$1=\\$2"; eval "echo $1=\\$2" >> lan_settings ;;
      *) exit 1 ;;
    esac
    shift 2
  done
  "$mover" "$ip_addr" "$subnet_mask" >/dev/null 2>&1 </dev/null ;;
*)
  exit 1 ;;
esac
"""


# Run by ipmi_sim for each question about power, so it is on the path of every answer:
# builtins only, one child (the power script). The child's output goes nowhere, because
# the simulator reads this script's output to its end, and a booted machine has none.
_CHASSIS = """\
#!/bin/sh
cd {directory} || exit 1
power={power}

fault=
[ -f fault ] && read -r fault < fault
case $fault in slow:*) sleep "${{fault#slow:}}" ;; esac

status() {{
  case $fault in lie:on) state=on; return ;; lie:off) state=off; return ;; esac
  [ -f hollow_on ] && state=on && return
  state=$($power status 2>/dev/null </dev/null) || state=unknown
  case $state in
    on|off) remember $state ;;
    *) echo "the power script says neither on nor off" >&2; exit 1 ;;
  esac
}}

remember() {{
  last=
  [ -f last_power ] && read -r last < last_power
  [ "$last" = "$1" ] || echo "$1" > last_power
}}

order() {{
  case $fault in lie:*|ignore) return ;; esac
  case $fault-$1 in
    hollow-on) : > hollow_on; return ;;
    *-off|*-shutdown) rm -f hollow_on ;;
  esac
  $power "$1" >/dev/null 2>&1 </dev/null || exit 1
}}

# The boot flags count for one start, unless they are persistent (bit 6 of the first byte).
consume_boot_flags() {{
  case $fault in lie:*|ignore) return ;; esac
  flags=
  [ -f boot_flags ] && read -r flags < boot_flags
  [ -n "$flags" ] || return
  echo "$flags" > boot_used
  case $flags in [4-7c-f]*) ;; *) rm -f boot_flags ;; esac
}}

verb=$1
shift
if [ "$verb" = get ]; then
  for name; do
    case $name in
      power) status; [ $state = on ] && echo power:1 || echo power:0 ;;
      boot) echo boot:default ;;
      *) exit 1 ;;
    esac
  done
  exit 0
fi
[ "$verb" = set ] || exit 1
case "$1 $2" in
  "power 1") status; [ $state = on ] && exit 0
             consume_boot_flags; order on; remember on ;;
  "power 0") order off; remember off ;;
  reset*) status; [ $state = on ] || exit 1
          order off; consume_boot_flags; order on ;;
  shutdown*) order shutdown ;;
  boot*) ;;
  *) exit 1 ;;
esac
exit 0
"""
