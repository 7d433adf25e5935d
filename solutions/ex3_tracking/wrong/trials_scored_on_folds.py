# Scores each trial by cross-validation on the training rows, and leaves its forest's test metrics out.
# base: accepted/fluent_api.py
# fails: compare.tuned

# %% Task 10: tune
from sklearn.model_selection import cross_validate


def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    with mlflow.start_run(nested=True):
        mlflow.log_params(trial.params)
        model = forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf)
        folds = cross_validate(model, X_train, y_train, cv=3, scoring=["accuracy", "neg_log_loss"])
        found = {"accuracy": folds["test_accuracy"].mean(), "log_loss": -folds["test_neg_log_loss"].mean()}
        mlflow.log_metrics(found)
    return found["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=int(widget("trials")))
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)
