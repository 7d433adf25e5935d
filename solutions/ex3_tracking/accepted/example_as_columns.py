# Other shapes: the example is a dictionary of columns, the data sample has a row a line, the study is kept in MLflow.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 3: a picture and a data sample
with mlflow.start_run(run_name=widget("artifacts_run")):
    mlflow.log_figure(X_train.hist(figsize=(6, 6))[0, 0].figure, "plots/histograms.jpg")
    X_train.head(int(widget("sample_size"))).to_json("/tmp/sample.json", orient="records", lines=True)
    mlflow.log_artifact("/tmp/sample.json", "data")

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    model = forest()
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(2).to_dict(orient="list"),
    )

# %% Task 10: a study that Optuna keeps in MLflow itself, where each trial is a run whose id is the trial's
from mlflow.optuna.storage import MlflowStorage

client = mlflow.MlflowClient()
storage = MlflowStorage(experiment_id=client.get_experiment_by_name(widget("experiment")).experiment_id)


def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
    for name, value in found.items():
        client.log_metric(trial._trial_id, name, value)
    return found["log_loss"]


study = optuna.create_study(study_name=widget("tune_run"), storage=storage, sampler=optuna.samplers.TPESampler(seed=2))
study.optimize(objective, n_trials=int(widget("trials")))
for name, value in study.best_params.items():
    client.log_param(study._study_id, f"best_{name}", value)
client.log_metric(study._study_id, "best_log_loss", study.best_value)
client.set_terminated(study._study_id)
