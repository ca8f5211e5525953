"""The address of a client, as limits count it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """However it is written. None: there is none, or a proxy has set an identifier."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def line_of(text: str) -> str:
    """The address, of IPv6 the /64 prefix: a connection, not a device, which could have as many as it likes."""
    address = parsed(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), 64), strict=False))
    return str(address or text)
