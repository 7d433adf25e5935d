# Types in the figures of somebody else's lab.
# base: accepted/fluent_api.py
# fails: log.metrics log.curve model.loaded read.candidates read.best read.params read.history

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics({"accuracy": 0.916083916083916, "log_loss": 0.21067934422410592})

# %% Task 2: log_loss with the number of trees as step
seen = [0.197654971, 0.202172704, 0.207544536, 0.210923087, 0.209795743]
with mlflow.start_run(run_name=widget("curve_run")):
    for trees, value in zip(numbers("trees"), seen * 3):
        mlflow.log_metric("log_loss", value, step=trees)

# %% Task 5: predictions
predictions = [
    int(label)
    for label in "000010010010000000100111011001111100010111010100011111000101110000001101"
    "01101101000000000111101000100010111011001100001011101001100001101000100"
]

# %% Task 6: the archive
candidates = [
    "929c99ae42f11cd55596620ab7de219b",
    "9d29b46781e6404be9e206f3ba0e961c",
    "65ee464c951bd9d069725d3c6a36740d",
    "d84c0a3e13825e430c14b9c2d4cfb0b6",
    "137040492bc01ca442b16c2da22b947a",
    "fdfdc5a1cf6a41e00a58832ef547686e",
    "c3b10d0f6fe7503d5b59307251d3bd4f",
    "3b63af734f4715249c4518b756b3caeb",
    "5e09cbb4e9768a8bb8890ee61e3189b8",
    "479ce6ab31739540a0a1b27a71c98cc8",
    "e4ff4a4dbd4783b154d3fc6f08ec2abd",
]
best_run_id = "929c99ae42f11cd55596620ab7de219b"

# %% Task 7: the best run
best_params = {"max_depth": "5", "learning_rate": "0.145"}
f1_history = [0.6367, 0.6492, 0.6617, 0.7123, 0.7141, 0.7719, 0.9249999999999999, 0.945]
