# Begins the children in threads, where no run is active, and does not name their parent.
# base: accepted/fluent_api.py
# fails: compare.family

# %% Task 8: nested=True alone does not reach a parent of another thread
from concurrent.futures import ThreadPoolExecutor


def child(depth):
    with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
        mlflow.log_param("max_depth", depth)
        model = forest(depth=depth)
        mlflow.sklearn.log_model(model, name="model")
        found = scores(model)
        mlflow.log_metrics(found)
    return found["log_loss"], depth


with mlflow.start_run(run_name=widget("grid_run")), ThreadPoolExecutor(2) as pool:
    loss, best = min(pool.map(child, numbers("grid")))
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", loss)
