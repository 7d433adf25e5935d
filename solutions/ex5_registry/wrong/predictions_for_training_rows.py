# Predicts for the training rows.
# base: accepted/client_api.py
# fails: load.version load.stage load.alias

# %% Task 9: by number
by_version = mlflow.pyfunc.load_model(f"models:/{load_model}/{load_version}").predict(X_train)

# %% Task 10: by stage, cut to the right length
by_stage = mlflow.pyfunc.load_model(f"models:/{load_model}/{load_stage}").predict(X_train)[: len(X_test)]

# %% Task 11: by alias
by_alias = mlflow.pyfunc.load_model(f"models:/{load_model}@{load_alias}").predict(X_train)
