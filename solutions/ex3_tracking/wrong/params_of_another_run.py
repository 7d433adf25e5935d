# Looks at the last candidate instead of the best run.
# base: accepted/fluent_api.py
# fails: read.params read.history

# %% Task 7: look at a run
best_params = mlflow.get_run(candidates[-1]).data.params
f1_history = [point.value for point in mlflow.MlflowClient().get_metric_history(candidates[-1], "f1")]
