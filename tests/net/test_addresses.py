"""Addresses as they are shown: without secrets, and still the address that was given."""

import pytest

from core.datasets.source import resolve_source
from core.net.addresses import shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://[::1]:8000/pets.zip", "http://[::1]:8000/pets.zip"),
        ("https://[2001:db8::7]/pets.zip", "https://[2001:db8::7]/pets.zip"),
        ("https://user:secret@[2001:db8::7]/pets.zip?token=1#part", "https://[2001:db8::7]/pets.zip"),
        ("https://user:secret@example.org:8080/a?b", "https://example.org:8080/a"),
        ("http://[::1", "The address"),
        ("http://example.org:port/a", "The address"),
    ],
)
def test_an_address_is_shown_as_it_can_be_typed_again(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize(
    "url", ["http://[::1]:8000/pets.zip", "https://Example.org/Pets.zip", "HTTP://example.org/a.zip"]
)
def test_an_address_without_secrets_is_remembered_as_it_is(url: str) -> None:
    assert resolve_source(url).text == url


@pytest.mark.parametrize("url", ["https://u:p@Example.org/a.zip", "https://example.org/a.zip?token=1"])
def test_what_may_be_secret_is_not_remembered(url: str) -> None:
    kept = resolve_source(url).text
    assert kept.startswith("https://example.org/a.zip#zip-")
    assert "token" not in kept
    assert "u:p" not in kept
