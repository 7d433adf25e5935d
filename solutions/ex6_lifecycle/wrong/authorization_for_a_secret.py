# Sends the secret as a header in place of signing with it.
# base: accepted/rest_interface.py
# fails: triggers.signed

# %% Task 8: a webhook that gives its secret away
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={"url": receiver_url, "authorization": f"Bearer {secret}"},
)["webhook"]["id"]
