"""Whatever the values are, they install or are refused in words: nobody reads a fault of a template, or broken YAML."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from harness import chart, places
from harness.chart import Refused

# How Helm begins when the schema refuses, and when the chart itself does.
IN_WORDS = ("values don't meet the specifications of the schema", "execution error at")
# Texts that a template writes down wrongly if it does not quote them.
AWKWARD = ("x: y", 'a"b', "# no comment", "- x", "{{ x }}", "yes", "0123", "1e3", "*", "")


def _install_or_refuse(values: dict[str, Any]) -> bool:
    """Whether they install. What is rendered is read as YAML on the way."""
    try:
        chart.render(values)
        return True
    except Refused as refused:
        assert any(words in str(refused) for words in IN_WORDS), f"{values}: {refused}"
        return False


def _leaves(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if "." not in key:
            yield here, value
            if isinstance(value, dict):
                yield from _leaves(value, here)


def no_value_has_to_be_there() -> None:
    """`null` takes a default away, a whole section's, too."""
    taken = [_install_or_refuse(chart.at(path, None)) for path, _ in _leaves(chart.loaded().values)]
    assert len(taken) > 200 and sum(taken) > 100


def an_empty_list_or_map_is_a_value() -> None:
    for path, value in _leaves(chart.loaded().values):
        if isinstance(value, list | dict):
            _install_or_refuse(chart.at(path, type(value)()))


def an_awkward_text_breaks_no_yaml() -> None:
    """One of them for each text among the values, another one for the next; the seed is fixed."""
    order = random.Random(5)
    texts = [path for path, value in _leaves(chart.loaded().values) if isinstance(value, str) or value is None]
    assert len(texts) > 60
    for path in texts:
        for text in order.sample(AWKWARD, 3):
            _install_or_refuse(chart.at(path, text))


def two_values_files_go_together_or_are_refused_in_words() -> None:
    pairs = list(itertools.combinations(places.CI + places.ORIGINAL, 2))
    chosen = random.Random(5).sample(pairs, 60)
    taken = [_install_or_refuse(chart.merged(chart.read(one), chart.read(other))) for one, other in chosen]
    assert sum(taken) > len(chosen) / 3
