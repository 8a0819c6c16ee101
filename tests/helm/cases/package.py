"""The packaged chart holds what it needs and nothing else, and renders the same."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import helm_python

from harness import chart, places


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart as `helm package` writes it."""
    return Path(helm_python.chart.package(places.CHART, destination=tmp_path_factory.mktemp("package")))


@pytest.fixture(scope="module")
def files(archive: Path) -> set[str]:
    """The archive's files, below the chart's own folder."""
    with tarfile.open(archive) as opened:
        return {name.partition("/")[2] for name in opened.getnames()}


def rules_dashboards_and_runbooks_are_in_it(files: set[str]) -> None:
    for kind, ending in (("rules", "yaml"), ("dashboards", "json"), ("runbooks", "md")):
        here = {str(file.relative_to(places.CHART)) for file in (places.CHART / "monitoring" / kind).glob(f"*.{ending}")}
        assert here and here <= files, kind


def schema_readme_and_notes_are_in_it(files: set[str]) -> None:
    assert {"values.schema.json", "README.md", "MIGRATION.md", "templates/NOTES.txt"} <= files


def values_for_tests_are_not_in_it(files: set[str]) -> None:
    assert [file for file in files if file.startswith("ci/")] == []


def it_is_small_enough_for_a_release_secret(archive: Path) -> None:
    """Helm keeps a release in one Secret, whose 1 MiB also holds the rendered manifests."""
    assert archive.stat().st_size < 400_000


def it_renders_what_the_folder_renders(archive: Path) -> None:
    packed = helm_python.Chart.load(archive).render({}, name="till", namespace=chart.NAMESPACE)
    plain = chart.loaded().render({}, name="till", namespace=chart.NAMESPACE)
    assert packed == plain


def the_versions_of_chart_and_workspace_agree() -> None:
    workspace = (places.REPOSITORY / "Cargo.toml").read_text()
    assert f'version = "{chart.loaded().metadata["appVersion"]}"' in workspace


def no_cluster_older_than_the_schemas_is_promised() -> None:
    assert chart.loaded().metadata["kubeVersion"].startswith(f">={chart.OLDEST}")
