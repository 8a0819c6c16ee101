"""Whatever an object refers to is there: made by the chart, or named in the values as made beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness import labels, pods
from harness.chart import Release

DEFAULT_ACCOUNT = "default"


def _texts(part: Any) -> Iterator[str]:
    """Every text in the values: a name that stands there is one that the operator has promised."""
    if isinstance(part, dict):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)
    elif isinstance(part, str):
        yield part


def _made_or_promised(release: Release, kind: str, name: str) -> bool:
    made_by_cert_manager = {one["spec"]["secretName"] for one in release.all("Certificate")} if kind == "Secret" else set()
    return release.find(kind, name) is not None or name in made_by_cert_manager or name in set(_texts(release.values))


def _wanted(pod: pods.PodTemplate) -> Iterator[tuple[str, str]]:
    for secret in pod.spec.get("imagePullSecrets", []):
        yield "Secret", secret["name"]
    for volume in pod.spec.get("volumes", []):
        yield from _of_volume(volume)
        for source in (volume.get("projected") or {}).get("sources", []):
            yield from _of_volume(source)
    for container in pod.containers():
        for variable in container.get("env", []):
            source = variable.get("valueFrom") or {}
            for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                if key in source and not source[key].get("optional"):
                    yield kind, source[key]["name"]
        for source in container.get("envFrom", []):
            for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
                if key in source and not source[key].get("optional"):
                    yield kind, source[key]["name"]


def _of_volume(volume: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "secret" in volume:
        yield "Secret", volume["secret"].get("secretName") or volume["secret"]["name"]
    if "configMap" in volume:
        yield "ConfigMap", volume["configMap"]["name"]
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]


def _service_has_port(release: Release, name: str, port: dict[str, Any] | int) -> bool:
    ports = release.get("Service", name)["spec"]["ports"]
    wanted = {"number": port} if isinstance(port, int) else port
    return any(one.get("name") == wanted.get("name", 0) or one["port"] == wanted.get("number") for one in ports)


def _chosen(release: Release, selector: dict[str, Any]) -> list[pods.PodTemplate]:
    return [pod for pod in pods.templates(release) if labels.matches(selector, pod.labels)]


def _behind(release: Release, service: dict[str, Any]) -> list[pods.PodTemplate]:
    return _chosen(release, {"matchLabels": service["spec"]["selector"]})


def every_secret_claim_and_config_map_of_a_pod_is_there(release: Release) -> None:
    for pod in pods.templates(release):
        for kind, name in _wanted(pod):
            assert _made_or_promised(release, kind, name), f"{pod.owner} wants {kind}/{name}"


def every_mount_names_a_volume_and_every_volume_is_mounted(release: Release) -> None:
    for pod in pods.templates(release):
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
        claims = release.get(*pod.owner.split("/"))["spec"].get("volumeClaimTemplates", [])
        volumes |= {claim["metadata"]["name"] for claim in claims}
        mounts = {mount["name"] for one in pod.containers() for mount in one.get("volumeMounts", [])}
        assert mounts == volumes, pod.owner


def every_service_account_is_there(release: Release) -> None:
    for pod in pods.templates(release):
        name = pod.spec.get("serviceAccountName", DEFAULT_ACCOUNT)
        assert name == DEFAULT_ACCOUNT or _made_or_promised(release, "ServiceAccount", name), pod.owner


def every_service_reaches_a_port_of_some_pod(release: Release) -> None:
    for service in release.all("Service"):
        chosen = _behind(release, service)
        assert chosen, f"Service/{service['metadata']['name']} selects nothing"
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            for pod in chosen:
                numbers = {one["containerPort"] for c in pod.spec["containers"] for one in c.get("ports", [])}
                assert target in pod.ports() or target in numbers, f"{service['metadata']['name']}: {port}, {pod.owner}"


def a_service_reaches_pods_of_one_kind(release: Release) -> None:
    for service in release.all("Service"):
        owners = {pod.owner for pod in _behind(release, service)}
        assert len(owners) == 1, f"Service/{service['metadata']['name']} reaches {owners}"


def every_probe_asks_a_port_that_is_open(release: Release) -> None:
    for pod in pods.templates(release):
        for container in pod.spec["containers"]:
            open_ports = {one.get("name") for one in container.get("ports", [])}
            open_ports |= {one["containerPort"] for one in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                for how in ("httpGet", "tcpSocket"):
                    if how in container.get(probe, {}):
                        assert container[probe][how]["port"] in open_ports, f"{pod.owner}: {probe}"


def every_pod_selector_finds_pods(release: Release) -> None:
    for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector"), ("PodMonitor", "selector")):
        for found in release.all(kind):
            assert _chosen(release, found["spec"][key]), f"{kind}/{found['metadata']['name']}"


def every_monitor_names_a_port_that_exists(release: Release) -> None:
    for monitor in release.all("ServiceMonitor"):
        selector = monitor["spec"]["selector"]
        chosen = [one for one in release.all("Service") if labels.matches(selector, one["metadata"].get("labels", {}))]
        for endpoint in monitor["spec"]["endpoints"]:
            names = [{port["name"] for port in service["spec"]["ports"]} for service in chosen]
            assert any(endpoint["port"] in ports for ports in names), monitor["metadata"]["name"]
    for monitor in release.all("PodMonitor"):
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            for pod in _chosen(release, monitor["spec"]["selector"]):
                assert endpoint["port"] in pod.ports(), pod.owner


def a_pod_is_scraped_once(release: Release) -> None:
    """Two monitors on the same port would count every figure twice."""
    for pod in pods.templates(release):
        by_pod = [one for one in release.all("PodMonitor") if labels.matches(one["spec"]["selector"], pod.labels)]
        services = [s for s in release.all("Service") if s["spec"]["selector"].items() <= pod.labels.items()]
        by_service = [
            (monitor["metadata"]["name"], service["metadata"]["name"])
            for monitor in release.all("ServiceMonitor")
            for service in services
            if labels.matches(monitor["spec"]["selector"], service["metadata"].get("labels", {}))
            and any(port["name"] == monitor["spec"]["endpoints"][0]["port"] for port in service["spec"]["ports"])
        ]
        assert len(by_pod) + len(by_service) <= 1, f"{pod.owner}: {by_pod} {by_service}"


def every_way_in_leads_to_the_proxy(release: Release) -> None:
    """From there on the proxy chooses the pod; whoever led to the pods themselves would be told 421."""
    backends = [
        (path["backend"]["service"]["name"], path["backend"]["service"]["port"])
        for ingress in release.all("Ingress")
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    routes = [ref for route in release.all("HTTPRoute") for rule in route["spec"]["rules"] for ref in rule["backendRefs"]]
    backends += [(ref["name"], ref["port"]) for ref in routes]
    for mapping in release.all("Mapping"):
        host, _, port = mapping["spec"]["service"].rpartition(":")
        backends.append((host.split("//")[-1].split(".")[0], int(port)))
    for name, port in backends:
        assert name == "byodc-proxy"
        assert _service_has_port(release, name, port), (name, port)


def every_binding_names_a_role_and_an_account_that_exist(release: Release) -> None:
    for binding in release.all("RoleBinding") + release.all("ClusterRoleBinding"):
        role = binding["roleRef"]
        release.get(role["kind"], role["name"])
        for subject in binding["subjects"]:
            assert _made_or_promised(release, subject["kind"], subject["name"]), binding["metadata"]["name"]


def every_autoscaler_names_a_deployment_that_leaves_the_count_to_it(release: Release) -> None:
    for scaler in release.all("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert "replicas" not in release.get(target["kind"], target["name"])["spec"], target


def every_stateful_set_names_its_service(release: Release) -> None:
    for found in release.all("StatefulSet"):
        release.get("Service", found["spec"]["serviceName"])


def the_admin_port_is_on_no_service_that_faces_outside(release: Release) -> None:
    for service in release.all("Service"):
        facing = service["spec"].get("clusterIP") != "None"
        targets = {port.get("targetPort", port["port"]) for port in service["spec"]["ports"]}
        assert not (facing and targets & {8081, "admin"}), service["metadata"]["name"]
