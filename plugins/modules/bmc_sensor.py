#!/usr/bin/python
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bmc_sensor
short_description: Reads a server's sensors and judges them
version_added: 0.1.0
description:
  - Reads sensors through the BMC with their readings, states and thresholds, and gives each a verdict. A
    sensor that cannot be read is C(unknown), never C(ok).
  - A look costs one question for each sensor there is (which ones are there) and one for each that is read.
    With O(cache) the first part falls away as long as the BMC says that nothing changed; O(names) and
    O(types) cut the second.
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Reads only.
  idempotent:
    support: full
    description: Reads only.
extends_documentation_fragment:
  - anjianyun.datacenter.bmc
  - anjianyun.datacenter.bmc.actiongroup
options:
  names:
    description: Sensors by name; C(*) and C(?) stand for any characters. All when empty.
    type: list
    elements: str
    default: []
  types:
    description: Sensors of these types, such as V(Temperature), V(Fan) or V(Power Supply). All when empty.
    type: list
    elements: str
    default: []
  limits:
    description:
      - Limits of your own beside the BMC's thresholds. Sensors that they name are read in any case; of the
        two verdicts the worse one counts.
    type: list
    elements: dict
    default: []
    suboptions:
      sensor:
        description: Name of the sensor; C(*) and C(?) stand for any characters.
        type: str
        required: true
      min:
        description: The least that the reading may be, in the sensor's unit.
        type: float
      max:
        description: The most that the reading may be.
        type: float
      verdict:
        description: What a sensor beyond the limit is.
        type: str
        default: critical
        choices: [warning, critical, failed]
  fail_at:
    description:
      - Fails when a sensor is so bad or worse, naming sensor, value and threshold. It fails as well when a
        sensor in O(limits) cannot be read, or when no sensor has a name in O(names) or O(limits).
    type: str
    choices: [warning, critical, failed]
  fail_unknown:
    description:
      - Fails when any sensor that was asked cannot be read. Of a server that is off, most cannot.
    type: bool
    default: false
  live_thresholds:
    description:
      - Asks every sensor for the thresholds in force, at one more question each. Those beyond a threshold are
        asked always; of the others the thresholds in RV(sensors) are those that the sensor was delivered
        with.
    type: bool
    default: false
  cache:
    description:
      - Folder on the control node in which the list of a BMC's sensors is kept, in a file for each BMC. It
        is read anew when the BMC's firmware, or the count or the times of the last change of the list, are
        others. Check mode does without it.
    type: path
"""

EXAMPLES = r"""
- name: Gate | no server of the room is too warm or has lost a fan or a supply
  anjianyun.datacenter.bmc_sensor:
    targets: "{{ bmcs }}"
    types: [Temperature, Fan, Power Supply]
    limits:
      - sensor: Inlet Temp
        max: 30
    fail_at: critical
    cache: /var/cache/anjianyun/sensors
  delegate_to: localhost
"""

RETURN = r"""
verdict:
  description:
    - The worst verdict that is known. C(unknown) when there is none, or when the rest is C(ok) and a sensor
      in O(limits) cannot be read, or a name in O(names) or O(limits) meets no sensor.
  returned: success, and when a sensor fails it
  type: str
sensors:
  description:
    - Each with C(name), C(type), C(reading), C(unit), C(states), C(verdict) (C(ok), C(warning), C(critical),
      C(failed) or C(unknown)), C(thresholds), C(thresholds_from) (C(sensor) when they are in force,
      C(record) when they are those it was delivered with), C(crossed) (the threshold that the verdict comes
      from) and C(cause) (why it is not known).
  returned: success, and when a sensor fails it
  type: list
  elements: dict
alarms:
  description:
    - Those that are not C(ok), with C(sensor), C(verdict), C(reading), C(unit), C(threshold), C(limit) and
      C(states).
  returned: success, and when a sensor fails it
  type: list
  elements: dict
unknown:
  description: Names of those that cannot be read.
  returned: success, and when a sensor fails it
  type: list
  elements: str
unmatched:
  description: Names in O(names) and O(limits) that meet no sensor.
  returned: success, and when a sensor fails it
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.anjianyun.datacenter.plugins.module_utils.adapter import fail_from_error, requires
from ansible_collections.anjianyun.datacenter.plugins.module_utils.bmc.calls import call, facts
from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError


def main() -> None:
    module = AnsibleModule(argument_spec=facts.SENSOR.spec(), supports_check_mode=True)
    try:
        requires(call.LIBRARY)
        result = call.run(facts.SENSOR, module.params, check=module.check_mode)
    except DatacenterError as error:
        fail_from_error(module, error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
