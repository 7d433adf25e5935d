# Logs a Pipeline with scikit-learn's flavor: the right behaviour, but no class of one's own.
# base: accepted/fluent_api.py
# fails: pyfunc.custom

# %% Task 4: a pipeline
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

with mlflow.start_run(run_name=widget("custom_run")):
    pipeline = make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(X_train, y_train)
    mlflow.sklearn.log_model(pipeline, name="pipeline", signature=plain)
