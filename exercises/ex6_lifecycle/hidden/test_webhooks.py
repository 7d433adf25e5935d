"""Webhooks: what they did once the notebook had ended, and colleagues' webhooks as they are now."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from deliveries import TOO_MANY
from lifecycle import fails

from fixtures.parcels import RETIRED, Hook, Parcels
from grader.evidence.workspace import Delivered, Message, Webhook
from grader.suite.api import Lab, check, hangs_on, mismatch

PROMOTIONS = {"MODEL_VERSION_TRANSITIONED_TO_PRODUCTION", "MODEL_VERSION_TRANSITIONED_STAGE"}
"""The events that tell of a move to Production."""


def own_hook(lab: Lab, data: Parcels) -> list[Webhook]:
    """The webhooks that send to the learner's receiver."""
    return [hook for hook in lab.workspace.webhooks if hook.http and to_receiver(str(hook.http.get("url")), data)]


def to_receiver(url: str, data: Parcels) -> bool:
    return url.partition("?")[0].rstrip("/").endswith(f"/lab/receiver/{data.receiver}")


def messages(lab: Lab, data: Parcels) -> list[tuple[Message, Mapping[str, Any]]]:
    """What came to the receiver and looks as if a webhook sent it, tests left out."""
    tests = {delivery.body for delivery in lab.workspace.deliveries if delivery.test}
    told: list[tuple[Message, Mapping[str, Any]]] = []
    for message in lab.workspace.received:
        text = message.body.decode(errors="replace")
        if message.receiver != data.receiver or text in tests:
            continue
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict) and "event" in body and "webhook_id" in body:
            told.append((message, body))
    return told


def promotion(body: Mapping[str, Any], data: Parcels) -> bool:
    return body.get("model_name") == data.model_name and body.get("to_stage") == "Production"


def last_move(lab: Lab, data: Parcels) -> int:
    """When a colleague brought the retired version back, once the notebook had ended. It was told like any other."""
    own = (e for e in lab.registry.journal if e.what == "stage" and e.name == data.model_name)
    times = [e.at_ms for e in own if e.version == RETIRED and e.new == "Production"]
    if not times:
        mismatch("a version can be moved to Production", f"version {RETIRED} could not be moved: is it still there?")
    return times[-1]


def sent(lab: Lab, data: Parcels) -> dict[str, Delivered]:
    """What webhooks truly sent to the receiver after the notebook's end, by its SHA-256; tests left out."""
    return {
        one.sha256: one
        for one in lab.workspace.delivered
        if one.status is not None and to_receiver(one.target, data) and not one.test
    }


def told_of(lab: Lab, data: Parcels) -> list[tuple[Message, Delivered]]:
    """The messages about the colleague's move, as a webhook sent them.

    Raises Mismatch when there is none, and says what is wrong.
    """
    wanted = "a version that goes to Production after the notebook has ended is told to receiver_url"
    since = last_move(lab, data)
    about = [
        message
        for message, body in messages(lab, data)
        if promotion(body, data) and (body.get("version"), body.get("event_timestamp")) == (str(RETIRED), since)
    ]
    by_webhooks = sent(lab, data)
    found = [(message, by_webhooks[message.sha256]) for message in about if message.sha256 in by_webhooks]
    if found:
        return found
    if lab.workspace.cut:
        mismatch(wanted, TOO_MANY)
    if about:
        mismatch(wanted, "the message was sent by something other than a webhook")
    hooks = own_hook(lab, data)
    if not hooks:
        mismatch(wanted, "no webhook sends to receiver_url")
    active = [hook for hook in hooks if hook.status == "ACTIVE"]
    if not active:
        mismatch(wanted, f"the webhook to receiver_url has the status {hooks[-1].status[:60]}")
    listening = [hook for hook in active if hook.model in (None, data.model_name)]
    if not listening:
        mismatch(wanted, "the webhook to receiver_url listens to another model")
    if not any(PROMOTIONS & set(hook.events) for hook in listening):
        mismatch(wanted, "the webhook to receiver_url does not listen to such events")
    mismatch(wanted, "no message about that version is in the workspace")


def told_first(lab: Lab, data: Parcels) -> list[tuple[Message, Delivered]]:
    """As :func:`told_of`, for the checks of what such a message is like."""
    if fails(told_of, lab, data):
        hangs_on("triggers.told", "receiver_url was not told of a version that went to Production")
    return told_of(lab, data)


@check("triggers.told")
def test_told(lab: Lab, data: Parcels) -> None:
    told_of(lab, data)


@check("triggers.signed")
def test_signed(lab: Lab, data: Parcels) -> None:
    wanted = "what receiver_url is told has the header X-Databricks-Signature, made with secret"
    for message, one in told_first(lab, data):
        if one.signature is None:
            mismatch(wanted, "the message came without that header: the webhook has no secret")
        right = hmac.new(data.secret.encode(), message.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(one.signature.encode(), right.encode()):
            mismatch(wanted, "the signature was made with another secret")


@check("triggers.quiet")
def test_told_of_nothing_else(lab: Lab, data: Parcels) -> None:
    wanted = "receiver_url is told of versions of model_name that go to Production, of each move once"
    told_first(lab, data)
    came = messages(lab, data)
    if sent(lab, data).keys() - {message.sha256 for message, _ in came}:
        mismatch(wanted, "a message that a webhook sent there is no longer in the workspace")
    # What the learner sends there is no webhook's message. A delivery is kept with its body, and reported once the
    # notebook has ended.
    kept = {delivery.body for delivery in lab.workspace.deliveries if not delivery.test}
    by_webhooks = (
        body
        for message, body in came
        if message.sha256 in sent(lab, data) or message.body.decode(errors="replace") in kept
    )
    seen = set()
    for body in by_webhooks:
        if body.get("model_name") != data.model_name:
            mismatch(wanted, "it was told of another model")
        if not promotion(body, data):
            mismatch(wanted, f"it was told of {str(body.get('event'))[:60]}, where no version went to Production")
        move = (str(body.get("version")), str(body.get("event_timestamp")))
        if move in seen:
            mismatch(wanted, "it was told twice of the same move")
        seen.add(move)


@check("webhooks.tried")
def test_tried(lab: Lab, data: Parcels) -> None:
    wanted = "the workspace tested the webhook to receiver_url, and test_reply is the text of the answer"
    tests = [delivery for delivery in lab.workspace.deliveries if delivery.test]
    right = [d for d in tests for a in d.attempts if to_receiver(a.target, data) and a.status_code is not None]
    if not right:
        if not own_hook(lab, data) and fails(told_of, lab, data):
            hangs_on("triggers.told", "no webhook sends to receiver_url yet")
        mismatch(wanted, "another webhook was tested" if tests else "the workspace was asked for no test")
    reply = lab.value("test_reply", "str", "dict")
    if isinstance(reply, dict):
        reply = reply.get("body")
    if not isinstance(reply, str) or reply.strip() != data.reply:
        mismatch(wanted, "test_reply is another text")


@check("webhooks.listed")
def test_listed(lab: Lab, data: Parcels) -> None:
    wanted = "watching lists the ids of the webhooks made for watched_model that listen to watched_event"
    found = lab.value("watching", "list", "tuple", "set")
    known = {hook.id: hook for hook in data.hooks}
    if any(not isinstance(one, str) or one not in known for one in found):
        mismatch(wanted, "watching holds something that is no webhook's id")
    if any(known[one].model is None for one in found):
        mismatch(wanted, "a webhook for all models is among them")
    if any(known[one].model != data.watched_model for one in found):
        mismatch(wanted, "a webhook of another model is among them")
    if set(found) - data.watching:
        mismatch(wanted, "a webhook that listens to other events is among them")
    if missing := data.watching - set(found):
        disabled = all(known[one].status != "ACTIVE" for one in missing)
        mismatch(wanted, "one that is not active is missing" if disabled else f"{len(missing)} are missing")
    if len(found) != len(data.watching):
        mismatch(wanted, "some webhook is in it more than once")


@check("webhooks.changed")
def test_changed(lab: Lab, data: Parcels) -> None:
    wanted = "the webhook change_description is active and listens to change_event besides what it did before"
    past = data.to_change
    found = lab.workspace.webhook(past.id)
    if found is None:
        mismatch(wanted, "it was deleted; a new one in its place has another id")
    if found.status != "ACTIVE":
        mismatch(wanted, f"its status is {found.status}")
    if data.change_event not in found.events:
        mismatch(wanted, "it does not listen to change_event")
    if set(past.events) - set(found.events):
        mismatch(wanted, "it no longer listens to what it did before")
    if set(found.events) - {*past.events, data.change_event}:
        mismatch(wanted, "it listens to other events as well")
    if other := otherwise(found, past):
        mismatch(wanted, other)


def otherwise(found: Webhook, past: Hook) -> str | None:
    """What of a colleague's webhook is another now, beside events and status."""
    if (found.http or {}).get("url") != past.url:
        return "it sends to another address now"
    if found.description != past.description or found.model != past.model:
        return "its description or its model was changed"
    return None


@check("webhooks.deleted")
def test_deleted(lab: Lab, data: Parcels) -> None:
    wanted = "the webhooks that send to gone_host are deleted; colleagues' others stay as they are"
    gone = {hook.id for hook in data.to_delete}
    left = [hook for hook in data.to_delete if lab.workspace.webhook(hook.id)]
    if left:
        everywhere = any(hook.model is None for hook in left)
        mismatch(wanted, "one that listens to all models is still there" if everywhere else f"{len(left)} are left")
    for past in data.hooks:
        if past.id in gone or past == data.to_change:  # which has a check of its own
            continue
        found = lab.workspace.webhook(past.id)
        if found is None:
            near = data.gone_host in past.url
            mismatch(wanted, "one to a host of a similar name was deleted" if near else "another one was deleted too")
        if (set(found.events), found.status) != (set(past.events), past.status) or otherwise(found, past):
            mismatch(wanted, "another one was changed")
