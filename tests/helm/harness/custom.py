"""Shapes of the custom resources, of which Kubernetes' own schemas know nothing.

Only fields that the chart may use are listed, and nothing beside them is allowed: a slip of the pen is seen, and a
field that is used for the first time must be written down here first. Facts are from each project's API reference.
"""

from __future__ import annotations

from typing import Any

import jsonschema

TEXT = {"type": "string", "minLength": 1}
NUMBER = {"type": "integer"}
FLAG = {"type": "boolean"}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}


def _shape(required: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": 1}


SELECTOR = _shape(matchLabels=LABELS, matchExpressions={"type": "array"})
DURATION = {"type": "string", "pattern": r"^(\d+(ms|s|m|h))+$"}
RELABEL = _list(
    _shape(
        action=TEXT, sourceLabels=_list(TEXT), targetLabel=TEXT, regex=TEXT, replacement={"type": "string"}, separator=TEXT
    )
)
ENDPOINT = {
    "port": TEXT,
    "path": {"const": "/metrics"},
    "scheme": {"enum": ["http", "https", "HTTP", "HTTPS"]},
    "interval": DURATION,
    "scrapeTimeout": DURATION,
    "honorLabels": FLAG,
    "relabelings": RELABEL,
    "metricRelabelings": RELABEL,
}
NAMESPACES = _shape(matchNames=_list(TEXT), any=FLAG)
RULE = _shape(
    "expr",
    alert=TEXT,
    record=TEXT,
    expr={"type": ["string", "number"]},
    labels=LABELS,
    annotations=LABELS,
    **{"for": DURATION, "keep_firing_for": DURATION},
)
PARENT = _shape("name", name=TEXT, namespace=TEXT, sectionName=TEXT, group=TEXT, kind=TEXT, port=NUMBER)
BACKEND = _shape("name port", name=TEXT, port=NUMBER, namespace=TEXT, weight=NUMBER, group={"type": "string"}, kind=TEXT)

SPECS: dict[tuple[str, str], dict[str, Any]] = {
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _shape(
        "selector endpoints",
        selector=SELECTOR,
        namespaceSelector=NAMESPACES,
        endpoints=_list(_shape("port", **ENDPOINT)),
        targetLabels=_list(TEXT),
        podTargetLabels=_list(TEXT),
        jobLabel=TEXT,
    ),
    ("monitoring.coreos.com/v1", "PodMonitor"): _shape(
        "selector podMetricsEndpoints",
        selector=SELECTOR,
        namespaceSelector=NAMESPACES,
        podMetricsEndpoints=_list(_shape("port", **ENDPOINT)),
        podTargetLabels=_list(TEXT),
        jobLabel=TEXT,
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): _shape(
        "groups",
        groups=_list(_shape("name rules", name=TEXT, interval=DURATION, rules=_list(RULE), labels=LABELS)),
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): _shape(
        "parentRefs rules",
        parentRefs=_list(PARENT),
        hostnames=_list(TEXT),
        rules=_list(
            _shape(
                "backendRefs",
                name=TEXT,
                matches=_list({"type": "object"}),
                filters=_list({"type": "object"}),
                backendRefs=_list(BACKEND),
                timeouts=_shape(request=DURATION, backendRequest=DURATION),
            )
        ),
    ),
    ("cert-manager.io/v1", "Certificate"): _shape(
        "secretName issuerRef dnsNames",
        secretName=TEXT,
        issuerRef=_shape("name", name=TEXT, kind=TEXT, group=TEXT),
        dnsNames=_list(TEXT),
        commonName=TEXT,
        duration=DURATION,
        renewBefore=DURATION,
        usages=_list(TEXT),
        privateKey=_shape(algorithm=TEXT, size=NUMBER, rotationPolicy={"enum": ["Always", "Never"]}, encoding=TEXT),
        secretTemplate={"type": "object"},
        revisionHistoryLimit=NUMBER,
    ),
    ("getambassador.io/v3alpha1", "Mapping"): _shape(
        "hostname prefix service",
        ambassador_id=_list(TEXT),
        hostname=TEXT,
        prefix=TEXT,
        service=TEXT,
        rewrite={"type": "string"},
        timeout_ms=NUMBER,
        connect_timeout_ms=NUMBER,
        idle_timeout_ms=NUMBER,
        resolver=TEXT,
    ),
    ("getambassador.io/v3alpha1", "Host"): _shape(
        "hostname",
        ambassador_id=_list(TEXT),
        hostname=TEXT,
        mappingSelector=SELECTOR,
        selector=SELECTOR,
        acmeProvider=_shape("authority", authority=TEXT),
        tlsSecret=_shape("name", name=TEXT, namespace=TEXT),
        tls=_shape(min_tls_version=TEXT, max_tls_version=TEXT, alpn_protocols=TEXT),
        requestPolicy=_shape(
            insecure=_shape("action", action={"enum": ["Route", "Redirect", "Reject"]}, additionalPort=NUMBER)
        ),
    ),
    ("getambassador.io/v3alpha1", "Listener"): _shape(
        "port protocol securityModel hostBinding",
        ambassador_id=_list(TEXT),
        port=NUMBER,
        protocol={"enum": ["HTTP", "HTTPS", "HTTPPROXY", "HTTPSPROXY", "TCP", "TLS"]},
        securityModel={"enum": ["XFP", "SECURE", "INSECURE"]},
        hostBinding=_shape(
            namespace=_shape("from", **{"from": {"enum": ["SELF", "ALL", "SELECTOR"]}}), selector=SELECTOR
        ),
        l7Depth=NUMBER,
    ),
}


def knows(found: dict[str, Any]) -> bool:
    """Whether this is a custom resource; one without a shape here is none."""
    return (found["apiVersion"], found["kind"]) in SPECS


def kinds() -> set[str]:
    """Every kind with a shape."""
    return {kind for _, kind in SPECS}


def validate(found: dict[str, Any]) -> None:
    """Raises with the path of what does not fit."""
    assert found.keys() <= {"apiVersion", "kind", "metadata", "spec"}, found.keys()
    jsonschema.validate(found["spec"], SPECS[found["apiVersion"], found["kind"]])
