# Databricks exercise 5: Registry operations. The tasks are in the brief: `grade show ex5`.

# %% Set-up: leave this cell as it is
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

root = dbutils.widgets.get("root")
label = dbutils.widgets.get("label")
random_state = int(dbutils.widgets.get("random_state"))
train, test = (pd.read_parquet(f"{root}/data/{name}.parquet") for name in ("train", "test"))
X_train, y_train = train.drop(columns=label), train[label]
X_test, y_test = test.drop(columns=label), test[label]

# Your own registered model
model_name = dbutils.widgets.get("model_name")
depth_1 = int(dbutils.widgets.get("depth_1"))
depth_2 = int(dbutils.widgets.get("depth_2"))
trees = int(dbutils.widgets.get("trees"))
purpose = dbutils.widgets.get("purpose")
tag_key = dbutils.widgets.get("tag_key")
tag_value = dbutils.widgets.get("tag_value")
note = dbutils.widgets.get("note")
score_key = dbutils.widgets.get("score_key")
fallback_alias = dbutils.widgets.get("fallback_alias")

# The registry as it came
load_model = dbutils.widgets.get("load_model")
load_version = dbutils.widgets.get("load_version")
load_stage = dbutils.widgets.get("load_stage")
load_alias = dbutils.widgets.get("load_alias")
latest_model = dbutils.widgets.get("latest_model")
search_model = dbutils.widgets.get("search_model")
search_key = dbutils.widgets.get("search_key")
search_value = dbutils.widgets.get("search_value")
demote_model = dbutils.widgets.get("demote_model")
rollback_model = dbutils.widgets.get("rollback_model")
alias_model = dbutils.widgets.get("alias_model")
serving_alias = dbutils.widgets.get("serving_alias")
proven_alias = dbutils.widgets.get("proven_alias")
delete_model = dbutils.widgets.get("delete_model")
delete_key = dbutils.widgets.get("delete_key")
delete_value = dbutils.widgets.get("delete_value")
release_model = dbutils.widgets.get("release_model")
release_version = dbutils.widgets.get("release_version")


def tree(depth):
    """A decision tree of this depth, trained."""
    return DecisionTreeClassifier(max_depth=depth, random_state=random_state).fit(X_train, y_train)


def forest(trees):
    """A random forest of so many trees, trained."""
    return RandomForestClassifier(n_estimators=trees, random_state=random_state).fit(X_train, y_train)


# %% Task 1: log tree(depth_1) in a run and register it from there: version 1


# %% Task 2: log tree(depth_2) in another run and register it while logging: version 2


# %% Task 3: the model's description (purpose) and tag (tag_key, tag_value)


# %% Task 4: version 2's description (note), and the accuracy of versions 1 and 2 as the tag score_key


# %% Task 5: version 1 through Staging to Production


# %% Task 6: version 2 through Staging to Production, version 1 archived


# %% Task 7: the aliases champion and challenger, by accuracy on the test rows


# %% Task 8: forest(trees) becomes version 3 and takes over as champion, the old one gets fallback_alias


# %% Task 9: by_version, what load_version of load_model predicts for X_test


# %% Task 10: by_stage, what the version of load_model in load_stage predicts


# %% Task 11: by_alias, what the version of load_model with load_alias predicts


# %% Task 12: latest_version, the newest version of latest_model


# %% Task 13: tagged_versions, the versions of search_model with the tag search_key = search_value


# %% Task 14: send the Production version of demote_model back to Staging


# %% Task 15: roll rollback_model back


# %% Task 16: roll the alias serving_alias of alias_model back


# %% Task 17: delete the version of delete_model with the tag delete_key = delete_value


# %% Task 18: copy release_version of load_model to release_model
