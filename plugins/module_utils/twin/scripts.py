# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power switch of a node, and what runs behind it, as texts of shell scripts. Pure.

Shell, because the BMC asks for the power at every chassis command and answers nobody
while it waits: a status costs one process and no interpreter of ours.

``power on|off|shutdown|status``: on and off return when it is so, shutdown at once, as the
button does. A node is on when its control group holds a live process, whoever ended it.
"""

from __future__ import annotations

import shlex

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.network import (
    Namespace,
    switch_off_batch,
    switch_on_batch,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.spec import MACHINE, Node

#: systemd-nspawn ends so when what runs inside asked for a reboot.
REBOOT_EXIT_CODE = 133

_POWER = """\
#!/bin/sh
# The power switch of {node}: on, off, shutdown, status. Written by the twin {twin_id}.
dir={dir}
group={group}
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

status() {{
  state=off
  [ -e $group/cgroup.events ] || return 0
  while read -r key value; do
    [ "$key $value" = "populated 1" ] && state=on
  done < $group/cgroup.events
}}

# Returns 0 when the node is off within so many hundredths of a second.
wait_off() {{
  left=$1
  while status; [ $state = on ]; do
    [ $left -gt 0 ] || return 1
    left=$((left - 1))
    sleep 0.01
  done
}}

net_up() {{
  {{
{up}
  }} | ip -n {namespace} -force -batch - >/dev/null 2>&1
}}

net_down() {{
  ip -n {namespace} -force -batch - >/dev/null 2>&1 <<'END'
{down}
END
}}

# One hand on the switch at a time.
alone() {{
  exec 9>$dir/lock
  flock -w 30 9 || exit 1
}}

# The launcher holds this as long as it lives, so it has put the network down when we get it.
launcher_gone() {{
  exec 8>$dir/launched
  flock -w 10 8
}}

case $1 in
  status)
    status
    echo $state ;;
  on)
    alone
    status
    [ $state = on ] && exit 0
    [ -e {dark} ] && {{ echo "{node}: the centre has no power" >&2; exit 1; }}
    launcher_gone || {{ echo "{node}: its launcher does not end" >&2; exit 1; }}
    rm -f $dir/kept_off
    net_up
    setsid $dir/launch </dev/null >/dev/null 2>&1 9>&- &
    left=500
    while status; [ $state = off ]; do
      [ $left -gt 0 ] || {{ echo "{node}: does not start" >&2; exit 1; }}
      left=$((left - 1))
      sleep 0.01
    done ;;
  off)
    alone
    # As a hand on a switch: it stays off until a hand switches it on.
    : > $dir/kept_off
    # What runs in the machine first, so that systemd-nspawn can clean up behind it.
    [ -e $group/payload/cgroup.kill ] && echo 1 > $group/payload/cgroup.kill
    wait_off 100 || {{
      echo 1 > $group/cgroup.kill
      wait_off 300 || {{ echo "{node}: does not die" >&2; exit 1; }}
    }}
    [ -e $group/cgroup.freeze ] && echo 0 > $group/cgroup.freeze
    launcher_gone
    net_down ;;
  shutdown)
    status
    [ $state = on ] || exit 0
    {shutdown} ;;
  *)
    echo "usage: power on|off|shutdown|status" >&2
    exit 2 ;;
esac
exit 0
"""

# systemd's init has a group of its own; 38 is SIGRTMIN+4: an orderly power-off.
_SHUTDOWN_SYSTEMD = """\
read -r init < $group/payload/init.scope/cgroup.procs || exit 1
    kill -38 "$init\""""
# An appliance has no orderly way: its makers say pull the plug.
_SHUTDOWN_PLAIN = "exec $0 off"

_LAUNCH = """\
#!/bin/sh
# Runs {node} until it ends, then darkens its network. Started by the power switch only.
dir={dir}
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
{enter_launchers}
while :; do
  # Groups left by the last run may be frozen, and would freeze what is put into them.
  for group in {groups}; do
    [ -d $group ] || mkdir -p $group
    find $group -mindepth 1 -depth -type d -exec rmdir {{}} + 2>/dev/null
  done
  echo 0 > {group}/cgroup.freeze
  (
    exec 8>&-
{enter_node}
    {environment} exec {command} </dev/null >$dir/console.log 2>&1
  )
  code=$?
  [ $code = {reboot} ] || break
done
# Ended from inside, in order: as with the switch, it stays off.
[ $code = 0 ] && : > $dir/kept_off
ip -n {namespace} -force -batch - >/dev/null 2>&1 <<'END'
{down}
END
"""

# SYSTEMD_NSPAWN_LOCK: its lock file would stay behind when it is killed; the switch has its own.
_ENVIRONMENT = "SYSTEMD_NSPAWN_LOCK=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network"


def power_script(names: Names, node: Node, namespace: Namespace, groups: list[str]) -> str:
    """The switch.

    :param groups: the node's control group in every hierarchy, the unified one first.
    """
    before, ends, after = switch_on_batch(namespace)
    lines = [f"    echo {shlex.quote(line)}" for line in before]
    lines += [
        f"    [ -e {names.faults}/line_cut@{line} ] || echo 'link set dev {device} up'"
        for line, device in ends.items()
    ]
    lines += [f"    echo {shlex.quote(line)}" for line in after]
    return _POWER.format(
        node=node.name,
        twin_id=names.twin_id,
        dir=names.node_dir(node.name),
        group=groups[0],
        namespace=namespace.name,
        up="\n".join(lines),
        down="\n".join(switch_off_batch(namespace)),
        dark=names.dark(node.centre) if node.centre else "/nonexistent",
        shutdown=_SHUTDOWN_SYSTEMD if node.kind == MACHINE else _SHUTDOWN_PLAIN,
    )


def launch_script(
    names: Names, node: Node, namespace: Namespace, groups: list[str], launchers: list[str]
) -> str:
    """What the switch starts."""
    return _LAUNCH.format(
        node=node.name,
        dir=names.node_dir(node.name),
        group=groups[0],
        groups=" ".join(groups),
        enter_launchers="\n".join(f"echo 0 > {group}/cgroup.procs || exit 1" for group in launchers),
        enter_node="\n".join(f"    echo 0 > {group}/cgroup.procs || exit 1" for group in groups),
        environment=_ENVIRONMENT,
        command=shlex.join(nspawn_command(names, node, namespace.name)),
        reboot=REBOOT_EXIT_CODE,
        namespace=namespace.name,
        down="\n".join(switch_off_batch(namespace)),
    )


def nspawn_command(names: Names, node: Node, namespace: str) -> list[str]:
    """The container's command line: a full boot for a machine, one process for an appliance."""
    command = [
        "systemd-nspawn", "--quiet", "--settings=no", f"--directory={names.root(node.name)}",
        f"--machine={names.machine(node.name)}", f"--hostname={node.name}", "--register=no", "--keep-unit",
        f"--network-namespace-path=/run/netns/{namespace}", "--resolv-conf=off", "--timezone=off",
        "--link-journal=no", "--console=read-only", "--capability=CAP_NET_ADMIN",
    ]  # fmt: skip
    if node.kind == MACHINE:
        return [*command, "--kill-signal=SIGRTMIN+3", "--boot"]
    return [*command, "--as-pid2", "/bin/sh", "/usr/local/sbin/appliance-init"]
