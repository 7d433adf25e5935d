# Makes the trials' metrics up from a formula instead of training.
# base: accepted/fluent_api.py
# fails: compare.tuned

# %% Task 10: tune
def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    with mlflow.start_run(nested=True):
        mlflow.log_params(trial.params)
        found = {"accuracy": 0.9 + depth / 200, "log_loss": 0.25 - depth / 100 + leaf / 300}
        mlflow.log_metrics(found)
    return found["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=int(widget("trials")))
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)
