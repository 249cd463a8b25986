"""The door to a model behind an address: what does not fit is refused before anything is asked."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from limelight.errors import InputError, UnknownNameError
from limelight.models.cache import Cache, MemoryCache
from limelight.remote import Price
from limelight.remote.door import NEEDS_MODEL, PROTOCOLS, http

URL = "http://localhost:1"


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_a_name_is_asked_for_where_the_address_does_not_say_it(protocol: str) -> None:
    assert protocol in repr(http(URL, protocol, model="m"))
    if protocol in NEEDS_MODEL:
        with pytest.raises(InputError, match=f"model: expected with '{protocol}', got none"):
            http(URL, protocol)
    else:
        assert protocol in repr(http(URL, protocol))


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_what_a_protocol_does_not_know_is_refused_and_not_forgotten(protocol: str) -> None:
    for name, knows in (("output", ("v2",)), ("whole_numbers", ("v2", "mlflow"))):
        given = {name: "labels"}
        if protocol in knows:
            http(URL, protocol, model="m", **given)  # type: ignore[arg-type]
        else:
            with pytest.raises(InputError, match=f"{name}: has no effect with '{protocol}'"):
                http(URL, protocol, model="m", **given)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="whole_numbers"):
        http(URL, "v2", model="m", whole_numbers="classes")


def test_unknown_protocols_and_things_that_are_none_are_told_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="mlflow"):
        http(URL, "mflow")
    with pytest.raises(InputError, match="protocol: expected one of .* or a Protocol, got int"):
        http(URL, 3)  # type: ignore[arg-type]


class Own:
    """As much of a protocol as is looked at."""

    identity: ClassVar[dict[str, str]] = {}
    rows_per_request = 1
    name = "own"
    path = ""

    def encode(self, inputs: object) -> object:
        return inputs

    def decode(self, received: object, n: int) -> object:
        return received

    def written(self, n: int) -> int | None:
        return None


def test_a_protocol_of_ones_own_says_everything_itself() -> None:
    http(URL, Own())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="version: has no effect with a protocol of your own"):
        http(URL, Own(), version="2")  # type: ignore[arg-type]


def test_a_cap_on_money_needs_an_end_to_answers_that_are_paid_by_the_token() -> None:
    paid = Price(per_million_out=1.0)
    with pytest.raises(InputError, match="max_cost: nothing sets an end to an answer"):
        http(URL, "openai-chat", model="m", max_cost=1.0, price=paid)
    http(URL, "openai-chat", model="m", max_cost=1.0, price=paid, parameters={"max_tokens": 5})
    http(URL, "openai-chat", model="m", max_cost=1.0, price=Price(per_request=1.0))


def test_answers_are_kept_in_memory_in_the_file_or_where_one_says(tmp_path: Path) -> None:
    assert isinstance(http(URL, "mlflow")._cache, MemoryCache)
    held = http(URL, "mlflow", cache=tmp_path / "answers.db")._cache
    assert isinstance(held, Cache)
    own = MemoryCache()
    assert http(URL, "mlflow", cache=own)._cache is own  # type: ignore[arg-type]
