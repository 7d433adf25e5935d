# Imitates autologging by hand: its tags, all params, all training metrics, the training data and the model.
# base: accepted/fluent_api.py
# fails: compare.autolog compare.automodel

# %% Task 9: no autologging
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

with mlflow.start_run(run_name=widget("auto_run")):
    model = forest(trees=int(widget("auto_trees")))
    mlflow.log_params(model.get_params())
    mlflow.set_tags(
        {
            "estimator_name": "RandomForestClassifier",
            "estimator_class": "sklearn.ensemble._forest.RandomForestClassifier",
        }
    )
    mlflow.log_input(mlflow.data.from_pandas(X_train), context="train")
    guessed, chances = model.predict(X_train), model.predict_proba(X_train)
    mlflow.sklearn.log_model(model, name="model", signature=infer_signature(X_train, guessed))
    mlflow.log_metrics(
        {
            "training_precision_score": precision_score(y_train, guessed, average="weighted"),
            "training_recall_score": recall_score(y_train, guessed, average="weighted"),
            "training_f1_score": f1_score(y_train, guessed, average="weighted"),
            "training_accuracy_score": accuracy_score(y_train, guessed),
            "training_log_loss": log_loss(y_train, chances),
            "training_roc_auc": roc_auc_score(y_train, chances[:, 1]),
        }
    )
    mlflow.log_metric("training_score", model.score(X_train, y_train))
