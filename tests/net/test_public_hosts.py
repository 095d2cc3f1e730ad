"""Which hosts a server may ask for a stranger: every spelling of an inner address is refused."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.net.public_hosts import is_own, is_public

INNER = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1", "168.63.129.16"),
    *("::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1", "2001:db8::1"),
    *("2001::1", "2001:10::1", "3fff::1", "5f00::1", "64:ff9b:1::a00:1", "4000::1"),
]
OUTER = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::200e"]


@pytest.mark.parametrize("text", INNER)
def test_an_inner_address_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OUTER)
def test_a_host_of_the_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_every_address_of_this_machine_is_its_own() -> None:
    interfaces = [address for addresses in psutil.net_if_addrs().values() for address in addresses]
    internet = (socket.AF_INET, socket.AF_INET6)
    numeric = [address.address.partition("%")[0] for address in interfaces if address.family in internet]
    assert "127.0.0.1" in numeric
    assert all(is_own(ip_address(text)) for text in numeric)
    assert not is_own(ip_address("8.8.8.8"))


def wrapped(inner: IPv4Address) -> list[IPv6Address]:
    number = int(inner)
    return [
        IPv6Address((0xFFFF << 32) | number),  # IPv4-mapped
        IPv6Address((0x64FF9B << 96) | number),  # NAT64
        IPv6Address((0x2002 << 112) | (number << 80) | 1),  # 6to4
        IPv6Address(number),  # IPv4-compatible
    ]


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_in_ipv6_never_makes_it_public(inner: IPv4Address) -> None:
    for outer in wrapped(inner):
        assert is_public(inner) or not is_public(outer), outer


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_private_addresses_are_never_public(inner: IPv4Address) -> None:
    assert not is_public(inner)
    assert not any(is_public(outer) for outer in wrapped(inner))
