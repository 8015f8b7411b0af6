# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts that are not there: the part of the plug-in for ``ipmi_sim`` that is about them.

``ipmi_sim`` (OpenIPMI 2.0.33) has every FRU that its configuration names, always. Here one is not present
while a file ``absent/<number>`` stands in the BMC's directory, and there again when it is gone.
"""

from __future__ import annotations

# Commands: IPMI 2.0 rev 1.1, sections 34.1 and 34.2; completion codes: table 5-2.
PARTS = r"""
#define NETFN_STORAGE 0x0a
#define GET_FRU_AREA 0x10
#define READ_FRU 0x11
#define CC_NOT_PRESENT 0xcb

static cmd_handler_f own_fru[READ_FRU + 1];

static void fru_area(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                     unsigned int *length, void *cb_data)
{
    char path[PATH_MAX + 32];

    if (msg->len) {
        snprintf(path, sizeof(path), "%s/absent/%u", directory, msg->data[0]);
        if (access(path, F_OK) == 0) {
            answer(rdata, length, CC_NOT_PRESENT);
            return;
        }
    }
    own_fru[msg->cmd](mc, msg, rdata, length, cb_data);
}

static int find_part_handlers(void)
{
    own_fru[GET_FRU_AREA] = storage_netfn_handlers[GET_FRU_AREA];
    own_fru[READ_FRU] = storage_netfn_handlers[READ_FRU];
    return own_fru[GET_FRU_AREA] && own_fru[READ_FRU];
}

static void register_part_handlers(void)
{
    ipmi_emu_register_cmd_handler(NETFN_STORAGE, GET_FRU_AREA, fru_area, NULL);
    ipmi_emu_register_cmd_handler(NETFN_STORAGE, READ_FRU, fru_area, NULL);
}
"""
