# Removes every data file that the newest version does not need, without a vacuum.
# base: accepted/dataframe_writer.py
# fails: maintain.vacuum maintain.retention

# %% Task 16: vacuum
import os
from urllib.parse import unquote, urlparse

needed = {unquote(os.path.basename(urlparse(name).path)) for name in spark.read.format("delta").load(events).inputFiles()}
for name in os.listdir(events):
    if name.endswith(".parquet") and name not in needed:
        os.remove(os.path.join(events, name))
