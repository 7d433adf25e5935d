# Takes data.metrics for the history: it holds the last value alone.
# base: accepted/fluent_api.py
# fails: read.history

# %% Task 7: look at the best run
best = mlflow.get_run(best_run_id)
best_params = best.data.params
f1_history = [best.data.metrics["f1"]]
