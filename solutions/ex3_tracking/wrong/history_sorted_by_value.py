# Sorts the history by value, and binds the names of the params only.
# base: accepted/fluent_api.py
# fails: read.params read.history

# %% Task 7: look at the best run
best_params = list(mlflow.get_run(best_run_id).data.params)
history = mlflow.MlflowClient().get_metric_history(best_run_id, "f1")
f1_history = sorted((point.value for point in history), reverse=True)
