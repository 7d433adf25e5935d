# Autologging with settings, an array and a run that it begins itself; scored afterwards, which it records as well.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 9: autologging, and scores that it logs after training
import sklearn.metrics

mlflow.sklearn.autolog(log_input_examples=True, pos_label=1, extra_tags={"kind": "autologged"}, silent=True)
model = RandomForestClassifier(int(widget("auto_trees")), max_depth=max_depth, random_state=random_state, n_jobs=2)
model.fit(X_train.to_numpy(), y_train.to_numpy())
auto = mlflow.last_active_run().info.run_id
guessed = model.predict(X_test.to_numpy())
print(model.score(X_test.to_numpy(), y_test), sklearn.metrics.f1_score(y_test, guessed))
print(sklearn.metrics.accuracy_score(y_test, guessed), sklearn.metrics.accuracy_score(y_true=y_test, y_pred=guessed))
mlflow.sklearn.autolog(disable=True)
mlflow.MlflowClient().set_tag(auto, "mlflow.runName", widget("auto_run"))
mlflow.MlflowClient().set_tag(auto, "mlflow.note.content", "What autologging records.")
