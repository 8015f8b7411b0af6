# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``ipmi_sim`` lacks of a BMC, as a plug-in in C, compiled on the twin's host.

``ipmi_sim`` (OpenIPMI 2.0.33) refuses *set power restore policy*, always reports
``always-off``, forgets the flags that go with a boot device (persistent, UEFI), and does not
tell whether the locator is lit, nor any version of the server's firmware. The plug-in answers
these commands itself and keeps what was set in small text files in the BMC's directory, where
the twin reads them:

``restore_policy``  ``always-on``, ``always-off`` or ``previous``
``boot_flags``      the five bytes of boot option parameter 5 in hexadecimal, absent when unset
``identify``        seconds that the locator is lit from the file's time on, and 1 for 'until told otherwise'
``bios``            the version of the server's firmware (system info parameter 1); refused when absent

It also answers DCMI's *get power reading* with what the file ``watts`` says; a BMC without
that file does not know the command.

It also keeps sockets from being inherited by the machines that the BMC boots, and sets
the clock of the event log (which otherwise counts from the host's start).

The source is text in a module, not a ``.c`` file: a module's zipped payload carries
Python only, so a file beside it would be missing on the host that runs the twin.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from pathlib import Path

from ansible_collections.anjianyun.datacenter.plugins.module_utils.errors import DatacenterError
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.bmc_plugin_accounts import ACCOUNTS
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.bmc_plugin_alerts import ALERTS
from ansible_collections.anjianyun.datacenter.plugins.module_utils.twin.bmc_plugin_parts import PARTS

#: A stop for a compiler that hangs; it takes well under a second.
COMPILE_TIMEOUT_S = 60

# Commands and bytes: IPMI 2.0 rev 1.1, sections 22.14b, 28.2, 28.5, 28.8, 28.12, 28.13, 31.11;
# DCMI 1.5, 6.6.1.
_BEFORE = r"""
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <OpenIPMI/lanserv.h>
#include <OpenIPMI/mcserv.h>

#define NETFN_CHASSIS 0x00
#define NETFN_APP 0x06
#define GET_SYSTEM_INFO 0x59
#define SYSTEM_FIRMWARE 1
#define INFO_BLOCK 16
#define CHASSIS_STATUS 0x01
#define CHASSIS_IDENTIFY 0x04
#define SET_RESTORE_POLICY 0x06
#define SET_BOOT_OPTIONS 0x08
#define GET_BOOT_OPTIONS 0x09
#define STORAGE_SET_SEL_TIME 0x49
#define IDENTIFY_DEFAULT_S 15
#define IDENTIFY_SUPPORTED 0x40
#define BOOT_FLAGS 5
#define BOOT_FLAGS_LENGTH 5
#define DCMI_GROUP 0xdc
#define DCMI_GET_POWER_READING 0x02
#define CC_OK 0x00
#define CC_UNKNOWN_COMMAND 0xc1
#define CC_BAD_LENGTH 0xc7
#define CC_BAD_FIELD 0xcc
#define CC_UNSPECIFIED 0xff
#define CC_PARAMETER_UNSUPPORTED 0x80

/* ipmi_sim's own tables of handlers, which it exports. */
extern cmd_handler_f chassis_netfn_handlers[256];
extern cmd_handler_f storage_netfn_handlers[256];

static const char *const policies[] = { "always-off", "previous", "always-on" };
static char directory[PATH_MAX];
static sys_data_t *self;
static cmd_handler_f own_chassis_status;

static int read_word(const char *name, char *word, size_t size)
{
    char path[PATH_MAX + 32];
    FILE *file;
    int ok;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "re");
    if (!file)
        return 0;
    ok = fgets(word, size, file) != NULL;
    fclose(file);
    if (ok)
        word[strcspn(word, "\r\n")] = 0;
    return ok;
}

/* Written beside and renamed: a reader never sees half a word. */
static int write_word(const char *name, const char *word)
{
    char path[PATH_MAX + 32], fresh[PATH_MAX + 40];
    FILE *file;
    int failed;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    file = fopen(fresh, "we");
    if (!file)
        return errno;
    failed = fprintf(file, "%s\n", word) < 0;
    failed |= fclose(file) != 0;
    if (failed || rename(fresh, path) != 0)
        return errno ? errno : EIO;
    return 0;
}

/* With the faults 'ignore' and 'lie' the BMC says yes and does nothing. */
static int pretends(void)
{
    char fault[64];

    return read_word("fault", fault, sizeof(fault))
        && (!strcmp(fault, "ignore") || !strncmp(fault, "lie:", 4));
}

static void answer(unsigned char *rdata, unsigned int *length, unsigned char code)
{
    rdata[0] = code;
    *length = 1;
}

static int policy_in_force(void)
{
    char word[32];
    unsigned int i;

    if (read_word("restore_policy", word, sizeof(word)))
        for (i = 0; i < 3; i++)
            if (!strcmp(word, policies[i]))
                return i;
    return 3; /* unknown */
}

/* 0 off, 1 for a time, 2 until told otherwise: as in chassis status. */
static int identify_state(void)
{
    char path[PATH_MAX + 32], word[32];
    unsigned int seconds, forced;
    struct timespec now;
    struct stat file;
    double passed_s;

    snprintf(path, sizeof(path), "%s/identify", directory);
    if (stat(path, &file) || !read_word("identify", word, sizeof(word))
        || sscanf(word, "%u %u", &seconds, &forced) != 2)
        return 0;
    if (forced)
        return 2;
    clock_gettime(CLOCK_REALTIME, &now);
    passed_s = now.tv_sec - file.st_mtim.tv_sec + (now.tv_nsec - file.st_mtim.tv_nsec) / 1e9;
    return passed_s < seconds;
}

static void chassis_identify(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                             unsigned int *length, void *cb_data)
{
    unsigned int seconds = msg->len > 0 ? msg->data[0] : IDENTIFY_DEFAULT_S;
    char word[32];

    snprintf(word, sizeof(word), "%u %u", seconds, msg->len > 1 ? msg->data[1] & 1 : 0);
    if (!pretends() && write_word("identify", word)) {
        answer(rdata, length, CC_UNSPECIFIED);
        return;
    }
    answer(rdata, length, CC_OK);
}

static void chassis_status(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                           unsigned int *length, void *cb_data)
{
    own_chassis_status(mc, msg, rdata, length, cb_data);
    if (*length >= 4 && rdata[0] == CC_OK) {
        rdata[1] |= policy_in_force() << 5;
        rdata[3] |= IDENTIFY_SUPPORTED | identify_state() << 4;
    }
}

static void set_restore_policy(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                               unsigned int *length, void *cb_data)
{
    unsigned int policy;

    if (msg->len < 1) {
        answer(rdata, length, CC_BAD_LENGTH);
        return;
    }
    policy = msg->data[0] & 7;
    if (policy > 3) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    /* 3 only asks which policies are supported. */
    if (policy < 3 && !pretends() && write_word("restore_policy", policies[policy])) {
        answer(rdata, length, CC_UNSPECIFIED);
        return;
    }
    rdata[0] = CC_OK;
    rdata[1] = 7;
    *length = 2;
}

static void set_boot_options(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                             unsigned int *length, void *cb_data)
{
    char hex[2 * BOOT_FLAGS_LENGTH + 1];
    unsigned int i;

    if (msg->len < 1) {
        answer(rdata, length, CC_BAD_LENGTH);
        return;
    }
    switch (msg->data[0] & 0x7f) {
    case 0: /* set in progress */
    case 3: /* when to clear the flags */
    case 4: /* acknowledgements */
        break;
    case BOOT_FLAGS:
        if (msg->len < 1 + BOOT_FLAGS_LENGTH) {
            answer(rdata, length, CC_BAD_LENGTH);
            return;
        }
        for (i = 0; i < BOOT_FLAGS_LENGTH; i++)
            snprintf(hex + 2 * i, 3, "%02x", msg->data[1 + i]);
        if (!pretends() && write_word("boot_flags", hex)) {
            answer(rdata, length, CC_UNSPECIFIED);
            return;
        }
        break;
    default:
        answer(rdata, length, CC_PARAMETER_UNSUPPORTED);
        return;
    }
    answer(rdata, length, CC_OK);
}

static void get_boot_options(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                             unsigned int *length, void *cb_data)
{
    char hex[2 * BOOT_FLAGS_LENGTH + 4];
    unsigned int i, byte, size;

    if (msg->len < 3) {
        answer(rdata, length, CC_BAD_LENGTH);
        return;
    }
    switch (msg->data[0] & 0x7f) {
    case 0:
    case 3:
        size = 1;
        break;
    case 4:
        size = 2;
        break;
    case BOOT_FLAGS:
        size = BOOT_FLAGS_LENGTH;
        break;
    default:
        answer(rdata, length, CC_PARAMETER_UNSUPPORTED);
        return;
    }
    rdata[0] = CC_OK;
    rdata[1] = 1; /* parameter version */
    rdata[2] = msg->data[0] & 0x7f;
    memset(rdata + 3, 0, size);
    *length = 3 + size;
    if (size == BOOT_FLAGS_LENGTH && read_word("boot_flags", hex, sizeof(hex))
        && strlen(hex) == 2 * BOOT_FLAGS_LENGTH)
        for (i = 0; i < BOOT_FLAGS_LENGTH; i++) {
            if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
                byte = 0;
            rdata[3 + i] = byte;
        }
}

/* What the server draws: DCMI 1.5, section 6.6.1. */
static void dcmi(lmc_data_t *mc, msg_t *msg, unsigned char *rdata, unsigned int *length,
                 void *cb_data)
{
    char word[32];
    unsigned int i, watts;

    if (msg->cmd != DCMI_GET_POWER_READING || !read_word("watts", word, sizeof(word))
        || sscanf(word, "%u", &watts) != 1) {
        answer(rdata, length, CC_UNKNOWN_COMMAND);
        return;
    }
    memset(rdata, 0, 19);
    rdata[0] = CC_OK;
    rdata[1] = DCMI_GROUP;
    for (i = 0; i < 4; i++) { /* now, least, most, average */
        rdata[2 + 2 * i] = watts;
        rdata[3 + 2 * i] = watts >> 8;
    }
    rdata[14] = 0xe8; /* over 1000 ms */
    rdata[15] = 0x03;
    rdata[18] = 0x40; /* it measures */
    *length = 19;
}

/* A text in blocks of 16 bytes; the first begins with encoding (0: ASCII) and length. */
static void get_system_info(lmc_data_t *mc, msg_t *msg, unsigned char *rdata,
                            unsigned int *length, void *cb_data)
{
    char text[64];
    unsigned char whole[2 + sizeof(text) + INFO_BLOCK];
    unsigned int at;

    if (msg->len < 4) {
        answer(rdata, length, CC_BAD_LENGTH);
        return;
    }
    if (msg->data[1] != SYSTEM_FIRMWARE || !read_word("bios", text, sizeof(text))) {
        answer(rdata, length, CC_PARAMETER_UNSUPPORTED);
        return;
    }
    memset(whole, 0, sizeof(whole));
    whole[1] = strlen(text);
    memcpy(whole + 2, text, strlen(text));
    at = msg->data[2] * INFO_BLOCK;
    if (at >= 2 + strlen(text)) {
        answer(rdata, length, CC_BAD_FIELD);
        return;
    }
    rdata[0] = CC_OK;
    rdata[1] = 0x11; /* parameter version */
    rdata[2] = msg->data[2];
    memcpy(rdata + 3, whole + at, INFO_BLOCK);
    *length = 3 + INFO_BLOCK;
}

"""

_AFTER = r"""
static void set_event_clock(lmc_data_t *mc)
{
    unsigned char now[4], rdata[16];
    unsigned int length = 0;
    struct timeval time;
    msg_t msg;

    if (!storage_netfn_handlers[STORAGE_SET_SEL_TIME])
        return;
    gettimeofday(&time, NULL);
    now[0] = time.tv_sec;
    now[1] = time.tv_sec >> 8;
    now[2] = time.tv_sec >> 16;
    now[3] = time.tv_sec >> 24;
    memset(&msg, 0, sizeof(msg));
    msg.data = now;
    msg.len = sizeof(now);
    storage_netfn_handlers[STORAGE_SET_SEL_TIME](mc, &msg, rdata, &length, NULL);
}

/* The machine that is booted must not hold the BMC's port after the BMC's end. */
static void keep_sockets_at_home(void)
{
    DIR *fds = opendir("/proc/self/fd");
    struct dirent *entry;

    if (!fds)
        return;
    while ((entry = readdir(fds)))
        if (atoi(entry->d_name) > 2)
            fcntl(atoi(entry->d_name), F_SETFD, FD_CLOEXEC);
    closedir(fds);
}

int ipmi_sim_module_print_version(sys_data_t *sys, char *options)
{
    return 0;
}

int ipmi_sim_module_init(sys_data_t *sys, const char *options)
{
    if (!options || strlen(options) >= sizeof(directory))
        return EINVAL;
    strcpy(directory, options);
    self = sys;
    own_chassis_status = chassis_netfn_handlers[CHASSIS_STATUS];
    return own_chassis_status && find_account_handlers() && find_alert_handlers()
        && find_part_handlers() ? 0 : ENOSYS;
}

int ipmi_sim_module_post_init(sys_data_t *sys)
{
    ipmi_emu_register_cmd_handler(NETFN_CHASSIS, CHASSIS_STATUS, chassis_status, NULL);
    ipmi_emu_register_cmd_handler(NETFN_CHASSIS, CHASSIS_IDENTIFY, chassis_identify, NULL);
    ipmi_emu_register_cmd_handler(NETFN_CHASSIS, SET_RESTORE_POLICY, set_restore_policy, NULL);
    ipmi_emu_register_cmd_handler(NETFN_CHASSIS, SET_BOOT_OPTIONS, set_boot_options, NULL);
    ipmi_emu_register_cmd_handler(NETFN_CHASSIS, GET_BOOT_OPTIONS, get_boot_options, NULL);
    ipmi_emu_register_cmd_handler(NETFN_APP, GET_SYSTEM_INFO, get_system_info, NULL);
    register_account_handlers();
    register_alert_handlers();
    register_part_handlers();
    ipmi_emu_register_group_extension_handler(DCMI_GROUP, dcmi, NULL);
    if (sys->bmc_ipmb && sys->ipmb_addrs[sys->bmc_ipmb])
        set_event_clock(sys->ipmb_addrs[sys->bmc_ipmb]);
    keep_sockets_at_home();
    return 0;
}
"""

SOURCE = _BEFORE + ACCOUNTS + ALERTS + PARTS + _AFTER


def ensure_plugin(cache_dir: Path) -> Path:
    """Compile the plug-in unless this very source already is, and return its path.

    :param cache_dir: a directory of the host, made when it is missing; nothing in it is
        ever rewritten, so concurrent callers do not disturb each other.
    :raises DatacenterError: when the compiler or OpenIPMI's headers are missing.
    """
    digest = hashlib.sha256(SOURCE.encode()).hexdigest()[:16]
    target = cache_dir / f"ipmi-sim-{digest}.so"
    if target.exists():
        return target
    cache_dir.mkdir(parents=True, exist_ok=True)
    # BMCs are prepared by several threads at once.
    fresh = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}")
    command = ["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-x", "c", "-", "-o", str(fresh)]
    try:
        done = subprocess.run(
            command, input=SOURCE, text=True, capture_output=True, timeout=COMPILE_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_compile(cache_dir, str(error)) from error
    if done.returncode != 0:
        fresh.unlink(missing_ok=True)
        raise _cannot_compile(cache_dir, done.stderr.strip()[:400])
    fresh.rename(target)
    return target


def _cannot_compile(cache_dir: Path, cause: str) -> DatacenterError:
    return DatacenterError(
        "the plug-in for ipmi_sim cannot be compiled",
        device=str(cache_dir),
        cause=cause,
        next_step="install gcc, libc6-dev, libopenipmi-dev and openipmi (Debian's names)",
    )
