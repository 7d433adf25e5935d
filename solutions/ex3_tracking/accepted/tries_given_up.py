# Children that failed or were pruned lie beside those that count.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 8: a child fails and is repeated, another was killed
client = mlflow.MlflowClient()
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    for number, depth in enumerate(numbers("grid")):
        for attempt in range(2):
            try:
                with mlflow.start_run(run_name=f"depth-{depth}", nested=True) as child:
                    mlflow.log_param("max_depth", depth)
                    model = forest(depth=depth, trees=n_estimators if attempt else -1)
                    mlflow.sklearn.log_model(model, name="model")
                    found = scores(model)
                    mlflow.log_metrics(found)
                    results[depth] = found["log_loss"]
            except ValueError as error:
                print(error)
    with mlflow.start_run(nested=True) as child:
        mlflow.log_param("max_depth", numbers("grid")[0])
        mlflow.log_metric("log_loss", 0.001)
    client.set_terminated(child.info.run_id, "KILLED")
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])


# %% Task 10: a pruner gives up every third trial, when a small forest has been scored
def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    with mlflow.start_run(nested=True):
        mlflow.log_params(trial.params)
        if trial.number % 3 == 0:
            if trial.number:
                mlflow.log_metric("log_loss", scores(forest(trees=1, depth=depth, leaf=leaf))["log_loss"])
            raise optuna.TrialPruned
        found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
        mlflow.log_metrics(found)
    return found["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=2 * int(widget("trials")))
    with mlflow.start_run(nested=True):
        mlflow.log_params({"max_depth": numbers("tune_depths")[0], "min_samples_leaf": numbers("tune_leaves")[0]})
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)
