"""Which addresses are of this machine."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback address or `localhost`. No name is looked up."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
