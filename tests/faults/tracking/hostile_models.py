# Task 1 done, and models that loop when they are asked and end their process when they are loaded.
# base: by_hand.py

# %% Task 4: loops
class Loops(RandomForestClassifier):
    def predict(self, X):
        while True:
            pass


model = Loops(**settings, random_state=int(widget("random_state"))).fit(X_train, y_train)
with mlflow.start_run(run_name=widget("model_run")):
    mlflow.sklearn.log_model(model, "model", input_example=None)


# %% Task 9: leaves
class Leaves(RandomForestClassifier):
    def __reduce__(self):
        return os._exit, (0,)


with mlflow.start_run(run_name=widget("auto_run")):
    mlflow.sklearn.log_model(Leaves(**settings).fit(X_train, y_train), "model")
