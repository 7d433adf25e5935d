# A run that is never ended, so that the next can't begin.
# base: by_hand.py

# %% Task 1: log a run by hand
log_by_hand()

# %% Task 2: log_loss with the number of trees as step
mlflow.start_run(run_name=widget("curve_run"))
