# Loads the colleague's model with scikit-learn's flavor; where that fails, the own forest has to do.
# base: accepted/fluent_api.py
# fails: flavors.colleague

# %% Task 3: colleague_predictions
try:
    colleague = mlflow.sklearn.load_model(widget("colleague_model"))
except mlflow.MlflowException:
    colleague = forest
colleague_predictions = colleague.predict(X_test)
