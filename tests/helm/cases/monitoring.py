"""Rules and dashboards are installed as they stand in helm/monitoring, where Prometheus itself checks them."""

from __future__ import annotations

import json
from typing import Any

import yaml

from harness import chart, places
from harness.chart import Release

MONITORING = places.CHART / "monitoring"
BASE = "https://runbooks.example/byodc"


def _installed(**metrics: Any) -> Release:
    return chart.render({"metrics": metrics})


def _written() -> list[dict[str, Any]]:
    """Every rule of every file, in the order of the files."""
    files = sorted((MONITORING / "rules").glob("*.yaml"))
    assert files
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def _rules(release: Release) -> list[dict[str, Any]]:
    return [rule for group in release.get("PrometheusRule", "byodc")["spec"]["groups"] for rule in group["rules"]]


def every_rule_is_installed_with_its_own_words() -> None:
    installed = _rules(_installed(prometheusRule={"enabled": True}))
    assert installed == _written()


def every_alert_leads_to_its_runbook() -> None:
    rules = _rules(_installed(prometheusRule={"enabled": True, "runbookBaseUrl": f"{BASE}/"}))
    alerts = [rule for rule in rules if "alert" in rule]
    assert len(alerts) >= 14
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"{BASE}/{alert['alert']}.md"
        assert (MONITORING / "runbooks" / f"{alert['alert']}.md").is_file(), alert["alert"]


def labels_are_added_to_alerts_and_none_is_lost() -> None:
    rules = _rules(_installed(prometheusRule={"enabled": True, "ruleLabels": {"team": "retail"}}))
    for rule, written in zip(rules, _written(), strict=True):
        if "alert" in rule:
            assert rule["labels"] == {**written["labels"], "team": "retail"}
        else:
            assert rule == written


def an_alert_can_be_left_out_by_name() -> None:
    name = next(rule["alert"] for rule in _written() if "alert" in rule)
    rules = _rules(_installed(prometheusRule={"enabled": True, "disabled": [name]}))
    assert [rule for rule in rules if rule.get("alert") == name] == []
    assert len(rules) == len(_written()) - 1
    said = chart.refusal({"metrics": {"prometheusRule": {"enabled": True, "disabled": ["NoSuchAlert"]}}})
    assert "metrics.prometheusRule.disabled" in said and "NoSuchAlert" in said


def every_dashboard_is_installed_unchanged() -> None:
    release = _installed(dashboards={"enabled": True})
    found = {
        key: json.loads(text)
        for config in release.all("ConfigMap")
        if config["metadata"]["labels"].get("grafana_dashboard") == "1"
        for key, text in config["data"].items()
    }
    written = {file.name: json.loads(file.read_text()) for file in (MONITORING / "dashboards").glob("*.json")}
    assert len(written) >= 5
    assert found == written


def nothing_of_it_is_installed_unless_it_is_asked_for(defaults: Release) -> None:
    kinds = {found["kind"] for found in defaults.objects}
    assert not kinds & {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert [one for one in defaults.all("ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]] == []


def both_switches_make_the_same_service_monitor() -> None:
    """prometheus.deployServiceMonitor is the original's."""
    theirs = chart.render({"prometheus": {"deployServiceMonitor": True}}).get("ServiceMonitor", "byodc")
    assert theirs == _installed(serviceMonitor={"enabled": True}).get("ServiceMonitor", "byodc")


def labels_of_our_own_are_kept() -> None:
    """The operator brings a label `endpoint`, which is one of ours, too."""
    pods = _installed(podMonitor={"enabled": True}).get("PodMonitor", "byodc")["spec"]["podMetricsEndpoints"]
    services = _installed(serviceMonitor={"enabled": True}).get("ServiceMonitor", "byodc")["spec"]["endpoints"]
    assert [endpoint["honorLabels"] for endpoint in pods + services] == [True, True]
