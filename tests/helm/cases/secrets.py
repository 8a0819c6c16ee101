"""What is secret is in Secrets and nowhere else."""

from __future__ import annotations

import base64
import json
from typing import Any

from harness import chart, environment, pods
from harness.chart import Release

MARK = "mark-of-a-secret"


def _marked(name: str) -> str:
    return f"{MARK}-{name}"


CERTIFICATE = "-----BEGIN CERTIFICATE-----\npublic\n-----END CERTIFICATE-----\n"
# Every value that can be a literal secret, marked. Each mark must be long enough for the schema.
LITERALS: dict[str, Any] = {
    "byodc.proxy": f"address=http://proxy.example:3128;username=till;password={_marked('proxy')}",
    "byodc.config.redis.password": _marked("redis"),
    "journal.url": f"postgres://byodc:{_marked('journal')}@postgres.example/byodc",
    "mysql.enabled": True,
    "mysql.rootPassword": _marked("mysql-root"),
    "mysql.password": _marked("mysql"),
    "configuration.key": base64.b64encode(_marked("configuration").ljust(32, "x").encode()[:32]).decode(),
    "fcc.instances": [{"vtssId": "fcc-1", "vtssSecret": _marked("fcc")}],
    "configService.enabled": True,
    "configService.cashboxes": {
        "5a3f6c1e-0000-4000-8000-000000000001": {
            "token": _marked("token"),
            "document": json.dumps({"Password": _marked("document")}),
        }
    },
    "admin.keys": [{"name": "ops", "role": "operate", "key": _marked("admin").ljust(43, "x")}],
    "admin.peerKey": _marked("peer").ljust(40, "x"),
    "loadbalancer.config.tls.crt": CERTIFICATE,
    "loadbalancer.config.tls.key": f"-----BEGIN PRIVATE KEY-----\n{_marked('tls')}\n-----END PRIVATE KEY-----\n",
    "test.cashboxId": "5a3f6c1e-0000-4000-8000-000000000001",
    "test.accessToken": _marked("test"),
}


def _release() -> Release:
    values: dict[str, Any] = {}
    for path, value in LITERALS.items():
        values = chart.merged(values, chart.at(path, value))
    return chart.render(values)


def _encoded() -> list[str]:
    """The mark as it is, and what base64 makes of it at each of the three offsets."""
    forms = [MARK]
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + MARK.encode()).decode()
        forms.append(text[4 if offset else 0 : len(text) - 4])
    return forms


def nothing_but_secrets_holds_a_secret() -> None:
    release = _release()
    for found in release.objects:
        if found["kind"] != "Secret":
            text = json.dumps(found)
            assert [form for form in _encoded() if form in text] == [], f"{found['kind']}/{found['metadata']['name']}"
    assert MARK not in release.notes


def every_secret_reaches_a_secret() -> None:
    """Else the test above would pass because the value had no effect."""
    contents = " ".join(json.dumps(environment.data(found)) for found in _release().all("Secret"))
    for name in ("proxy", "redis", "journal", "mysql-root", "fcc", "token", "document", "peer", "tls", "test"):
        assert _marked(name) in contents, name


def an_admin_key_is_kept_as_its_hash() -> None:
    release = _release()
    contents = " ".join(json.dumps(environment.data(found)) for found in release.all("Secret"))
    assert _marked("admin") not in contents
    pod = pods.of(release, "Deployment/byodc")
    told = environment.of(release, pod, pod.spec["containers"][0])
    name, role, digest = told["Byodc__Admin__Keys"].split(":")
    assert (name, role, len(bytes.fromhex(digest))) == ("ops", "operate", 32)


def no_setting_that_is_secret_stands_in_a_pod_template(release: Release) -> None:
    secret = {"Byodc__Journal__Url", "Byodc__Ownership__Url", "Byodc__Configuration__Key", "Byodc__Admin__Keys"}
    secret |= {"Byodc__Peer__Key", "Byodc__Configuration__PreviousKey", "vtssSecret", "MARIADB_ROOT_PASSWORD"}
    for pod in pods.templates(release):
        for container in pod.containers():
            for variable in container.get("env", []):
                if variable["name"] in secret and variable.get("value") not in (None, "", "none", "open"):
                    raise AssertionError(f"{pod.owner}: {variable['name']} is a literal")


def a_pods_secret_is_not_given_to_others(release: Release) -> None:
    """A proxy has no use for the journal's password, nor an FCC for ours."""
    for role, pod, container in pods.roles(release):
        names = {variable["name"] for variable in container.get("env", [])}
        if role == "proxy":
            assert not names & {"Byodc__Journal__Url", "Byodc__Configuration__Key"}, pod.owner


def existing_secrets_take_the_place_of_literals() -> None:
    """Nothing of ours is made where everything is made beforehand."""
    values: dict[str, Any] = {}
    for path in (
        "byodc.config.redis.existingSecret",
        "journal.existingSecret",
        "configuration.existingSecret",
        "admin.existingSecret",
        "loadbalancer.config.tls.existingSecret",
    ):
        values = chart.merged(values, chart.at(path, path.lower().replace(".", "-")))
    values = chart.merged(values, chart.at("redis.enabled", False))
    values = chart.merged(values, chart.at("fcc.instances", [{"vtssId": "fcc-1", "existingSecret": "fcc-login"}]))
    assert [found["metadata"]["name"] for found in chart.render(values).all("Secret")] == []
