# Makes the webhook and disables it.
# base: accepted/rest_interface.py
# fails: triggers.told triggers.signed triggers.quiet

# %% Task 8: a webhook that sleeps
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    status="DISABLED",
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={"url": receiver_url, "secret": secret},
)["webhook"]["id"]
