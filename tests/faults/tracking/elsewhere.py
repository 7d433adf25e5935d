# All of it logged to a tracking store of its own making.
# base: by_hand.py

# %% Task 1: log a run by hand
mlflow.set_tracking_uri(f"sqlite:///{root}/mine.db")
log_by_hand()
mlflow.end_run()
