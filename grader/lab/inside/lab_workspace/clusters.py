"""Clusters: what a lab has of them, and what a job may ask for. No cluster is made: all tasks run in the lab.

``clusters.json`` in the lab's folder, a list of objects with ``cluster_id`` and ``cluster_name``, says which there are;
without it there is one.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .services import Services
from .shapes import choice, many, number, opaque, record, text, texts_by_name, truth, wrong
from .wire import Fields, Request, Routes

DEFAULT = {"cluster_id": "0101-000000-lab00001", "cluster_name": "lab"}
RUNTIMES = (
    ("17.3.x-scala2.13", "17.3 LTS (includes Apache Spark 4.0.0, Scala 2.13)"),
    ("17.3.x-cpu-ml-scala2.13", "17.3 LTS ML (includes Apache Spark 4.0.0, Scala 2.13)"),
    ("16.4.x-scala2.12", "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("16.4.x-cpu-ml-scala2.12", "16.4 LTS ML (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("15.4.x-scala2.12", "15.4 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("15.4.x-cpu-ml-scala2.12", "15.4 LTS ML (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("14.3.x-scala2.12", "14.3 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("14.3.x-cpu-ml-scala2.12", "14.3 LTS ML (includes Apache Spark 3.5.0, Scala 2.12)"),
)
NODES = (
    ("i3.xlarge", 31_232, 4, "Storage Optimized", True),
    ("i3.2xlarge", 62_464, 8, "Storage Optimized", True),
    ("m5d.large", 8_192, 2, "General Purpose", True),
    ("m5d.xlarge", 16_384, 4, "General Purpose", True),
    ("r5d.xlarge", 32_768, 4, "Memory Optimized", True),
    ("c5d.2xlarge", 16_384, 8, "Compute Optimized", True),
)
"""Type, memory in MB, cores, category and whether it has a disk of its own."""
_RUNTIME = re.compile(r"(custom:.+|\d{1,2}\.(\d{1,2}|x)\.(x|\d{1,2})(-[a-z0-9]+)*-scala2\.1[0-3])", re.ASCII)
_NODE = re.compile(r"Standard_[A-Z]+\w+|[a-z]+\d[a-z0-9-]*\.(\d*x?large|metal)|[a-z]\d[a-z]?-[a-z]+-\d+\w*", re.ASCII)
"""The names that the three clouds give their machines."""

_OBJECTS = (
    "aws_attributes",
    "azure_attributes",
    "gcp_attributes",
    "cluster_log_conf",
    "docker_image",
    "workload_type",
    "driver_node_type_flexibility",
    "worker_node_type_flexibility",
)
_TEXTS = (
    "cluster_name",
    "data_security_mode",
    "dependency_mode",
    "driver_instance_pool_id",
    "driver_node_type_id",
    "instance_pool_id",
    "kind",
    "node_type_id",
    "policy_id",
    "runtime_engine",
    "single_user_name",
    "spark_version",
)
_TRUTHS = (
    "apply_policy_default_values",
    "enable_elastic_disk",
    "enable_local_disk_encryption",
    "is_single_node",
    "use_ml_runtime",
)
_NUMBERS = (
    "autotermination_minutes",
    "num_workers",
    "remote_disk_throughput",
    "total_initial_remote_disk_size",
)
NEW = record(
    {
        **dict.fromkeys(_OBJECTS, opaque),
        **dict.fromkeys(_TEXTS, text()),
        **dict.fromkeys(_TRUTHS, truth),
        **dict.fromkeys(_NUMBERS, number()),
        "autoscale": record({"min_workers": number(), "max_workers": number(1)}, ("min_workers", "max_workers")),
        "custom_tags": texts_by_name(),
        "init_scripts": many(opaque),
        "spark_conf": texts_by_name(),
        "spark_env_vars": texts_by_name(),
        "ssh_public_keys": many(text()),
        "runtime_engine": choice("NULL", "STANDARD", "PHOTON"),
    }
)


def routes(services: Services) -> Routes:
    """The endpoints for clusters, those that only look."""

    def all_of_them(request: Request) -> dict[str, Any]:
        return {"clusters": [_shown(services, each) for each in existing(services)]}

    def get(request: Request) -> dict[str, Any]:
        cluster = Fields(request.fields(), ("cluster_id",)).needed("cluster_id")
        check(services, cluster)
        return next(_shown(services, each) for each in existing(services) if each["cluster_id"] == cluster)

    def runtimes(request: Request) -> dict[str, Any]:
        return {"versions": [{"key": key, "name": name} for key, name in RUNTIMES]}

    def nodes(request: Request) -> dict[str, Any]:
        return {"node_types": [_node(*each) for each in NODES]}

    return {
        ("GET", f"/api/{version}/clusters/{name}"): handler
        for version in ("2.0", "2.1")
        for name, handler in (
            ("list", all_of_them),
            ("get", get),
            ("spark-versions", runtimes),
            ("list-node-types", nodes),
        )
    }


def existing(services: Services) -> list[dict[str, Any]]:
    """The clusters that the lab says it has."""
    try:
        told = json.loads((services.settings.root / "clusters.json").read_text())
        found = [each for each in told if isinstance(each, dict) and isinstance(each.get("cluster_id"), str)]
    except (OSError, ValueError, TypeError):
        found = []
    return found or [DEFAULT]


def check(services: Services, cluster: str) -> None:
    """Raises ApiError when there is no such cluster."""
    if not any(each["cluster_id"] == cluster for each in existing(services)):
        raise wrong(f"Cluster {cluster[:100]} does not exist")


def check_new(cluster: dict[str, Any], where: str) -> None:
    """Raises ApiError for a cluster that Databricks would not make."""
    runtime = cluster.get("spark_version")
    if not runtime:
        raise wrong(f"Missing required field: {where}.spark_version")
    if not _RUNTIME.fullmatch(runtime):
        raise wrong(f"Invalid spark version {runtime[:100]}.")
    if not ("node_type_id" in cluster or "instance_pool_id" in cluster or "policy_id" in cluster):
        raise wrong(f"Missing required field: {where}.node_type_id")
    for name in ("node_type_id", "driver_node_type_id"):
        if name in cluster and not _NODE.fullmatch(cluster[name]):
            raise wrong(f"Node type {cluster[name][:100]} is not supported.")
    sizes = [name for name in ("num_workers", "autoscale") if name in cluster]
    if len(sizes) > 1:
        raise wrong(f"Only one of num_workers and autoscale can be specified in {where}")
    if not sizes and not cluster.get("is_single_node"):
        raise wrong(f"Missing required field: {where}.size")
    scale = cluster.get("autoscale")
    if scale and scale["min_workers"] > scale["max_workers"]:
        raise wrong(f"{where}.autoscale: min_workers must not be greater than max_workers")


def _shown(services: Services, cluster: dict[str, Any]) -> dict[str, Any]:
    return {
        "cluster_name": cluster["cluster_id"],
        "spark_version": RUNTIMES[0][0],
        "node_type_id": NODES[0][0],
        "driver_node_type_id": NODES[0][0],
        "num_workers": 0,
        "autotermination_minutes": 0,
        "state": "RUNNING",
        "state_message": "",
        "cluster_source": "API",
        "creator_user_name": services.settings.user,
        "data_security_mode": "SINGLE_USER",
        "single_user_name": services.settings.user,
        **cluster,
    }


def _node(name: str, memory: int, cores: int, category: str, disk: bool) -> dict[str, Any]:
    return {
        "node_type_id": name,
        "instance_type_id": name,
        "description": name,
        "memory_mb": memory,
        "num_cores": float(cores),
        "num_gpus": 0,
        "category": category,
        "is_deprecated": False,
        "is_hidden": False,
        "is_graviton": False,
        "is_io_cache_enabled": disk,
        "support_port_forwarding": True,
        "support_cluster_tags": True,
        "support_ebs_volumes": not disk,
        "photon_driver_capable": True,
        "photon_worker_capable": True,
        "node_instance_type": {
            "instance_type_id": name,
            "local_disks": 1 if disk else 0,
            "local_disk_size_gb": 100 if disk else 0,
            "local_nvme_disks": 0,
            "local_nvme_disk_size_gb": 0,
        },
    }
