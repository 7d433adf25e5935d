# Predicts the training rows instead of the test rows.
# base: accepted/fluent_api.py
# fails: model.loaded

# %% Task 5: predictions of the model, loaded back
predictions = mlflow.pyfunc.load_model(logged.model_uri).predict(X_train)
