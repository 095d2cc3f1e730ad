"""Whether an address that a stranger names is one of the public internet, so that a server may ask it on their behalf.

Covers names and numbers that lead to this machine, its networks, cloud metadata services or nowhere, in every spelling,
and IPv4 wrapped in IPv6. Cannot know that hosts with public addresses stand in the same building: a network whose
inside is reached by public addresses keeps outsiders away with its own firewall.
"""

import itertools
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import psutil

Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # the only part of IPv6 that hosts of the internet have addresses in
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address
_REFUSED: tuple[IPv4Network | IPv6Network, ...] = (  # what `is_global` of some Python versions lets pass
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv4Network("168.63.129.16/32"),  # Azure's own, seen from inside a virtual machine
    IPv6Network("2001::/23"),  # Teredo and other tunnels
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


def is_public(address: Address) -> bool:
    """True for the address of a host of the internet: not this machine's, not a private or local network's, not one
    that is reserved or means many."""
    if isinstance(address, IPv6Address):
        if (wrapped := _wrapped(address)) is not None:
            return is_public(wrapped)
        if address not in _GLOBAL_UNICAST:
            return False
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_unspecified)
        and not any(address in network for network in _REFUSED)
    )


def is_own(address: Address) -> bool:
    """True for an address of this machine, public ones among them: from here, no firewall stands before it."""
    own = (found.address.partition("%")[0] for found in itertools.chain(*psutil.net_if_addrs().values()))
    return str(address) in own


def is_host(host: str) -> bool:
    """True for what may be looked up: an address as it is usually written, or a name that can be no number in disguise
    (2130706433, 0x7f.1 and 127.1 are 127.0.0.1 to most systems) and is not this machine's.

    Args:
        host: In ASCII and small letters, an IPv6 address without its brackets.
    """
    try:
        address = ip_address(host)
    except ValueError:
        name = host.removesuffix(".")
        is_name = len(name) <= 253 and _NAME.fullmatch(name) is not None and _ENDS_IN_NUMBER.fullmatch(name) is None
        return is_name and name.rpartition(".")[2] != "localhost"
    return not isinstance(address, IPv6Address) or address.scope_id is None


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end at."""
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
