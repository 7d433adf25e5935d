# Loads the version next to it, the older of two in the stage, and what another alias names.
# base: accepted/client_api.py
# fails: load.version load.stage load.alias

# %% Task 9: one off
neighbour = int(load_version) - 1 or 2
by_version = mlflow.pyfunc.load_model(f"models:/{load_model}/{neighbour}").predict(X_test)

# %% Task 10: the first that is found in the stage
staged = [v for v in client.search_model_versions(f"name = '{load_model}'") if v.current_stage == load_stage]
older = min(staged, key=lambda version: int(version.version))
by_stage = mlflow.pyfunc.load_model(f"models:/{load_model}/{older.version}").predict(X_test)

# %% Task 11: another alias
(other,) = set(client.get_registered_model(load_model).aliases) - {load_alias}
by_alias = mlflow.pyfunc.load_model(f"models:/{load_model}@{other}").predict(X_test)
