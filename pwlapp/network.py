"""The URLs at which other devices reach this machine."""

from __future__ import annotations

import ipaddress
import socket

import psutil


def urls(port: int) -> dict[str, str]:
    """A URL of a server on this machine for each network interface that is up.

    Loopback and link-local addresses are left out, since other devices cannot use them. IPv4 is
    preferred, since its addresses are easier to type.

    Returns
    -------
    dict of str to str
        URLs by the name of the interface, such as ``"wlan0"``.
    """
    is_up = {name: each.isup for name, each in psutil.net_if_stats().items()}
    found = {}
    for name, entries in psutil.net_if_addrs().items():
        hosts = [
            ipaddress.ip_address(entry.address.partition("%")[0])
            for entry in entries
            if entry.family in (socket.AF_INET, socket.AF_INET6)
        ]
        usable = [host for host in hosts if not (host.is_loopback or host.is_link_local)]
        if usable and is_up.get(name):
            found[name] = url(str(min(usable, key=lambda each: each.version)), port)
    return found


def url(host: str, port: int) -> str:
    """The URL of a server at an IPv4 or IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
