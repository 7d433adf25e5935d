# Makes a webhook for all models.
# base: accepted/rest_interface.py
# fails: triggers.only

# %% Task 7: a webhook for all models
hooks(
    "POST",
    "create",
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec={"job_id": str(testing), "access_token": token},
)
