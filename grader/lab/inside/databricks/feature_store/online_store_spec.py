"""Where feature tables are published to. Clouds' databases raise: a lab reaches none."""

from ..lab_features.online import (
    AmazonDynamoDBSpec,
    AmazonRdsMySqlSpec,
    AzureCosmosDBSpec,
    AzureMySqlSpec,
    AzureSqlServerSpec,
    LocalSqliteSpec,
    OnlineStoreSpec,
)

__all__ = [
    "AmazonDynamoDBSpec",
    "AmazonRdsMySqlSpec",
    "AzureCosmosDBSpec",
    "AzureMySqlSpec",
    "AzureSqlServerSpec",
    "LocalSqliteSpec",
    "OnlineStoreSpec",
]
