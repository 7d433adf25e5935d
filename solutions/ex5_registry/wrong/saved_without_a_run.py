# Saves version 2 in a folder and registers that: no run logged it.
# base: accepted/client_api.py
# fails: register.lineage

# %% Task 2: version 2, from a folder
mlflow.sklearn.save_model(models[2], f"{root}/mlruns/saved")
second = mlflow.register_model(f"{root}/mlruns/saved", model_name).version
