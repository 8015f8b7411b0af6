# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run sushy-tools' emulator with machines of a twin behind it (``--config FILE --fake``).

What is spoken over HTTPS is the emulator's own. Behind it is the twin's power switch, as behind ``ipmi_sim``.
Its fake driver (2.2) alone would not do: it tells ``EXTERNAL_NOTIFICATION_URL`` the same of a graceful
shutdown and of a forced one, and says 'Off' after one to eleven random seconds, whatever the machine does.
"""

from __future__ import annotations

import signal
import sys

from sushy_tools import error
from sushy_tools.emulator import main as emulator
from sushy_tools.emulator.resources.systems import fakedriver

from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin import switch
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.names import Names

#: ResetType, and how a hand uses the switch for it. The other types are refused.
_VERBS = {
    "On": ("on",),
    "ForceOn": ("on",),
    "ForceOff": ("off",),
    "GracefulShutdown": ("shutdown",),
    "ForceRestart": ("off", "on"),
}
_STATES = {"on": "On", "off": "Off"}


class Machines(fakedriver.FakeDriver):
    """Keeps what firmware keeps (boot device, mode); power is the machine's, done and asked at its switch."""

    def _switch(self, identity: str, verb: str) -> str:
        return switch.use(Names(self._config["TWIN_ID"]), self._get(identity)["name"], verb)

    def get_power_state(self, identity: str) -> str:
        return _STATES[self._switch(identity, "status")]

    def set_power_state(self, identity: str, state: str) -> None:
        if state not in _VERBS:
            raise error.NotSupportedError(f"Power state {state} is not supported")
        for verb in _VERBS[state]:
            self._switch(identity, verb)


if __name__ == "__main__":
    fakedriver.FakeDriver = Machines
    # It reaps every child in a signal handler, and the exit code of a switch would be lost to it.
    emulator.cleanup_zombies = signal.SIG_DFL
    sys.exit(emulator.main())
