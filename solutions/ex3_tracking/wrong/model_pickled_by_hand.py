# Pickles the forest and logs the file: an artifact, but no model.
# base: accepted/fluent_api.py
# fails: model.logged model.signature model.example model.loaded

# %% Task 4: a pickled file
import pickle

with mlflow.start_run(run_name=widget("model_run")) as run:
    with open("/tmp/model.pkl", "wb") as file:
        pickle.dump(forest(), file)
    mlflow.log_artifact("/tmp/model.pkl", "model")

# %% Task 5: predictions of the file, loaded back
with open(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model/model.pkl"), "rb") as file:
    predictions = pickle.load(file).predict(X_test)
