"""Where webhooks may lead, as the settings say: ``registry["webhooks.guard"]``."""

from pyramid.settings import asbool

from courseplatform.api import AddressGuard, Configurator, ip_networks

LOOPBACK = ip_networks("127.0.0.0/8 ::1/128")


def ports(text: str) -> frozenset[int]:
    """Ports such as ``443 8443``; an empty set for ``any``. Raises: ValueError."""
    if text.strip() == "any":
        return frozenset()
    found = frozenset(int(part) for part in text.replace(",", " ").split())
    if not found or not all(0 < port < 2**16 for port in found):
        raise ValueError
    return found


def includeme(config: Configurator) -> None:
    config.add_setting("webhooks.allow_http", asbool, default=False, embedded=True)
    config.add_setting("webhooks.allowed_ports", ports, default=frozenset({443}), embedded=frozenset())
    config.add_setting("webhooks.allowed_private_networks", ip_networks, default=(), embedded=LOOPBACK)

    def make() -> None:
        settings = config.registry.settings
        config.registry["webhooks.guard"] = AddressGuard(
            networks=settings["webhooks.allowed_private_networks"],
            ports=settings["webhooks.allowed_ports"] or None,
            allow_http=settings["webhooks.allow_http"],
        )

    config.action("webhooks guard", make)
