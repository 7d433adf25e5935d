# A thousand runs beside the one asked for.
# base: by_hand.py

# %% Task 91: a thousand more
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name(widget("experiment")).experiment_id
for number in range(1000):
    run = client.create_run(experiment, run_name=widget("run_name") if number < 500 else None)
    client.set_terminated(run.info.run_id, "KILLED")
    if number < 500:
        client.delete_run(run.info.run_id)
