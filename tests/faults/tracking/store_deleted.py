# Task 1 done and a search of the archive kept, then the tracking store deleted.
# base: by_hand.py

# %% Task 6: search the archive
found = mlflow.search_runs(
    experiment_names=[widget("archive")],
    filter_string=f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}",
)
candidates = list(found["run_id"])

# %% Task 91: deletes the store
os.remove(f"{root}/mlflow.db")
