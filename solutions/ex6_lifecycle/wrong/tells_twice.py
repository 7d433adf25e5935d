# Listens to two events that mean the same move.
# base: accepted/rest_interface.py
# fails: triggers.quiet

# %% Task 8: a webhook that tells twice
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    events=[
        "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION",
        "TRANSITION_REQUEST_TO_PRODUCTION_CREATED",
        "MODEL_VERSION_TRANSITIONED_STAGE",
    ],
    http_url_spec={"url": receiver_url, "secret": secret},
)["webhook"]["id"]
