# Sends the receiver a message of its own.
# base: accepted/rest_interface.py
# fails: webhooks.tried

# %% Task 9: no test of the webhook
test_reply = requests.post(receiver_url, json={"event": "TEST"}).text
