"""The README's table of values is what values.yaml says."""

from __future__ import annotations

import pytest
import values_table


def the_readme_shows_every_value_as_values_yaml_has_it() -> None:
    readme = (values_table.CHART / "README.md").read_text(encoding="utf-8")
    made = values_table.table((values_table.CHART / "values.yaml").read_text(encoding="utf-8"))
    assert readme == values_table.with_table(readme, made), "run: python3 tests/helm/values_table.py --write"


def a_meaning_is_the_first_paragraph_of_the_comment_above() -> None:
    text = "a:\n  # How many, or\n  # how few.\n  #\n  # Example: 3\n  b: 1\n# Other.\nc: {}\n"
    found = [(value.path, value.default, value.meaning) for value in values_table.values_of(text)]
    assert found == [("a.b", 1, "How many, or how few."), ("c", {}, "Other.")]


def a_map_whose_members_are_not_explained_is_one_value() -> None:
    text = "# At the most.\nlimits:\n  cpu: 1\n  memory: 2Gi\n"
    found = [(value.path, value.default) for value in values_table.values_of(text)]
    assert found == [("limits", {"cpu": 1, "memory": "2Gi"})]


def a_value_without_a_comment_is_refused_by_its_path() -> None:
    with pytest.raises(SystemExit, match="a.b"):
        values_table.table("# About a.\na:\n  b: 1\n  # Explained.\n  c: 2\n")
