"""Which names the app answers to, and what a page run does where a foreign one gets that far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit import config
from streamlit.runtime.context import ContextProxy, StreamlitHeaders
from streamlit.testing.v1 import AppTest

from facecluster.errors import AccessError
from facecluster.ui.access import Access, access, reached_by_others
from tests.apps import APP, open_app, tiles

THIS_MACHINE = [
    "localhost",
    "localhost:8501",
    "LocalHost:8501",
    "localhost.",
    "faces.localhost:8501",
    "127.0.0.1",
    "127.45.6.7:8501",
    "[::1]:8501",
    "[::ffff:127.0.0.1]:8501",
]
OTHER_ADDRESSES = ["192.168.1.5:8501", "8.8.8.8", "0.0.0.0:8501", "[fe80::1]:8501", "[2001:db8::5]"]
FOREIGN = [
    "",
    "evil.example",
    "evil.example:8501",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost",
    "evil.example@localhost",
    "localhost@evil.example",
    "localhost:8501/evil.example",
    "localhost, evil.example",
    "localhost:evil.example",
    "[::1",
    "::1",
    "2130706433",
    "0x7f.1",
]

SetOption = Callable[[str, object], None]


@pytest.fixture
def set_option(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetOption]:
    """Sets one of Streamlit's options until the test ends."""
    monkeypatch.delenv("FACECLUSTER_ALLOWED_HOSTS", raising=False)
    changed: dict[str, object] = {}

    def change(name: str, value: object) -> None:
        changed.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    change("server.address", "localhost")
    yield change
    for name, value in changed.items():
        config.set_option(name, value)


def is_answered(allowed: Access, host: str, *origins: str) -> bool:
    return allowed.refusal([host], origins) is None


@pytest.mark.parametrize("host", THIS_MACHINE)
def test_names_of_this_machine_are_answered(host: str) -> None:
    assert is_answered(Access(), host)
    assert is_answered(Access(), host, f"http://{host}")


@pytest.mark.parametrize("host", FOREIGN)
def test_foreign_names_are_refused_also_where_every_address_is_answered(host: str) -> None:
    for allowed in (Access(), Access(any_address=True)):
        assert not is_answered(allowed, host)
        assert not is_answered(allowed, host, f"http://{host}")


@pytest.mark.parametrize("host", OTHER_ADDRESSES)
def test_addresses_in_digits_are_answered_only_where_other_machines_reach_the_app(host: str) -> None:
    assert not is_answered(Access(), host)
    assert is_answered(Access(any_address=True), host)


@given(some.from_regex(r"[a-z0-9.:@/\[\]-]{0,20}", fullmatch=True), some.sampled_from(["", ":8501"]))
def test_nothing_in_front_of_a_foreign_name_lets_it_in(front: str, port: str) -> None:
    assert not is_answered(Access(any_address=True), f"{front}evil.example{port}")


def test_one_request_has_one_host() -> None:
    assert Access().refusal([], []) is not None
    assert Access().refusal(["localhost", "evil.example"], []) is not None


def test_pages_of_other_sites_are_refused_even_with_a_good_name() -> None:
    for origin in ("http://evil.example", "null", "", "http://localhost:3000", "http://localhost", "localhost:8501"):
        refusal = Access().refusal(["localhost:8501"], [origin])
        assert refusal is not None
        assert "server.corsAllowedOrigins" in refusal
    assert is_answered(Access(), "localhost:8501", "https://localhost:8501")
    assert is_answered(Access(origins=frozenset({"https://trusted.example"})), "localhost", "https://trusted.example")


def test_a_refusal_names_the_host_and_the_setting_and_carries_no_markup() -> None:
    refusal = Access().refusal(["evil.example:8501"], [])
    assert refusal is not None
    assert "'evil.example'" in refusal
    assert "FACECLUSTER_ALLOWED_HOSTS" in refusal
    hostile = Access().refusal(["<script>alert(1)</script>\n\x1b[2J" + "x" * 1000], [])
    assert hostile is not None
    assert "&lt;script&gt;" in hostile
    assert not {"<", ">", "\n", "\x1b"} & set(hostile)
    assert len(hostile) < 400


def test_configured_names_are_answered(set_option: SetOption, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACECLUSTER_ALLOWED_HOSTS", " Photos.Example, *.office.example ,192.168.1.5, münchen.example,")
    set_option("server.allowedHosts", ["streamlit.example"])
    set_option("browser.serverAddress", "proxy.example/faces")
    for host in (
        "photos.example:80",
        "a.office.example",
        "192.168.1.5:8501",
        "xn--mnchen-3ya.example",
        "streamlit.example",
        "proxy.example",
        "localhost",
    ):
        assert is_answered(access(), host), host
    for host in ("office.example", "evil-office.example", "a.photos.example", "192.168.1.6", "evil.example"):
        assert not is_answered(access(), host), host


@pytest.mark.parametrize("entry", ["http://photos.example", "photos.example:8501", "*", "two names", "photos..example"])
def test_a_list_with_something_else_than_names_is_refused_in_one_sentence(
    set_option: SetOption, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.setenv("FACECLUSTER_ALLOWED_HOSTS", f"photos.example,{entry}")
    with pytest.raises(AccessError, match="FACECLUSTER_ALLOWED_HOSTS holds") as failure:
        access()
    assert repr(entry) in str(failure.value)


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "faces.localhost"])
def test_a_server_on_this_machine_alone_is_not_reached_by_others(set_option: SetOption, address: str) -> None:
    set_option("server.address", address)
    assert not reached_by_others()
    assert not is_answered(access(), "192.168.1.5")


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.5"])
def test_a_server_on_other_addresses_is_reached_by_others(set_option: SetOption, address: str | None) -> None:
    set_option("server.address", address)
    assert reached_by_others()
    assert is_answered(access(), "192.168.1.5:8501")
    assert not is_answered(access(), "evil.example")


def test_a_page_run_under_a_foreign_name_shows_nothing(
    sample_home: Path, set_option: SetOption, monkeypatch: pytest.MonkeyPatch
) -> None:
    def visit(host: str) -> AppTest:
        headers = StreamlitHeaders([("Host", host), ("Origin", f"http://{host}")])
        monkeypatch.setattr(ContextProxy, "headers", property(lambda context: headers))
        return AppTest.from_file(APP, default_timeout=120).run()

    assert tiles(visit("localhost:8501"), "People")
    refused = visit("evil.example:8501")
    (error,) = refused.error
    assert "does not answer to the name" in error.value
    assert [element.type for element in refused.main.children.values()] == ["error"]


def test_every_page_warns_where_other_machines_reach_the_app(sample_home: Path, set_option: SetOption) -> None:
    assert not open_app("gallery").warning
    set_option("server.address", "0.0.0.0")
    for page in ("gallery", "identify", "clusters"):
        (warning,) = open_app(page).warning
        assert "see all faces, and add and delete photos" in warning.value
        assert "--server.address localhost" in warning.value
