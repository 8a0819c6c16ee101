"""A Secret that a value names is looked for before anything is installed, wherever there is a cluster to ask."""

from __future__ import annotations

from harness import chart, cluster

# Each value that names a Secret, and the keys that the Secret has to hold.
_NAMED = {
    "byodc.config.redis.existingSecret": ["password"],
    "journal.existingSecret": ["url"],
    "ownership.existingSecret": ["url"],
    "configuration.existingSecret": ["key", "previous"],
    "admin.existingSecret": ["keys", "peerKey"],
    "loadbalancer.config.tls.existingSecret": ["tls.crt", "tls.key"],
    "mysql.existingSecret": ["rootPassword", "password", "url"],
    "configService.existingSecret": [],
    "trustedAuthorities.secret": [],
    "tracing.existingSecret": ["headers"],
    "test.existingSecret": ["cashboxId", "accessToken"],
    "fcc.instances (till-tse): existingSecret": ["vtssSecret"],
}
# What makes each of them count.
_VALUES = {
    "redis": {"enabled": False},
    "byodc": {"config": {"redis": {"host": ""}}},
    "configuration": {"existingSecretPreviousKey": "previous"},
    "mysql": {"enabled": True},
    "tracing": {"endpoint": "http://collector:4318"},
    "configService": {"enabled": True},
    "fcc": {"instances": [{"vtssId": "till-tse", "existingSecret": "secret-11"}]},
}


def _secrets(keep: int | None = None) -> dict[str, list[str]]:
    """Every Secret, each with its first `keep` keys."""
    return {f"secret-{number}": keys[:keep] for number, keys in enumerate(_NAMED.values())}


def _values() -> dict[str, object]:
    values = _VALUES
    for number, path in enumerate(_NAMED):
        if not path.startswith("fcc."):
            values = chart.merged(values, chart.at(path, f"secret-{number}"))
    return values


def every_missing_secret_is_refused_by_value_and_name() -> None:
    for others in ({"another": ["url"]}, {}):
        said = cluster.words(_values(), others)
        for number, path in enumerate(_NAMED):
            assert f"{path} = secret-{number}: namespace {chart.NAMESPACE} has no such Secret" in said


def every_missing_key_is_named_with_its_secret() -> None:
    for keep in (0, 1):
        said = cluster.words(_values(), _secrets(keep))
        for number, (path, keys) in enumerate(_NAMED.items()):
            missing = [key for key in keys if f"{path} = secret-{number}: the Secret has no key {key}\n" in f"{said}\n"]
            assert missing == keys[keep:], path


def secrets_that_are_there_with_all_their_keys_are_taken() -> None:
    said = cluster.words(_values(), _secrets())
    assert cluster.RENDERED in said and "secret-" not in said


def a_secret_that_comes_later_is_not_looked_for_if_so_told() -> None:
    assert cluster.RENDERED in cluster.words(_values() | {"checkSecrets": False}, {})


def without_a_cluster_nothing_can_be_looked_for() -> None:
    chart.render(_values())
