# Has the webhook start the deployment job, which knows of no version then.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only chain.measured chain.rejected chain.broken chain.equal chain.promoted
# fails: chain.deployed chain.tested

# %% Task 7: a webhook for another job
hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec={"job_id": str(deployment), "access_token": token},
)
