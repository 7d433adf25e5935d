# Binds the probabilities of the second class instead of labels.
# base: accepted/fluent_api.py
# fails: model.loaded

# %% Task 5: predictions of the model, loaded back
predictions = mlflow.sklearn.load_model(logged.model_uri).predict_proba(X_test)[:, 1]
