# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From ids to numbers: injective, and never from a position in a list.

Everything hangs on ids that are unique and never given twice: a centre's number, a host's
number in its network, a site's GB/T 2260 code, a line's number. So adding or removing
anything renumbers nothing else, in whatever order it is done.
"""

from __future__ import annotations

import ipaddress

#: A site's second octet starts here: code 45CCDD has 10.(100+CC).DD.0/24.
SITE_OFFSET = 100
#: Carriers' loopbacks start at this third octet.
CARRIER_OFFSET = 200
#: Uplinks take the first half of the pool of /31s, by code; stated lines the second.
STATED_LINES = 16384
#: The greatest host number that any network has room for: networks are a /16 at most.
MOST_HOSTS = (1 << 16) - 2


def prefix_base(prefix: str) -> int | None:
    """The network address of a prefix as a number; None when it is no prefix."""
    try:
        return int(ipaddress.IPv4Network(prefix).network_address)
    except ValueError:
        return None


def prefix_length(prefix: str) -> int:
    """The length that a prefix states."""
    return int(prefix.rpartition("/")[2])


def site_number(code: str) -> int:
    """A site's number from its code, the region's two digits left out: 450221 -> 221.

    >>> site_number("450221")
    221
    """
    return int(code[2:])


def site_network(estate_base: int, code: str) -> int:
    """Base of a site's /24: city digits choose the second octet, county digits the third."""
    city, county = divmod(site_number(code), 100)
    return estate_base + ((SITE_OFFSET + city) << 16) + (county << 8)


def site_loopback(code: str) -> int:
    """Offset of a site router's loopback in the loopbacks' /16."""
    city, county = divmod(site_number(code), 100)
    return ((SITE_OFFSET + city) << 8) + county


def centre_loopback(centre: int, number: int) -> int:
    """Offset of a centre device's loopback: centres have the third octets 1 to 99."""
    return (centre << 8) + number


def carrier_loopback(carrier: int, number: int) -> int:
    """Offset of a carrier node's loopback: carriers have the third octets from 201."""
    return ((CARRIER_OFFSET + carrier) << 8) + number


def centre_network(estate_base: int, centre: int, network: int) -> int:
    """Base of a centre's network: second octet the centre, third the network."""
    return estate_base + (centre << 16) + (network << 8)


def uplink_index(code: str) -> int:
    """Index of a site's uplink among the /31s: 0 to 9999."""
    return site_number(code)


def line_index(number: int) -> int:
    """Index of a stated line among the /31s: 16385 to 32767."""
    return STATED_LINES + number


def number_ranges(text: str) -> list[range]:
    """The ranges of a range statement; a range written backwards is an empty one.

    >>> number_ranges("101-103,107")
    [range(101, 104), range(107, 108)]
    """
    found: list[range] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        found.append(range(int(first), int(last if dash else first) + 1))
    return found
