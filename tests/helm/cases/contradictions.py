"""Values that contradict each other are refused before anything is installed, with the names of both."""

from __future__ import annotations

from typing import Any

import pytest

from harness import chart

TLS = "loadbalancer.config.tls"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"


def _values(*entries: tuple[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path, value in entries:
        values = chart.merged(values, chart.at(path, value))
    return values


# What is given, and the names that the refusal must hold.
CASES: dict[str, tuple[list[tuple[str, Any]], list[str]]] = {
    "a lease that one lost renewal would end": (
        [("byodc.lease.seconds", 3), ("byodc.lease.renewSeconds", 2)],
        ["byodc.lease.seconds", "byodc.lease.renewSeconds"],
    ),
    "a POS that gives up before a takeover": (
        [("byodc.config.timeout.all", 5000), ("byodc.config.timeout.connect", 1000)],
        ["byodc.config.timeout.all", "byodc.lease.seconds"],
    ),
    "one attempt to connect that takes all the time": (
        [("byodc.config.timeout.all", 14_000), ("byodc.config.timeout.connect", 15_000)],
        ["byodc.config.timeout.all", "byodc.config.timeout.connect"],
    ),
    "an answer later than the proxy can wait": (
        [("byodc.config.timeout.all", 3_600_001)],
        ["byodc.config.timeout.all"],
    ),
    "a proxy that stops before a takeover ends": (
        [("proxy.drain.requestSeconds", 12)],
        ["proxy.drain.requestSeconds", "byodc.lease.seconds"],
    ),
    "a grace period of a pod that is shorter than its drain": (
        [("byodc.terminationGracePeriodSeconds", 60)],
        ["byodc.terminationGracePeriodSeconds", "byodc.drain"],
    ),
    "a grace period of a proxy that is shorter than its drain": (
        [("proxy.terminationGracePeriodSeconds", 20)],
        ["proxy.terminationGracePeriodSeconds", "proxy.drain"],
    ),
    "several pods that do not know of each other": (
        [("redis.enabled", False), ("byodc.config.redis.host", "")],
        ["byodc.config.replicas", "byodc.config.redis.host", "ownership.url"],
    ),
    "a Redis for nobody": (
        [("byodc.config.redis.host", ""), ("byodc.config.replicas", 1)],
        ["redis.enabled", "byodc.config.redis.host"],
    ),
    "ownership in a file": (
        [("ownership.url", "sqlite:///tmp/x.db")],
        ["ownership.url"],
    ),
    "a journal in a file for several pods": (
        [("journal.url", "sqlite:///data/x.db")],
        ["journal.url", "byodc.config.replicas"],
    ),
    "a journal in a file with autoscaling": (
        [("journal.url", "sqlite:///data/x.db"), ("byodc.config.replicas", 1), ("byodc.autoscaling.enabled", True)],
        ["journal.url", "byodc.autoscaling.enabled"],
    ),
    "two addresses of the journal": (
        [("journal.url", "postgres://a:b@c/d"), ("journal.existingSecret", "journal")],
        ["journal.url", "journal.existingSecret"],
    ),
    "two addresses of ownership": (
        [("ownership.url", "postgres://a:b@c/d"), ("ownership.existingSecret", "ownership")],
        ["ownership.url", "ownership.existingSecret"],
    ),
    "two keys that seal": (
        [("configuration.key", "x" * 44), ("configuration.existingSecret", "sealing")],
        ["configuration.key", "configuration.existingSecret"],
    ),
    "two passwords of Redis": (
        [("byodc.config.redis.password", "x"), ("byodc.config.redis.existingSecret", "redis")],
        ["byodc.config.redis.password", "byodc.config.redis.existingSecret"],
    ),
    "two sources of cashboxes": (
        [
            ("configService.enabled", True),
            ("configService.cashboxes", {"5a3f6c1e-0000-4000-8000-000000000001": {"token": "t", "document": "{}"}}),
            ("configService.existingSecret", "cashboxes"),
        ],
        ["configService.cashboxes", "configService.existingSecret"],
    ),
    "a configuration service without a cashbox": (
        [("configService.enabled", True)],
        ["configService.enabled", "configService.cashboxes", "configService.existingSecret"],
    ),
    "two configuration services": (
        [
            ("configService.enabled", True),
            ("configService.existingSecret", "cashboxes"),
            ("byodc.config.helipad.baseUrl", "https://helipad.example"),
        ],
        ["configService.enabled", "byodc.config.helipad.baseUrl"],
    ),
    "an FCC with two secrets": (
        [("fcc.instances", [{"vtssId": "fcc-1", "vtssSecret": "x", "existingSecret": "fcc"}])],
        ["vtssSecret", "existingSecret", "fcc-1"],
    ),
    "two FCCs of one name": (
        [("fcc.instances", [{"vtssId": "fcc-1", "vtssSecret": "x"}, {"vtssId": "fcc-1", "vtssSecret": "y"}])],
        ["fcc.instances", "fcc-1"],
    ),
    "an FCC that is named as one of ours": (
        [("fcc.instances", [{"vtssId": "byodc", "vtssSecret": "x"}])],
        ["fcc.instances", "byodc"],
    ),
    "a certificate of two sources": (
        [(f"{TLS}.crt", CERTIFICATE), (f"{TLS}.key", KEY), (f"{TLS}.existingSecret", "tls")],
        [f"{TLS}.existingSecret", TLS],
    ),
    "a certificate that cert-manager makes, too": (
        [
            (f"{TLS}.existingSecret", "tls"),
            ("tls.certManager.enabled", True),
            ("tls.certManager.issuerRef.name", "ca"),
            ("tls.certManager.dnsNames", ["tills.example"]),
        ],
        [f"{TLS}.existingSecret", "tls.certManager.enabled"],
    ),
    "a certificate in two writings": (
        [(f"{TLS}.crt", CERTIFICATE), (f"{TLS}.crtBase64", "eA=="), (f"{TLS}.key", KEY)],
        [f"{TLS}.crt", f"{TLS}.crtBase64"],
    ),
    "a certificate without a key": (
        [(f"{TLS}.crt", CERTIFICATE)],
        [TLS, "key", "keyBase64"],
    ),
    "a key without a certificate": (
        [(f"{TLS}.keyBase64", "eA==")],
        [TLS, "crt", "crtBase64"],
    ),
    "TLS without a certificate": (
        [("emissary.tls", True)],
        ["emissary.tls", TLS, "tls.certManager"],
    ),
    "TLS that is on and off": (
        [("emissary.tls", True), (f"{TLS}.enabled", False), (f"{TLS}.existingSecret", "tls")],
        ["emissary.tls", f"{TLS}.enabled"],
    ),
    "admin credentials of two sources": (
        [
            ("admin.keys", [{"name": "ops", "role": "operate", "sha256": "0" * 64}]),
            ("admin.existingSecret", "admin"),
        ],
        ["admin.keys", "admin.existingSecret"],
    ),
    "an admin key in two writings": (
        [("admin.keys", [{"name": "ops", "role": "operate", "sha256": "0" * 64, "key": "x" * 43}])],
        ["admin.keys", "sha256"],
    ),
    "a peer key of two sources": (
        [("admin.peerKey", "k" * 40), ("admin.existingSecret", "admin")],
        ["admin.peerKey", "admin.existingSecret"],
    ),
    "a peer key that is too short": (
        [("admin.peerKey", "short")],
        ["admin.peerKey" , "32"],
    ),
    "an exception from the outgoing proxy that is no host": (
        [("byodc.proxy", r"address=192.168.0.1;bypass=scu\d+\.example\.com")],
        ["byodc.proxy", "bypass", "NO_PROXY"],
    ),
    "an autoscaler whose bounds cross": (
        [("byodc.autoscaling.enabled", True), ("byodc.autoscaling.minReplicas", 9), ("byodc.autoscaling.maxReplicas", 3)],
        ["byodc.autoscaling.minReplicas", "byodc.autoscaling.maxReplicas"],
    ),
    "a disruption budget with both bounds": (
        [("byodc.pdb.minAvailable", 1), ("byodc.pdb.maxUnavailable", 1)],
        ["byodc.pdb.minAvailable", "byodc.pdb.maxUnavailable"],
    ),
    "a journal of the bundled database with a secret for both": (
        [("mysql.enabled", True), ("journal.url", "postgres://a:b@c/d"), ("journal.existingSecret", "journal")],
        ["journal.url", "journal.existingSecret"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def refused_with_both_names(case: str) -> None:
    entries, names = CASES[case]
    said = chart.refusal(_values(*entries))
    # JSON paths of the schema count as names, too.
    assert [name for name in names if name not in said and f"/{name.replace('.', '/')}" not in said] == [], said


def all_contradictions_are_told_at_once() -> None:
    said = chart.refusal(_values(("byodc.lease.seconds", 3), ("journal.url", "sqlite:///data/x.db")))
    assert "byodc.lease.renewSeconds" in said and "journal.url" in said, said


def a_hook_that_the_cluster_does_not_know_is_refused() -> None:
    """The sleep action is on by default from Kubernetes 1.30."""
    values = chart.at("byodc.drain.preStopSeconds", 5)
    with pytest.raises(chart.Refused, match=r"byodc\.drain\.preStopSeconds"):
        chart.render(values, kube="1.29")
    chart.render(values, kube="1.30")


@pytest.mark.parametrize(
    "secret",
    ["hunter2hunter2", "postgres://byodc:hunter2hunter2@postgres.example/byodc"],
)
def a_refusal_gives_no_secret_away(secret: str) -> None:
    said = chart.refusal(_values(("journal.url", secret), ("journal.existingSecret", "journal")))
    assert "hunter2" not in said
    said = chart.refusal(_values(("byodc.config.redis.password", f"{secret},x")))
    assert "hunter2" not in said
