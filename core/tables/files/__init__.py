"""The kinds of file a table can come in, each turned into one Parquet file. No pandas in here."""
