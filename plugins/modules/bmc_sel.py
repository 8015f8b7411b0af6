#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_sel
short_description: Reads, archives and erases a BMC's event log
version_added: 0.1.0
description:
  - Reads the event log of a server's BMC with its events decoded, keeps it in a file on the control node, and
    erases it when, and only when, every record in it is in that file.
  - Before it is erased, the number of records, the times of the last change and the newest record are
    compared with what was archived. When a record came meanwhile, it is archived first. Where the BMC
    itself ends the reservation of the log when a record comes, nothing can be lost; on one that does not, a
    record of the milliseconds between comparison and erasure could be.
attributes:
  check_mode:
    support: full
    description: Reads the log and the archive, and says what would be added and erased.
  diff_mode:
    support: full
    description: Shows how many records are archived and in the log, before and after.
  idempotent:
    support: full
    description: A record is archived once, and an empty log is not erased.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  state:
    description:
      - V(read) shows it, V(archived) keeps every record in O(archive) as well, V(cleared) erases the log
        after that.
    type: str
    default: read
    choices: [read, archived, cleared]
  archive:
    description:
      - Folder on the control node for the files, one for each BMC, called by its name with C(.jsonl). Made
        when it is missing. Needed unless O(state=read).
      - A line is a record as in RV(events) with the time of archiving and a digest over it and the line
        before. A file that was changed is refused, and the log not erased.
    type: path
  severity:
    description: Shows events at least so bad. Those of unknown severity are always shown.
    type: str
    default: ok
    choices: [ok, warning, critical, failed]
  since:
    description:
      - Shows events from this moment on, such as V(2026-11-01T08:00:00Z), by the BMC's clock. Without a
        zone it is UTC. Events of unknown time are always shown.
    type: str
  sensors:
    description: Shows events of these sensors; C(*) and C(?) stand for any characters.
    type: list
    elements: str
    default: []
  cache:
    description:
      - Folder on the control node in which the list of a BMC's sensors is kept, for their names; as in
        O(anjianyun.datacenter.bmc_sensor#module:cache). Reading them costs more than a short log.
    type: path
notes:
  - O(severity), O(since) and O(sensors) choose what is shown. What is archived and erased is always the
    whole log.
  - A long log takes one question for each record; O(deadline_s) has to allow for it.
"""

EXAMPLES = r"""
- name: Read | what went wrong since Monday
  anjianyun.datacenter.bmc_sel:
    address: "{{ dc_bmc.address }}"
    user: "{{ bmc_user }}"
    password: "{{ bmc_password }}"
    name: "{{ inventory_hostname }}"
    severity: warning
    since: "2026-11-23T00:00:00Z"
  delegate_to: localhost

- name: Act | every log is archived and emptied before the burn-in
  anjianyun.datacenter.bmc_sel:
    targets: "{{ bmcs }}"
    state: cleared
    archive: /var/lib/anjianyun/sel
    deadline_s: 300
  delegate_to: localhost
"""

RETURN = r"""
log:
  description:
    - State of the log as it was read with C(entries), C(free_bytes), C(overflow) (records were lost),
      C(last_added), C(last_erased) and C(clock_ahead_s), the seconds by which the BMC's clock is ahead.
  returned: success
  type: dict
events:
  description:
    - The events chosen, the oldest first, with C(id), C(at) (by the BMC's clock, as UTC), C(sensor), C(type),
      C(event), C(detail), C(asserted), C(severity), C(raw), the record's bytes, and C(occasion), which is the
      same for what came and for its end.
    - What cannot be decoded has null for what is not known, and the severity C(unknown).
  returned: success
  type: list
  elements: dict
open:
  description: Critical events of the whole log of which no later one says that they are over.
  returned: success
  type: list
  elements: dict
archive:
  description: C(path), C(added), C(records) in it and C(digest) of its last line.
  returned: unless O(state=read)
  type: dict
cleared:
  description: How many records were erased, or would be in check mode.
  returned: when O(state=cleared)
  type: int
left:
  description: What is in the log afterwards. Many BMCs note the erasure itself.
  returned: when O(state=cleared)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, eventlog
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=eventlog.SEL.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(eventlog.SEL, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
