# The children's results are kept in variables and told on the parents alone; no child run is made.
# base: accepted/fluent_api.py
# fails: compare.family compare.metrics compare.models compare.best compare.trials compare.tuned compare.winner

# %% Task 8: one run
with mlflow.start_run(run_name=widget("grid_run")):
    results = {depth: scores(forest(depth=depth))["log_loss"] for depth in numbers("grid")}
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])


# %% Task 10: one run
def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    return scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=int(widget("trials")))
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)
