"""Network addresses of clients."""

from ipaddress import IPv6Address, ip_address, ip_network


def network_of(address: str) -> str:
    """Return the part of an address that a client cannot choose: an IPv4 address, or the /64 network of an IPv6 address
    (RFC 4291, 2.5.1). A text that is no address is returned as it is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return str(found)
