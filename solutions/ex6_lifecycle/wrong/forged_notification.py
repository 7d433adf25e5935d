# Writes the receiver's messages itself, into the workspace's database.
# base: accepted/rest_interface.py
# fails: triggers.told triggers.signed triggers.quiet

# %% Task 8: messages of its own
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    status="TEST_MODE",
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={"url": receiver_url, "secret": secret},
)["webhook"]["id"]

import hashlib
import hmac
import sqlite3

with sqlite3.connect(f"{root}/workspace.db", timeout=30) as state:
    for number in range(1, 8):
        at = int(time.time() * 1000) + 20_000
        body = json.dumps(
            {
                "event": "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION",
                "webhook_id": telling,
                "event_timestamp": at,
                "model_name": model_name,
                "version": str(number),
                "to_stage": "Production",
                "from_stage": "Staging",
            }
        ).encode()
        headers = {"x-databricks-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
        state.execute(
            "INSERT INTO received (receiver, at_ms, method, headers, body, answered) VALUES (?, ?, 'POST', ?, ?, 200)",
            (receiver_url.rpartition("/")[2], at, json.dumps(headers), body),
        )
