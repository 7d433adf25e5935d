# Asks a dry run which files would go, removes them by hand, and has a vacuum with a retention of a year in the history.
# base: accepted/dataframe_writer.py
# fails: maintain.vacuum

# %% Task 16: vacuum
import os
from urllib.parse import unquote, urlparse

for row in spark.sql(f"VACUUM delta.`{events}` DRY RUN").collect():
    os.remove(unquote(urlparse(row.path).path))
spark.sql(f"VACUUM delta.`{events}` RETAIN 8760 HOURS")
