# Keeps the status of the answer, not its text.
# base: accepted/rest_interface.py
# fails: webhooks.tried

# %% Task 9: a test, and its status
test_reply = hooks("POST", "test", id=telling)["status_code"]
