"""`helm lint --strict`, and that it can fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import helm_python

from harness import chart, places

# Severities of the linter's messages; "icon is recommended" is an information.
WARNING = 2


def _complaints(path: Path, values: dict, kube: str) -> list[str]:
    report = helm_python.chart.lint(path, values, strict=True, kube_version=f"v{kube}.0", namespace=chart.NAMESPACE)
    loud = [one for one in report["messages"] if one["severity"] >= WARNING]
    return [f"{one['path']}: {one['error']}" for one in loud] + report["errors"]


def the_chart_lints_without_a_warning(values_file: Path, kube: str) -> None:
    assert _complaints(places.CHART, chart.read(values_file), kube) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("templates/broken.yaml", "{{ .Values.nothing.there }}"),
        ("templates/broken.yaml", "kind: [unclosed"),
        ("Chart.yaml", "name: byodc\n"),
    ],
)
def the_linter_sees_a_broken_chart(file: str, text: str, tmp_path: Path) -> None:
    copy = tmp_path / places.CHART.name
    shutil.copytree(places.CHART, copy)
    (copy / file).write_text(text)
    assert _complaints(copy, {}, chart.NEWEST) != []
