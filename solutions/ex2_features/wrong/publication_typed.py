# Types the publication into the catalogue, where no online store is.
# base: accepted/feature_store_client.py
# fails: score.online

# %% Task 17: publish activity_table to an online store
import pathlib

catalogue = pathlib.Path(root, "features", "catalogue.json")
told = json.loads(catalogue.read_text())
told["tables"][activity_table]["online"] = [{"store": schema, "table": activity_table.split(".")[1]}]
catalogue.write_text(json.dumps(told))
