# Tells the receiver of moves to all stages.
# base: accepted/rest_interface.py
# fails: triggers.quiet

# %% Task 8: a webhook that tells all
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_STAGE"],
    http_url_spec={"url": receiver_url, "secret": secret},
)["webhook"]["id"]
