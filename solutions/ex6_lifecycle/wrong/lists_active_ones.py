# Leaves out webhooks that are not active.
# base: accepted/rest_interface.py
# fails: webhooks.listed

# %% Task 10: webhooks that are active
listed = hooks("GET", "list", model_name=watched_model, events=watched_event)
watching = [hook["id"] for hook in listed["webhooks"] if hook["status"] == "ACTIVE"]
