# Logs the trials' params and leaves their metrics to the study.
# base: accepted/fluent_api.py
# fails: compare.trials compare.tuned compare.winner

# %% Task 10: tune
def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    with mlflow.start_run(nested=True):
        mlflow.log_params(trial.params)
    return scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=int(widget("trials")))
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)
