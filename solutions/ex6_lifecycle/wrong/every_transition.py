# Has every move start the test: what has just gone to Production is tested against itself, and archived.
# base: accepted/rest_interface.py
# fails: triggers.only chain.promoted chain.archived

# %% Task 7: a webhook for all moves
hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_STAGE"],
    job_spec={"job_id": str(testing), "access_token": token},
)
