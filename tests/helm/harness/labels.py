"""Label selectors, as Kubernetes matches them."""

from __future__ import annotations

from typing import Any


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a selector of matchLabels and matchExpressions chooses these labels; an empty one chooses all."""
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or [])


def _holds(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise AssertionError(f"unknown operator in {expression}")
