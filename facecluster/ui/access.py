"""Who may see the app: which names it answers to, which pages may ask it, and whether other machines reach it.

Any web page can let its own name lead to 127.0.0.1 (DNS rebinding). The browser then takes the app for a part of that
page and gives it every face. Only the name in the Host header tells such a request from a visitor's, so the app answers
to names that a stranger cannot have: those of this machine, and those that were configured. An address in digits needs
no name server and cannot be led elsewhere; where other machines reach the app, visitors may type any that leads here.
"""

from __future__ import annotations

import html
import ipaddress
import os
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import streamlit as st

from facecluster.errors import AccessError
from facecluster.ui.markup import escape

ENVIRONMENT_VARIABLE = "FACECLUSTER_ALLOWED_HOSTS"
# Streamlit's own list, which holds for its WebSocket alone.
_STREAMLIT_OPTION = "server.allowedHosts"

_HOST_HEADER = re.compile(r"(\[[^\[\]\s]+\]|[^\[\]\s:/?#@]+)(:\d*)?")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass(frozen=True)
class Access:
    """What the app answers to besides the names of this machine itself.

    `names` are in lower case and without a port; `*.example.com` stands for every name below example.com.
    `any_address` says that an IP address is enough. `origins` are other sites whose pages may ask, as `https://name`.
    """

    names: frozenset[str] = frozenset()
    any_address: bool = False
    origins: frozenset[str] = frozenset()

    def refusal(self, hosts: Sequence[str], origins: Sequence[str]) -> str | None:
        """One sentence that says why a request with these Host and Origin headers gets no answer; None when it does."""
        host = hosts[0] if len(hosts) == 1 else ""
        name = _name(host)
        if not self._answers_to(name):
            return (
                f"This app does not answer to the name {_shown(name or host)}: open it as localhost, or start it "
                f"with that name in {ENVIRONMENT_VARIABLE} if it is yours."
            )
        for origin in origins:
            if origin not in self.origins and origin.lower().partition("://")[2] != host.lower():
                return (
                    f"This app answers its own pages only, and {_shown(origin)} is another site: start it with that "
                    "site in server.corsAllowedOrigins if it is yours."
                )
        return None

    def _answers_to(self, name: str) -> bool:
        if _is_this_machine(name) or (self.any_address and _address(name)):
            return True
        return any(name == known or (known.startswith("*.") and name.endswith(known[1:])) for known in self.names)


def access() -> Access:
    """What Streamlit's options and the environment say. Raises AccessError for a list that holds no host name."""
    names = set(_listed(ENVIRONMENT_VARIABLE, os.environ.get(ENVIRONMENT_VARIABLE, "").split(",")))
    names.update(_listed(_STREAMLIT_OPTION, st.get_option(_STREAMLIT_OPTION)))
    for option in ("server.address", "browser.serverAddress"):
        # Streamlit allows a path behind the second.
        names.add(_plain((st.get_option(option) or "").split("/")[0]))
    origins = frozenset(origin.strip() for origin in st.get_option("server.corsAllowedOrigins"))
    return Access(frozenset(names - {""}), reached_by_others(), origins)


def reached_by_others() -> bool:
    """Whether the address that the server listens on can be reached from other machines; none means every address."""
    return _is_reached_by_others(_plain(st.get_option("server.address") or ""))


def warning() -> str:
    """What everybody should know when `reached_by_others()`."""
    return (
        "Anyone who can reach this machine on the network may see all faces, and add and delete photos. "
        "To end this, start it with --server.address localhost."
    )


def refuse_foreign_names() -> None:
    """Stops a page run that was asked for under a foreign name.

    The server refuses such requests before there is a page run (see `facecluster.ui.server`): this is for the day that
    `app.py` is run by something that does not use that server. Tests in process send no header at all.
    """
    headers = st.context.headers
    hosts = headers.get_all("Host")
    refusal = access().refusal(hosts, headers.get_all("Origin")) if hosts else None
    if refusal:
        st.error(escape(refusal), icon=":material/block:")
        st.stop()


def warn_visitors() -> None:
    """One line on the page where `reached_by_others()`."""
    if reached_by_others():
        st.warning(f":small[{warning()}]", icon=":material/public:")


@lru_cache(maxsize=8)
def _is_reached_by_others(name: str) -> bool:
    if _is_this_machine(name):
        return False
    if not name or _address(name):
        return True
    try:
        return not all(_is_this_machine(str(found[4][0])) for found in socket.getaddrinfo(name, None))
    except OSError:
        return True


def _is_this_machine(name: str) -> bool:
    address = _address(name)
    return address.is_loopback if address else name == "localhost" or name.endswith(".localhost")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _name(host: str) -> str:
    """The name in a Host header, without the port; empty when that is none."""
    found = _HOST_HEADER.fullmatch(host)
    return _plain(found[1]) if found else ""


def _plain(name: str) -> str:
    return name.strip().lower().strip("[]").rstrip(".")


def _listed(setting: str, entries: Sequence[str]) -> Iterator[str]:
    for entry in filter(None, map(str.strip, entries)):
        name = _plain(entry)
        star = "*." if name.startswith("*.") else ""
        try:
            # A browser sends a name with other letters in this form.
            encoded = name if _address(name) else name.removeprefix("*.").encode("idna").decode()
        except UnicodeError:
            encoded = ""
        if not (_address(encoded) or _NAME.fullmatch(encoded)):
            raise AccessError(
                f"{setting} holds {entry!r}, which is no host name: write names without http:// and without a port, "
                "such as photos.example.com, separated by commas."
            )
        yield star + encoded


def _shown(header: str) -> str:
    """`header` in quotes, short, and harmless wherever it is shown."""
    return html.escape(ascii(header[:100]), quote=False)
