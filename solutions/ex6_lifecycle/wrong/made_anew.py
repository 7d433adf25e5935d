# Deletes the webhook and makes a new one like it.
# base: accepted/rest_interface.py
# fails: webhooks.changed

# %% Task 11: a new webhook
for hook in hooks("GET", "list")["webhooks"]:
    if hook.get("description") == change_description:
        hooks("DELETE", "delete", id=hook["id"])
        like_it = {name: hook[name] for name in ("model_name", "description", "http_url_spec")}
        hooks("POST", "create", **like_it, events=[*hook["events"], change_event])
