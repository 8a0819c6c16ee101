"""Compares a release with what the original gave, written down by hand in golden/*.yaml.

An expectation names only what people depend on, so it is contained in what is rendered, not equal to it: each key of
a map, each element of a list (found by its name where it has one). Selectors are the exception: they are immutable,
so one label more would already be a failed upgrade.
"""

from __future__ import annotations

from typing import Any

# Compared as they are, since Kubernetes refuses to change them.
EXACT = {"selector", "matchLabels", "accessModes", "serviceName"}
# What identifies an element of a list, in this order.
NAMES = ("name", "port", "containerPort", "mountPath")


def differences(expected: Any, actual: Any, path: str = "") -> list[str]:
    """Everything in which `actual` does not contain `expected`, each with its path."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [line for key, value in expected.items() for line in _entry(key, value, actual, path)]
    if isinstance(expected, list) and isinstance(actual, list):
        return [line for value in expected for line in _element(value, actual, path)]
    return [] if expected == actual else [f"{path}: expected {expected!r}, found {actual!r}"]


def _entry(key: str, value: Any, actual: dict[str, Any], path: str) -> list[str]:
    here = f"{path}.{key}" if path else key
    if key not in actual:
        return [f"{here}: expected {value!r}, found nothing"]
    if key in EXACT:
        return [] if value == actual[key] else [f"{here}: expected exactly {value!r}, found {actual[key]!r}"]
    return differences(value, actual[key], here)


def _element(value: Any, actual: list[Any], path: str) -> list[str]:
    key = next((key for key in NAMES if isinstance(value, dict) and key in value), None)
    if key is None:
        known = any(differences(value, one) == [] for one in actual)
        return [] if known else [f"{path}: expected {value!r} in {actual!r}"]
    found = [one for one in actual if one.get(key) == value[key]]
    here = f"{path}[{value[key]}]"
    return differences(value, found[0], here) if found else [f"{here}: expected {value!r}, found nothing"]
