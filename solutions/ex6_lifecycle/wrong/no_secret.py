# Tells the receiver without a signature.
# base: accepted/rest_interface.py
# fails: triggers.signed

# %% Task 8: a webhook without a secret
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={"url": receiver_url},
)["webhook"]["id"]
