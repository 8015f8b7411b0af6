# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Destinations of alerts: the part of the plug-in for ``ipmi_sim`` that is about them.

``ipmi_sim`` (OpenIPMI 2.0.33) has a table of alert policies and no destination that one could lead to. Here
it has four (LAN parameters 17 to 19), which it knows until its end. It sends nothing there.
"""

from __future__ import annotations

# Commands and bytes: IPMI 2.0 rev 1.1, sections 23.1 and 23.2, table 23-4.
ALERTS = r"""
#define NETFN_TRANSPORT 0x0c
#define SET_LAN_PARAMETER 0x01
#define GET_LAN_PARAMETER 0x02
#define DESTINATION_COUNT 17
#define DESTINATION_TYPE 18
#define DESTINATION_ADDRESS 19
#define DESTINATIONS 4
#define TYPE_LENGTH 4
#define ADDRESS_LENGTH 13

extern cmd_handler_f transport_netfn_handlers[256];
static cmd_handler_f own_lan_parameter[GET_LAN_PARAMETER + 1];
/* Destination 0 is the volatile one; each begins with its number. */
static unsigned char alert_type[DESTINATIONS + 1][TYPE_LENGTH];
static unsigned char alert_address[DESTINATIONS + 1][ADDRESS_LENGTH];

static void lan_parameter(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                          unsigned int *length, void *cb_data)
{
    unsigned int parameter = msg->len > 2 ? msg->data[1] : 0;
    unsigned int which = msg->len > 2 ? msg->data[2] & 0x0f : 0;
    unsigned int size = parameter == DESTINATION_TYPE ? TYPE_LENGTH : ADDRESS_LENGTH;
    unsigned char *kept;

    if (parameter < DESTINATION_COUNT || parameter > DESTINATION_ADDRESS
        || (parameter == DESTINATION_COUNT && msg->cmd == SET_LAN_PARAMETER)) {
        own_lan_parameter[msg->cmd](mc, msg, rdata, length, cb_data);
        return;
    }
    rdata[0] = CC_OK;
    rdata[1] = 0x11; /* parameter version */
    rdata[2] = DESTINATIONS;
    *length = 3;
    if (parameter == DESTINATION_COUNT)
        return;
    if (which > DESTINATIONS) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    kept = parameter == DESTINATION_TYPE ? alert_type[which] : alert_address[which];
    kept[0] = which;
    if (msg->cmd == GET_LAN_PARAMETER) {
        memcpy(rdata + 2, kept, size);
        *length = 2 + size;
    } else if (msg->len < 2 + size) {
        answer(rdata, length, CC_BAD_LENGTH);
    } else {
        if (!pretends())
            memcpy(kept, msg->data + 2, size);
        answer(rdata, length, CC_OK);
    }
}

static int find_alert_handlers(void)
{
    own_lan_parameter[SET_LAN_PARAMETER] = transport_netfn_handlers[SET_LAN_PARAMETER];
    own_lan_parameter[GET_LAN_PARAMETER] = transport_netfn_handlers[GET_LAN_PARAMETER];
    return own_lan_parameter[SET_LAN_PARAMETER] && own_lan_parameter[GET_LAN_PARAMETER];
}

static void register_alert_handlers(void)
{
    ipmi_emu_register_cmd_handler(NETFN_TRANSPORT, SET_LAN_PARAMETER, lan_parameter, NULL);
    ipmi_emu_register_cmd_handler(NETFN_TRANSPORT, GET_LAN_PARAMETER, lan_parameter, NULL);
}
"""
