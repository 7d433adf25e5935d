# Deletes whatever has the host's name somewhere in its address.
# base: accepted/rest_interface.py
# fails: webhooks.deleted

# %% Task 12: too many webhooks deleted
for hook in hooks("GET", "list")["webhooks"]:
    if gone_host in hook.get("http_url_spec", {}).get("url", ""):
        hooks("DELETE", "delete", id=hook["id"])
