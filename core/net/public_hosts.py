"""Hosts that a server may ask for a stranger: those of the public internet, by the addresses that their names lead to.

Covers names and numbers, however they are spelled, that lead to this machine, its networks, cloud metadata services or
nowhere, and IPv4 wrapped in IPv6. Cannot know that a host with a public address stands in the same building: such a
network keeps outsiders away with its own firewall.
"""

import itertools
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import psutil

from core.errors import DownloadError, InputError

Address = IPv4Address | IPv6Address

PORTS = frozenset({80, 443, 8000, 8080, 8443})
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # the only part of IPv6 that hosts of the internet have addresses in
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address
_REFUSED: tuple[IPv4Network | IPv6Network, ...] = (  # what `is_global` of some Python versions lets pass
    *map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")),  # 6to4's relays; Azure's own
    *map(IPv6Network, ("2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20")),  # tunnels to IPv4; examples
)


def is_public(address: Address) -> bool:
    """True for one host of the internet: not this machine's, not a private network's, not reserved, not multicast."""
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED:
            return is_public(IPv4Address(address.packed[-4:]))
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not (address.is_multicast or any(address in network for network in _REFUSED))


def is_own(address: Address) -> bool:
    """True for an address of this machine, public ones among them: from here, no firewall stands before it."""
    return str(address) in (a.address.partition("%")[0] for a in itertools.chain(*psutil.net_if_addrs().values()))


def look_up(host: str, port: int) -> Sequence[str]:
    """The numeric addresses of a host; `DownloadError` where there is none."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that is too long
        raise DownloadError(f"There is no host called {host}", fix="Check the address") from error


def public_addresses(host: str, port: int) -> Sequence[str]:
    """As `look_up`, but `InputError` for what a stranger must not ask. One bad address condemns the others: who
    controls the name chose them all."""
    if port not in PORTS:
        raise InputError(f"The address leads to port {port}", f"none, or one of {', '.join(map(str, sorted(PORTS)))}")
    addresses = look_up(host, port)
    if not addresses or not all(is_public(one) and not is_own(one) for one in map(ip_address, addresses)):
        raise InputError(f"{host!r} leads to this machine, to a network that is not public, or to no host")
    return addresses
