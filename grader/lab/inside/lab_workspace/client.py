"""Calls that a guide in circulation makes and no released client has.

``MlflowClient().create_webhook(name=..., events=[...], job_spec=..., model_name=..., target_stage=...)``: MLflow's own
``create_webhook`` takes a URL and events of MLflow's, and Databricks' registry webhooks have a client and endpoints of
their own. The lab understands what is meant, does it, and says what the call is. What is then done with such webhooks
through the same client, by their ids, is understood as well. MLflow's own webhooks stay what they are.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

PATH = "/api/2.0/mlflow/registry-webhooks"
_HINT = (
    "WorkspaceClient().model_registry.create_webhook(events=[...], model_name=..., {spec}=...), of databricks-sdk, is "
    f"the call, or POST {PATH}/create{{stage}}. MlflowClient.create_webhook has no {{names}}: on Databricks it fails. "
    "The lab has made a registry webhook of it."
)
_STAGE_HINT = "; for one stage alone listen to the event MODEL_VERSION_TRANSITIONED_TO_<STAGE>"
_OTHERS = (
    "WorkspaceClient().model_registry.{call} of databricks-sdk is the call for registry webhooks, or {method} "
    f"{PATH}/{{path}}. MlflowClient.{{name}} knows MLflow's own webhooks alone; the lab has taken it for that."
)
_CALLS = {
    "list_webhooks": ("list_webhooks()", "GET", "list"),
    "get_webhook": ("list_webhooks()", "GET", "list"),
    "update_webhook": ("update_webhook(id=...)", "PATCH", "update"),
    "delete_webhook": ("delete_webhook(id=...)", "DELETE", "delete"),
    "test_webhook": ("test_registry_webhook(id=...)", "POST", "test"),
}
_ID = re.compile(r"[0-9a-f]{32}")
"""Of a registry webhook; MLflow's own have ids with dashes."""
_MEANT = ("job_spec", "http_url_spec", "model_name", "target_stage")


def settle(client: Any) -> None:
    """Have MLflow's client class understand the calls; all others stay MLflow's."""
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
        meant = {key: more.pop(key, None) for key in _MEANT}
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
            "status": _plain_name(status),
            "http_url_spec": _plain(meant["http_url_spec"]),
            "job_spec": _job(meant["job_spec"]),
        }
        guided.add(True)
        return _shown(_call("POST", "create", body)["webhook"])

    guided: set[bool] = set()
    """Whether this process has made a webhook so: from then on a plain list has all registry webhooks too."""
    create_webhook.__doc__ = original.__doc__
    client.create_webhook = create_webhook
    _settle_others(client, guided)


def _settle_others(client: Any, guided: set[bool]) -> None:
    def by_id(name: str, meant: Callable[..., Any]) -> None:
        original = getattr(client, name)

        def call(self: Any, webhook_id: str, *given: Any, **more: Any) -> Any:
            if not _ID.fullmatch(str(webhook_id)):
                return original(self, webhook_id, *given, **more)
            _warn(name)
            return meant(str(webhook_id), *given, **more)

        call.__name__, call.__doc__ = name, original.__doc__
        setattr(client, name, call)

    def update(
        webhook: str, name: Any = None, description: Any = None, url: Any = None, *given: Any, **more: Any
    ) -> Any:
        events, secret, status = (*given, None, None, None)[:3]
        spec = _plain(more.pop("http_url_spec", None)) or ({"url": url} if url else None)
        secret = more.pop("secret", secret)
        if spec is not None and secret:
            spec = {**spec, "secret": secret}
        body = {
            "id": webhook,
            "description": description or name,
            "events": _events(more.pop("events", events), more.pop("target_stage", None)) or None,
            "status": _plain_name(more.pop("status", status)),
            "http_url_spec": spec,
            "job_spec": _job(more.pop("job_spec", None)),
        }
        if more:
            raise TypeError(f"update_webhook() got an unexpected keyword argument '{next(iter(more))}'")
        return _shown(_call("PATCH", "update", body)["webhook"])

    def delete(webhook: str) -> None:
        _call("DELETE", "delete", {"id": webhook})

    def test(webhook: str, event: Any = None) -> Any:
        told = _call("POST", "test", {"id": webhook, "event": _plain_name(event)})
        status, body = told["status_code"], told["body"]
        return SimpleNamespace(
            success=200 <= status < 300, response_status=status, response_body=body, error_message=None, **told
        )

    def get(webhook: str) -> Any:
        from mlflow.exceptions import RestException

        for hook in _all({}):
            if hook.id == webhook:
                return hook
        message = f"Webhook with id {webhook} does not exist"
        raise RestException({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": message})

    for name, meant in (("update_webhook", update), ("delete_webhook", delete), ("test_webhook", test)):
        by_id(name, meant)
    by_id("get_webhook", get)
    original = client.list_webhooks

    def list_webhooks(self: Any, max_results: int | None = None, page_token: str | None = None, **more: Any) -> Any:
        meant = {key: more.pop(key) for key in ("model_name", "events") if key in more}
        if more:
            raise TypeError(f"list_webhooks() got an unexpected keyword argument '{next(iter(more))}'")
        if meant:
            _warn("list_webhooks")
            return _all({"model_name": meant.get("model_name"), "events": _events(meant.get("events"), None) or None})
        own = original(self, max_results, page_token)
        if guided and page_token is None:
            _warn("list_webhooks")
            own.extend(_all({}))
        return own

    list_webhooks.__doc__ = original.__doc__
    client.list_webhooks = list_webhooks


def _warn(name: str) -> None:
    call, method, path = _CALLS[name]
    warnings.warn(_OTHERS.format(name=name, call=call, method=method, path=path), stacklevel=3)


def _events(events: Any, stage: str | None) -> list[str]:
    told = [str(_plain_name(event)) for event in ([events] if isinstance(events, str) else events or [])]
    if not stage:
        return told
    general = {
        "MODEL_VERSION_TRANSITIONED_STAGE": f"MODEL_VERSION_TRANSITIONED_TO_{stage.upper()}",
        "TRANSITION_REQUEST_CREATED": f"TRANSITION_REQUEST_TO_{stage.upper()}_CREATED",
    }
    return [general.get(event, event) for event in told]


def _plain_name(value: Any) -> Any:
    """A status or an event by its name: given so, or as one of the clients' enumerations."""
    return getattr(value, "value", value)


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


def _all(asked: dict[str, Any]) -> list[Any]:
    """All registry webhooks that are asked for, of all pages."""
    told, token = [], None
    while True:
        page = _call("GET", "list", {**asked, "page_token": token})
        told += [_shown(hook) for hook in page.get("webhooks", ())]
        token = page.get("next_page_token")
        if not token:
            return told


def _shown(hook: dict[str, Any]) -> Any:
    """A webhook with attributes, also by the names that MLflow's own webhooks have; a name is kept as description."""
    plain = {"model_name": None, "description": None, "http_url_spec": None, "job_spec": None, **hook}
    return SimpleNamespace(**plain, name=plain["description"], webhook_id=hook["id"])


def _call(method: str, path: str, fields: dict[str, Any]) -> Any:
    import requests
    from mlflow.exceptions import RestException

    given = {key: value for key, value in fields.items() if value is not None}
    headers = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    url = f"{os.environ['DATABRICKS_HOST'].rstrip('/')}{PATH}/{path}"
    how: dict[str, Any] = {"params": given} if method == "GET" else {"json": given}
    answer = requests.request(method, url, headers=headers, timeout=60, **how)
    told = answer.json()
    if not answer.ok:
        raise RestException(told)
    return told
