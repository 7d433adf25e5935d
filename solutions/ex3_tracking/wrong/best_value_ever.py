# Judges each run by the highest f1 that it ever had, not by the one that it ended with.
# base: accepted/fluent_api.py
# fails: read.candidates read.best

# %% Task 6: search the archive
client = mlflow.MlflowClient()
archive = client.get_experiment_by_name(widget("archive"))
runs = client.search_runs(
    [archive.experiment_id], f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}'"
)
peaks = {
    run.info.run_id: max(point.value for point in client.get_metric_history(run.info.run_id, "f1")) for run in runs
}
candidates = [run_id for run_id, peak in peaks.items() if peak > float(widget("min_f1"))]
best_run_id = max(peaks, key=peaks.get)
