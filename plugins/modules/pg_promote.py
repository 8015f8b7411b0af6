#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_promote
short_description: Opens a PostgreSQL standby for writing, on proof only
version_added: 0.1.0
description:
  - Promotes a standby when it is proved that the old primary cannot accept writes, and waits until
    it is writable.
  - With the proof C(shutdown) the standby must hold the old primary's shutdown record.
  - Takes C(synchronous_standby_names) out of the configuration first, so that a survivor without a
    standby does not hang at its first commit; M(anjianyun.datacenter.pg_synchronous) sets it again.
  - A server that is writable already is left as it is.
options:
  proof:
    description:
      - Why the old primary cannot accept writes.
      - One of O(proof) and O(proof_path) is needed.
    type: dict
    suboptions:
      method:
        description:
          - Kind of proof.
        type: str
        required: true
        choices: [shutdown, bmc, network, attested, lease]
      data:
        description:
          - V(shutdown) takes C(state), C(shutdown_lsn), C(timeline), C(system_identifier), as
            M(anjianyun.datacenter.pg_demote) returns them.
          - V(bmc) takes C(host), C(readings) (two or more, all C(off)), C(restore_policy)
            (C(always-off)), C(at).
          - V(network) takes C(devices), C(verified), C(at), and C(attestation) as V(attested) has it.
          - V(attested) takes C(by), C(risk), C(expires_at).
          - V(lease) takes C(holder), C(granters) (what M(anjianyun.datacenter.lease) read of each),
            C(expected) (the names of all who could renew it), C(at). Whom the holder itself asks must be
            known from the readings (C(asks)), and be among them.
          - Times are epoch seconds.
        type: dict
        required: true
  proof_path:
    description:
      - File on the standby's host that M(anjianyun.datacenter.pg_proof) puts the proof into, while this
        module waits for it. Started before the old primary is stopped (C(async)), the promotion costs no
        start of its own when clients already wait.
      - Without a proof nothing is done.
    type: path
  proof_wait:
    description:
      - Seconds to wait for the proof in O(proof_path).
    type: float
    default: 600
  slots:
    description:
      - Physical replication slots to make for the nodes that will follow this one.
    type: list
    elements: str
    default: []
  timeout:
    description:
      - Seconds that the wait for the shutdown record, and that the promotion, may take.
    type: float
    default: 30
  max_proof_age:
    description:
      - Seconds after which a reading proves nothing any more.
    type: float
    default: 600
extends_documentation_fragment:
  - anjianyun.datacenter.pg_cluster
author:
  - the anjianyun.datacenter authors (@anjianyun)
attributes:
  check_mode:
    support: full
    description: Judges the proof, promotes nothing.
  diff_mode:
    support: none
    description: There is no text to compare.
"""

EXAMPLES = r"""
- name: Act | open the standby
  anjianyun.datacenter.pg_promote:
    proof: "{{ demoted.proof }}"
    slots: [nn_db_01]
  delegate_to: dr-db-01
"""

RETURN = r"""
timeline_before:
  description: Timeline as a standby.
  returned: success
  type: int
timeline_after:
  description: Timeline as a primary.
  returned: success
  type: int
judged:
  description: C(ok) and C(reason), the verdict on the proof.
  returned: always
  type: dict
promote_s:
  description: Seconds from the order to the first moment of being writable.
  returned: changed
  type: float
slots_created:
  description: Slots that were made.
  returned: success
  type: list
  elements: str
times:
  description:
    - When (epoch seconds) it C(started), was C(proved), C(promote_sent), C(writable).
    - With O(proof_path) also C(handed), when it had the proof.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.alone import alone
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.arguments import (
    pg_cluster_argument_spec,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.cluster import (
    find_cluster,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.handover import (
    promote_when_handed,
)
from ansible_collections.anjianyun.datacenter.plugins.module_utils.database.postgresql.promote import promote
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    proof_spec = {
        "method": {
            "type": "str",
            "required": True,
            "choices": ["shutdown", "bmc", "network", "attested", "lease"],
        },
        "data": {"type": "dict", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            **pg_cluster_argument_spec(),
            "proof": {"type": "dict", "options": proof_spec},
            "proof_path": {"type": "path"},
            "proof_wait": {"type": "float", "default": 600},
            "slots": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "float", "default": 30},
            "max_proof_age": {"type": "float", "default": 600},
        },
        required_one_of=[["proof", "proof_path"]],
        mutually_exclusive=[["proof", "proof_path"]],
        supports_check_mode=True,
    )
    given = module.params
    try:
        cluster = find_cluster(given)
        how = {
            "slots": given["slots"],
            "timeout_s": given["timeout"],
            "max_proof_age_s": given["max_proof_age"],
            "dry_run": module.check_mode,
        }
        if given["proof_path"]:
            result = promote_when_handed(cluster, path=given["proof_path"], wait_s=given["proof_wait"], **how)
        else:
            with alone(cluster, given["timeout"]):
                result = promote(cluster, proof=given["proof"], **how)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
