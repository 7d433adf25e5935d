# Less usual ways: warm_start, log_image, log_text, records as input example, children in threads.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 2: one forest that grows; with a number as random_state its trees are those of a new one
with mlflow.start_run(run_name=widget("curve_run")):
    growing = RandomForestClassifier(max_depth=max_depth, warm_start=True, random_state=random_state)
    for trees in numbers("trees"):
        growing.set_params(n_estimators=trees).fit(X_train, y_train)
        mlflow.log_metric("log_loss", scores(growing)["log_loss"], step=trees)

# %% Task 3: a picture from an array, a text that is a CSV
import numpy as np

matrix = np.zeros((200, 200, 3), dtype=np.uint8)
for guess, truth in zip(forest().predict(X_test), y_test):
    rows, columns = slice(100 * truth, 100 * truth + 100), slice(100 * guess, 100 * guess + 100)
    matrix[rows, columns, 0] = np.minimum(matrix[rows, columns, 0].astype(int) + 4, 255)
with mlflow.start_run(run_name=widget("artifacts_run")):
    mlflow.log_image(matrix, "plots/confusion.png")
    mlflow.log_text(X_train.head(int(widget("sample_size"))).to_csv(index=False), "data/sample.csv")

# %% Task 4: the example as records, the output's type from the labels
with mlflow.start_run(run_name=widget("model_run")):
    logged = mlflow.sklearn.log_model(
        forest(),
        name="model",
        signature=infer_signature(X_train, y_train),
        input_example=X_train.head(2).to_dict(orient="records"),
    )

# %% Task 5: by the model's own id
predictions = mlflow.pyfunc.load_model(f"models:/{logged.model_id}").predict(X_test).astype(float)

# %% Task 8: children in threads, where no run is active: they are told their parent
from concurrent.futures import ThreadPoolExecutor


def child(depth):
    with mlflow.start_run(nested=True, parent_run_id=parent.info.run_id):
        mlflow.log_params({"max_depth": depth, "n_estimators": n_estimators})
        model = forest(depth=depth)
        mlflow.sklearn.log_model(model, name=f"forest-{depth}", pyfunc_predict_fn="predict_proba")
        found = scores(model)
        mlflow.log_metrics(found)
    return found["log_loss"], depth


with mlflow.start_run(run_name=widget("grid_run")) as parent, ThreadPoolExecutor(2) as pool:
    loss, depth = min(pool.map(child, numbers("grid")))
    mlflow.log_param("best_max_depth", str(depth))
    mlflow.log_metric("best_log_loss", loss)


# %% Task 10: two trials at a time, more than were asked for
def objective(trial):
    with mlflow.start_run(parent_run_id=parent.info.run_id, nested=True):
        depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
        leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"), log=True)
        mlflow.log_params({**trial.params, "number": trial.number})
        found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
        mlflow.log_metrics(found)
    return found["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")) as parent:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=5))
    study.optimize(objective, n_trials=int(widget("trials")) + 3, n_jobs=2)
    for name, value in study.best_trial.params.items():
        mlflow.log_param(f"best_{name}", value)
    mlflow.log_metric("best_log_loss", study.best_value)

# %% Task 11: the table's version in a dictionary of tags, the rows through an index
version = widget("data_version")
rows = DeltaTable(f"{root}/tables/samples", version=int(version)).to_pandas().set_index("sample_id").sort_index()
facts = {"data_version": version, "code_version": widget("code_version"), "random_state": widget("random_state")}
with mlflow.start_run(run_name=widget("repro_run"), tags=facts):
    y = rows.pop("malignant")
    mlflow.log_metrics(scores(forest(X=rows, y=y)))
