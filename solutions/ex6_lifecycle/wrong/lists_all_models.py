# Lists the webhooks of all models that listen to the event.
# base: accepted/rest_interface.py
# fails: webhooks.listed

# %% Task 10: webhooks of all models
listed = hooks("GET", "list", events=watched_event)
watching = [hook["id"] for hook in listed["webhooks"]]
