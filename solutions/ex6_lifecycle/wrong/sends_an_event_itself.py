# Sends the receiver an event that looks like a webhook's, in place of testing the webhook.
# base: accepted/rest_interface.py
# fails: webhooks.tried

# %% Task 9: no test of the webhook
event = {"event": "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION", "webhook_id": telling, "text": "test"}
test_reply = requests.post(receiver_url, json=event).text
