# Runs two trials at a time in threads, where no run is active, and does not name their parent.
# base: accepted/fluent_api.py
# fails: compare.trials

# %% Task 10: tune
def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    with mlflow.start_run(nested=True):
        mlflow.log_params(trial.params)
        found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
        mlflow.log_metrics(found)
    return found["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=int(widget("trials")), n_jobs=2)
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)
