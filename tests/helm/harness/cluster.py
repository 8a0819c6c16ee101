"""An API server that knows one thing: which Secrets a namespace has. Enough for Helm to look them up during an install.

It has no schemas, so Helm gets no further than rendering. Values that the chart takes end there, with `RENDERED` in Helm's words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from helm_python import Config, HelmError

from harness import chart

RENDERED = "failed to download openapi"


def words(values: dict[str, Any], secrets: dict[str, list[str]]) -> str:
    """What Helm says to an install (dry run at the server) in a namespace with these Secrets, each with its keys."""
    with _serving(secrets) as address, Config(kubeconfig_content=_kubeconfig(address)) as config:
        try:
            config.install(chart.loaded(), "till", values, namespace=chart.NAMESPACE, dry_run="server")
        except HelmError as error:
            return str(error)
    raise AssertionError("an API server without schemas took the objects")


@contextmanager
def _serving(secrets: dict[str, list[str]]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(_answers(secrets)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answers(secrets: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    items = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {key: "eA==" for key in keys}}
        for name, keys in secrets.items()
    ]
    resource = {"name": "secrets", "singularName": "secret", "namespaced": True, "kind": "Secret", "verbs": ["list"]}
    return {
        "/version": {"major": "1", "minor": "37", "gitVersion": "v1.37.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [resource]},
        f"/api/v1/namespaces/{chart.NAMESPACE}/secrets": {
            "kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": items
        },
    }


def _handler(answers: dict[str, dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802, the name is the library's
            found = answers.get(self.path.split("?")[0])
            absent = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
            body = json.dumps(found or absent).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler


def _kubeconfig(address: str) -> str:
    return json.dumps({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": chart.NAMESPACE}}],
        "clusters": [{"name": "here", "cluster": {"server": address}}],
        "users": [{"name": "me", "user": {}}],
    })
