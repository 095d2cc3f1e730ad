"""Beyond one machine: features, predictions and scans as folders of Parquet parts, by this machine's cores or a Ray
cluster, which give the same bits. Only `core.scale.cluster` knows Ray, and imports it when it is asked for."""
