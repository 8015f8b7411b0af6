# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as a real BMC keeps them: the part of the plug-in for ``ipmi_sim`` that is about them.

Of a password's 20 bytes ``ipmi_sim`` (OpenIPMI 2.0.33) keeps 16; it takes any for the right one when it is
told to test one, does not tell whether an account is enabled, has no answer for the name of the anonymous
one, has 63 places where vendors have 16, and writes to its disk a moment later only.
"""

from __future__ import annotations

# Commands and bytes: IPMI 2.0 rev 1.1, sections 22.26 to 22.30.
ACCOUNTS = r"""
#define NETFN_APP 0x06
#define SET_USER_ACCESS 0x43
#define GET_USER_ACCESS 0x44
#define SET_USER_NAME 0x45
#define GET_USER_NAME 0x46
#define SET_USER_PASSWORD 0x47
#define USERS 16
#define USER_ENABLED 0x40
#define USER_DISABLED 0x80
#define PASSWORD_SET 2
#define PASSWORD_TEST 3
#define PASSWORD_SHORT 16
#define PASSWORD_LONG 20
#define CC_TEST_FAILED 0x80
#define CC_TEST_WRONG_SIZE 0x81

extern cmd_handler_f app_netfn_handlers[256];
static cmd_handler_f own_user_access, own_set_user_access, own_set_user_name, own_set_user_password;

static int fault_is(const char *name)
{
    char fault[64];

    return read_word("fault", fault, sizeof(fault)) && !strcmp(fault, name);
}

static user_t *user_of(lmc_data_t *mc, msg_t *msg, unsigned int at)
{
    unsigned int number = msg->len > at ? msg->data[at] & 0x3f : 0;

    return number >= 1 && number <= USERS ? &self->mc_get_users(mc)[number] : NULL;
}

/* A real BMC has it on its flash before it answers. */
static void keep_users(unsigned char *rdata)
{
    if (rdata[0] == CC_OK)
        write_persist_users(self);
}

static void get_user_access(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                            unsigned int *length, void *cb_data)
{
    user_t *user = user_of(mc, msg, 1);

    if (!user) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    own_user_access(mc, msg, rdata, length, cb_data);
    if (*length >= 5 && rdata[0] == CC_OK) {
        rdata[1] = USERS;
        rdata[2] = (rdata[2] & 0x3f) | (user->valid ? USER_ENABLED : USER_DISABLED);
    }
}

static void set_user_access(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                            unsigned int *length, void *cb_data)
{
    if (!user_of(mc, msg, 1)) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    if (pretends()) {
        answer(rdata, length, CC_OK);
        return;
    }
    own_set_user_access(mc, msg, rdata, length, cb_data);
    keep_users(rdata);
}

static void get_user_name(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                          unsigned int *length, void *cb_data)
{
    user_t *user = user_of(mc, msg, 0);

    if (!user) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    rdata[0] = CC_OK;
    memcpy(rdata + 1, user->username, sizeof(user->username));
    *length = 1 + sizeof(user->username);
}

static void set_user_name(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                          unsigned int *length, void *cb_data)
{
    if (!user_of(mc, msg, 0)) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    own_set_user_name(mc, msg, rdata, length, cb_data);
    keep_users(rdata);
}

static void test_password(user_t *user, msg_t *msg, unsigned int size, unsigned char *rdata,
                          unsigned int *length)
{
    unsigned char given[PASSWORD_LONG] = { 0 };

    memcpy(given, msg->data + 2, size);
    if (!memcmp(given, user->pw, PASSWORD_LONG))
        answer(rdata, length, CC_OK);
    else if (size == PASSWORD_SHORT && user->pw[PASSWORD_SHORT])
        answer(rdata, length, CC_TEST_WRONG_SIZE);
    else
        answer(rdata, length, CC_TEST_FAILED);
}

static void set_user_password(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                              unsigned int *length, void *cb_data)
{
    user_t *user = user_of(mc, msg, 0);
    unsigned int size = msg->len && msg->data[0] & 0x80 ? PASSWORD_LONG : PASSWORD_SHORT;
    unsigned int operation = msg->len > 1 ? msg->data[1] & 3 : 0;

    if (!user) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    if (operation >= PASSWORD_SET && msg->len < 2 + size) {
        answer(rdata, length, CC_BAD_LENGTH);
        return;
    }
    if (operation == PASSWORD_TEST) {
        test_password(user, msg, size, rdata, length);
        return;
    }
    if (pretends()) {
        answer(rdata, length, CC_OK);
        return;
    }
    if (operation == PASSWORD_SET && fault_is("dies:before"))
        raise(SIGKILL);
    own_set_user_password(mc, msg, rdata, length, cb_data);
    if (operation == PASSWORD_SET && rdata[0] == CC_OK) {
        memset(user->pw + PASSWORD_SHORT, 0, PASSWORD_LONG - PASSWORD_SHORT);
        if (size == PASSWORD_LONG && !fault_is("cuts"))
            memcpy(user->pw + PASSWORD_SHORT, msg->data + 2 + PASSWORD_SHORT,
                   PASSWORD_LONG - PASSWORD_SHORT);
    }
    keep_users(rdata);
    if (operation == PASSWORD_SET && fault_is("dies:after"))
        raise(SIGKILL);
}

static int find_account_handlers(void)
{
    own_user_access = app_netfn_handlers[GET_USER_ACCESS];
    own_set_user_access = app_netfn_handlers[SET_USER_ACCESS];
    own_set_user_name = app_netfn_handlers[SET_USER_NAME];
    own_set_user_password = app_netfn_handlers[SET_USER_PASSWORD];
    return own_user_access && own_set_user_access && own_set_user_name && own_set_user_password;
}

static void register_account_handlers(void)
{
    ipmi_emu_register_cmd_handler(NETFN_APP, GET_USER_ACCESS, get_user_access, NULL);
    ipmi_emu_register_cmd_handler(NETFN_APP, SET_USER_ACCESS, set_user_access, NULL);
    ipmi_emu_register_cmd_handler(NETFN_APP, GET_USER_NAME, get_user_name, NULL);
    ipmi_emu_register_cmd_handler(NETFN_APP, SET_USER_NAME, set_user_name, NULL);
    ipmi_emu_register_cmd_handler(NETFN_APP, SET_USER_PASSWORD, set_user_password, NULL);
}
"""
