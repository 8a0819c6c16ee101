"""The README's table of values is what values.yaml says."""

from __future__ import annotations

import pytest
from values_table import CHART, Value, table, values_of, with_table


def test_the_readme_shows_every_value_as_values_yaml_has_it() -> None:
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    made = table((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert readme == with_table(readme, made), "run: python3 tests/helm/values_table.py --write"


def test_a_meaning_is_the_first_paragraph_of_the_comment_above() -> None:
    text = "a:\n  # How many, or\n  # how few.\n  #\n  # Example: 3\n  b: 1\n# Other.\nc: {}\n"
    assert values_of(text) == [Value("a.b", 1, "How many, or how few."), Value("c", {}, "Other.")]


def test_a_map_whose_members_are_not_explained_is_one_value() -> None:
    text = "# At the most.\nlimits:\n  cpu: 1\n  memory: 2Gi\n"
    assert values_of(text) == [Value("limits", {"cpu": 1, "memory": "2Gi"}, "At the most.")]


def test_a_value_without_a_comment_is_refused_by_its_path() -> None:
    with pytest.raises(SystemExit, match="a.b"):
        table("# About a.\na:\n  b: 1\n  # Explained.\n  c: 2\n")
