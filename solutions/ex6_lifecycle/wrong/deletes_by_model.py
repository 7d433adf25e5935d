# Looks at the webhooks of one model after another, and misses those for all.
# base: accepted/rest_interface.py
# fails: webhooks.deleted

# %% Task 12: webhooks of models deleted
for name in (model_name, redeploy_model, watched_model):
    for hook in hooks("GET", "list", model_name=name).get("webhooks", []):
        if urlsplit(hook.get("http_url_spec", {}).get("url", "")).hostname == gone_host:
            hooks("DELETE", "delete", id=hook["id"])
