# Databricks exercise 3: MLflow experiment tracking. The tasks are in the brief: `grade show ex3`.

# %% Set-up: leave this cell as it is
import mlflow
import pandas as pd

root = dbutils.widgets.get("root")
experiment = dbutils.widgets.get("experiment")
archive = dbutils.widgets.get("archive")
team = dbutils.widgets.get("team")
random_state = int(dbutils.widgets.get("random_state"))
run_name = dbutils.widgets.get("run_name")
n_estimators = int(dbutils.widgets.get("n_estimators"))
max_depth = int(dbutils.widgets.get("max_depth"))
curve_run = dbutils.widgets.get("curve_run")
trees = [int(number) for number in dbutils.widgets.get("trees").split(",")]
artifacts_run = dbutils.widgets.get("artifacts_run")
sample_size = int(dbutils.widgets.get("sample_size"))
model_run = dbutils.widgets.get("model_run")
past_team = dbutils.widgets.get("past_team")
min_f1 = float(dbutils.widgets.get("min_f1"))
grid_run = dbutils.widgets.get("grid_run")
grid = [int(depth) for depth in dbutils.widgets.get("grid").split(",")]
auto_run = dbutils.widgets.get("auto_run")
auto_trees = int(dbutils.widgets.get("auto_trees"))
tune_run = dbutils.widgets.get("tune_run")
tune_depths = [int(bound) for bound in dbutils.widgets.get("tune_depths").split(",")]
tune_leaves = [int(bound) for bound in dbutils.widgets.get("tune_leaves").split(",")]
tune_trees = int(dbutils.widgets.get("tune_trees"))
trials = int(dbutils.widgets.get("trials"))
repro_run = dbutils.widgets.get("repro_run")
data_version = int(dbutils.widgets.get("data_version"))
code_version = dbutils.widgets.get("code_version")

train = pd.read_parquet(f"{root}/data/train.parquet")
test = pd.read_parquet(f"{root}/data/test.parquet")
X_train, y_train = train.drop(columns="malignant"), train["malignant"]
X_test, y_test = test.drop(columns="malignant"), test["malignant"]

# %% Task 1: log a run by hand


# %% Task 2: log_loss with the number of trees as step


# %% Task 3: a picture and a data sample


# %% Task 4: a model with signature and input example


# %% Task 5: predictions of the model of task 4, loaded back


# %% Task 6: candidates and best_run_id, from the archive


# %% Task 7: best_params and f1_history of the best run


# %% Task 8: a parent run with a child for each depth in grid


# %% Task 9: autologging


# %% Task 10: a search with a child for each trial


# %% Task 11: a run that can be repeated
