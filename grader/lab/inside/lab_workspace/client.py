"""A call that a guide in circulation makes and no released client has.

``MlflowClient().create_webhook(name=..., events=[...], job_spec=..., model_name=..., target_stage=...)``: MLflow's own
``create_webhook`` takes a URL and events of MLflow's, and Databricks' registry webhooks have a client and an endpoint
of their own. The lab understands what is meant, does it, and says what the call is.
"""

from __future__ import annotations

import os
import warnings
from types import SimpleNamespace
from typing import Any

PATH = "/api/2.0/mlflow/registry-webhooks/create"
_HINT = (
    "MlflowClient.create_webhook has no {names}: on Databricks this call fails. The lab has made a registry webhook of "
    "it, as WorkspaceClient().model_registry.create_webhook(events=[...], model_name=..., {spec}=...) of "
    "databricks-sdk does, "
    f"or POST {PATH}{{stage}}."
)
_STAGE_HINT = "; for one stage alone listen to the event MODEL_VERSION_TRANSITIONED_TO_<STAGE>"


def settle(client: Any) -> None:
    """Have MLflow's client class understand the call; all other calls of ``create_webhook`` stay MLflow's."""
    original = client.create_webhook

    def create_webhook(
        self: Any,
        name: str | None = None,
        url: str | None = None,
        events: Any = None,
        description: str | None = None,
        secret: str | None = None,
        status: Any = None,
        **more: Any,
    ) -> Any:
        meant = {key: more.pop(key, None) for key in ("job_spec", "http_url_spec", "model_name", "target_stage")}
        if more:
            raise TypeError(f"create_webhook() got an unexpected keyword argument '{next(iter(more))}'")
        if not any(meant.values()):
            return original(self, name, url, events, description, secret, status)
        if url and not meant["http_url_spec"] and not meant["job_spec"]:
            meant["http_url_spec"] = {"url": url, "secret": secret}
        names = " and no ".join(key for key, value in meant.items() if value)
        spec = "http_url_spec" if meant["http_url_spec"] else "job_spec"
        stage = _STAGE_HINT if meant["target_stage"] else ""
        warnings.warn(_HINT.format(names=names, spec=spec, stage=stage), stacklevel=2)
        body = {
            "model_name": meant["model_name"],
            "events": _events(events, meant["target_stage"]),
            "description": description or name,
            "status": status,
            "http_url_spec": _plain(meant["http_url_spec"]),
            "job_spec": _job(meant["job_spec"]),
        }
        return _create({key: value for key, value in body.items() if value is not None})

    create_webhook.__doc__ = original.__doc__
    client.create_webhook = create_webhook


def _events(events: Any, stage: str | None) -> list[str]:
    told = [str(getattr(event, "value", event)) for event in ([events] if isinstance(events, str) else events or [])]
    if not stage:
        return told
    general = {
        "MODEL_VERSION_TRANSITIONED_STAGE": f"MODEL_VERSION_TRANSITIONED_TO_{stage.upper()}",
        "TRANSITION_REQUEST_CREATED": f"TRANSITION_REQUEST_TO_{stage.upper()}_CREATED",
    }
    return [general.get(event, event) for event in told]


def _plain(spec: Any) -> dict[str, Any] | None:
    """A specification as JSON has it: given so, as databricks-sdk's class or as databricks-registry-webhooks' one."""
    if spec is None or isinstance(spec, dict):
        return spec
    if hasattr(spec, "as_dict"):
        plain: dict[str, Any] = spec.as_dict()
        return plain
    return {name.lstrip("_"): value for name, value in vars(spec).items() if value is not None}


def _job(spec: Any) -> dict[str, Any] | None:
    plain = _plain(spec)
    return None if plain is None else {"access_token": os.environ.get("DATABRICKS_TOKEN", ""), **plain}


def _create(body: dict[str, Any]) -> Any:
    import requests
    from mlflow.exceptions import RestException

    headers = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    answer = requests.post(os.environ["DATABRICKS_HOST"].rstrip("/") + PATH, json=body, headers=headers, timeout=60)
    told = answer.json()
    if not answer.ok:
        raise RestException(told)
    return SimpleNamespace(**told["webhook"])
