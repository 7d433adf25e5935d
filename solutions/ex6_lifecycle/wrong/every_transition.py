# Has every move start the test; only since a run is active then, what goes to Production is not tested against itself.
# base: accepted/rest_interface.py
# fails: triggers.only

# %% Task 7: a webhook for all moves
hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_STAGE"],
    job_spec={"job_id": str(testing), "access_token": token},
)
