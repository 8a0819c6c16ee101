"""NOTES says what an operator must know, and only what holds."""

from __future__ import annotations

from typing import Any

import pytest

from harness import chart, places

# One cashbox with a simulated TSE and one without, as the configuration service gives them out.
SIMULATED: dict[str, Any] = {
    "journal": {"url": "postgres://byodc:x@postgres.example/byodc"},
    "configService": {
        "enabled": True,
        "cashboxes": {
            "0c0ffee0-0000-4000-8000-000000000001": {
                "token": "x",
                "document": '{"ftSignaturCreationDevices": [{"Package": "Byodc.SCU.DE.Simulator"}]}',
            },
            "0c0ffee0-0000-4000-8000-000000000002": {
                "token": "y",
                "document": '{"ftSignaturCreationDevices": [{"Package": "fiskaltrust.Middleware.SCU.DE.FiskalyCertified"}]}',
            },
        },
    },
}
SHARED_DIRECTORY = {"name": "Byodc__Simulator__Directory", "value": "/simulator"}

# What warns, and the values that bring the warning about or end it. The words are what an operator would search for.
WARNINGS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "the bundled Redis": (
        "redis.enabled",
        {},
        {"redis": {"enabled": False}, "byodc": {"config": {"redis": {"host": "redis.example"}}}},
    ),
    "a floating tag": (
        "latest",
        {"byodc": {"image": {"tag": "latest"}}},
        {"byodc": {"image": {"tag": "0.1.0"}}},
    ),
    "the documented password": (
        "mysql.rootPassword",
        {"mysql": {"enabled": True}},
        {"mysql": {"enabled": True, "rootPassword": "another-one", "password": "yet-another-one"}},
    ),
    "no journal of its own": (
        "journal: ",
        {},
        {"journal": {"url": "postgres://byodc:x@postgres.example/byodc"}},
    ),
    "no admin key": (
        "admin.keys",
        {},
        {"admin": {"keys": [{"name": "ops", "role": "operate", "sha256": "0" * 64}], "peerKey": "k" * 40}},
    ),
    "a simulated TSE": (
        "configService.cashboxes: 1 of them",
        SIMULATED,
        chart.merged(SIMULATED, chart.at("byodc.config.env", [SHARED_DIRECTORY])),
    ),
    "Emissary": (
        "emissary.use",
        {"emissary": {"use": True}},
        {"emissary": {"use": False}},
    ),
}


def _warnings(values: dict[str, Any]) -> str:
    """The part of NOTES that warns."""
    return chart.render(values).notes.partition("\nWARNINGS")[2]


@pytest.mark.parametrize("what", WARNINGS)
def a_warning_comes_where_it_holds_and_not_otherwise(what: str) -> None:
    word, holds, ended = WARNINGS[what]
    assert word in _warnings(holds)
    assert word not in _warnings(ended)


NOBODY = "runs for nobody"


@pytest.mark.parametrize("host", ["redis", "redis.{{ .Release.Namespace }}", "redis.shops.svc.cluster.local"])
def the_bundled_redis_is_known_by_each_of_its_names(host: str) -> None:
    assert NOBODY not in _warnings(chart.at("byodc.config.redis.host", host))


@pytest.mark.parametrize("host", ["redis.example", "redis-2", "redis.shops.example"])
def a_bundled_redis_beside_another_one_is_told(host: str) -> None:
    assert NOBODY in _warnings(chart.at("byodc.config.redis.host", host))


def a_redis_that_is_missing_is_told() -> None:
    assert "byodc.config.redis.host" in _warnings(chart.at("redis.enabled", False))


def a_password_that_everybody_knows_is_told_whichever_it_is() -> None:
    for path in ("mysql.rootPassword", "mysql.password"):
        values = chart.merged(chart.at("mysql.enabled", True), chart.at(path, "another-one"))
        assert "mysql.rootPassword" in _warnings(values), path


@pytest.mark.parametrize("tag", ["latest", "1", "1.3", "1.3-buster", "stable"])
def a_tag_that_moves_is_told(tag: str) -> None:
    assert f"byodc.image.tag: {tag}" in _warnings(chart.at("byodc.image.tag", tag))


@pytest.mark.parametrize("tag", ["", "1.3.29", "1.3.29-rc.1", "v0.1.0", "sha256:" + "0" * 64])
def a_tag_that_stays_is_not(tag: str) -> None:
    assert "byodc.image.tag" not in _warnings(chart.at("byodc.image.tag", tag))


def the_image_of_the_product_that_is_replaced_is_told() -> None:
    assert "byodc.image: " in _warnings(chart.at("byodc.image.name", "ghcr.io/fiskaltrust/byodc"))


def notes_say_how_to_reach_it_and_what_to_do_first(release: chart.Release) -> None:
    for words in ("Service byodc-proxy", "helm -n shops test till", "rollout restart deployment byodc"):
        assert words in release.notes


def notes_are_readable_in_a_terminal(release: chart.Release) -> None:
    assert "<no value>" not in release.notes and "%!" not in release.notes and "map[" not in release.notes
    assert max(len(line) for line in release.notes.splitlines()) <= 200
    assert "\n\n\n" not in release.notes


def a_sound_production_has_no_warning() -> None:
    production = [file for file in places.CI if file.stem.startswith("production")]
    assert production, "helm/ci has no production*.yaml"
    for file in production:
        assert _warnings(chart.read(file)) == "", file.stem
