# Leaves the webhook in TEST_MODE, in which it starts nothing.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only chain.measured chain.rejected chain.broken chain.equal chain.promoted
# fails: chain.deployed chain.tested

# %% Task 7: a webhook that only tries
hooks(
    "POST",
    "create",
    model_name=model_name,
    status="TEST_MODE",
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec={"job_id": str(testing), "access_token": token},
)
