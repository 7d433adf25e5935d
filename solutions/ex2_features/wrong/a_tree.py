# Trains another kind of model.
# base: accepted/feature_store_client.py
# fails: model.trained

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
from sklearn.tree import DecisionTreeRegressor

rows = training_set.load_df().toPandas()
tree = DecisionTreeRegressor(max_depth=4, random_state=1).fit(rows.drop(columns=label), rows[label])
fs.log_model(tree, "model", flavor=mlflow.sklearn, training_set=training_set, registered_model_name=model_name)
