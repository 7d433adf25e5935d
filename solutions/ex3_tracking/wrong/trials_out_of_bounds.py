# Searches beyond the upper bounds, and tries a depth of 500.
# base: accepted/fluent_api.py
# fails: compare.trials

# %% Task 10: tune
def objective(trial):
    depth = trial.suggest_int("max_depth", 1, 500)
    leaf = trial.suggest_int("min_samples_leaf", 1, 2 * numbers("tune_leaves")[1])
    with mlflow.start_run(nested=True):
        mlflow.log_params(trial.params)
        found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
        mlflow.log_metrics(found)
    return found["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=1))
    study.enqueue_trial({"max_depth": 500, "min_samples_leaf": 1})
    study.optimize(objective, n_trials=int(widget("trials")))
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)
