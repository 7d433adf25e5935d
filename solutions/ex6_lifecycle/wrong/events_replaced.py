# Updates the events to the new one alone.
# base: accepted/rest_interface.py
# fails: webhooks.changed

# %% Task 11: a webhook that listens to one event
for hook in hooks("GET", "list")["webhooks"]:
    if hook.get("description") == change_description:
        hooks("PATCH", "update", id=hook["id"], status="ACTIVE", events=[change_event])
