# The guide's snippets word for word, but for names: it describes version 1 alone, and takes no version through Staging.
# base: accepted/client_api.py
# fails: describe.version describe.score stages.first stages.second

# %% Task 1: register a model directly from a run
import mlflow.sklearn
from mlflow.tracking import MlflowClient

client = MlflowClient()
model = tree(depth_1)

# First, log a model with MLflow
with mlflow.start_run() as run:
    mlflow.sklearn.log_model(model, "sk_model")
    run_id = run.info.run_id
    model_uri = f"runs:/{run_id}/sk_model"

# Register the model
mv = mlflow.register_model(model_uri, model_name)
print(f"Name: {mv.name}")
print(f"Version: {mv.version}")

# %% Task 2: create a new version
model = tree(depth_2)
with mlflow.start_run() as new_run:
    mlflow.sklearn.log_model(
        model,
        "sk_model",
        registered_model_name=model_name
    )
    new_run_id = new_run.info.run_id

# Find the latest version
latest_version = max([mv.version for mv in client.search_model_versions(f"name='{model_name}'")])

# What the guide has not, for the cells of tasks 7 and 8
first, second, models = mv.version, latest_version, {3: forest(trees)}
scores = {first: (tree(depth_1).predict(X_test) == y_test).mean(), second: (model.predict(X_test) == y_test).mean()}

# %% Task 3: add description and tags to the registered model
client.update_registered_model(
    name=model_name,
    description=purpose
)

client.set_registered_model_tag(
    name=model_name,
    key=tag_key,
    value=tag_value
)

# %% Task 4: add description and tags to a specific model version
client.update_model_version(
    name=model_name,
    version=mv.version,
    description=note
)

client.set_model_version_tag(
    name=model_name,
    version=mv.version,
    key=score_key,
    value=scores[mv.version]
)

# %% Task 5: transition model to staging
client.transition_model_version_stage(
    name=model_name,
    version=mv.version,
    stage="Staging"
)

# %% Task 6: transition to production
client.transition_model_version_stage(
    name=model_name,
    version=latest_version,
    stage="Production"
)

# Load a specific model version by stage
prod_model = mlflow.pyfunc.load_model(f"models:/{model_name}/Production")
staging_model = mlflow.pyfunc.load_model(f"models:/{model_name}/Staging")

# Archive older versions
client.transition_model_version_stage(
    name=model_name,
    version=1,  # Assuming this is the older version
    stage="Archived"
)
