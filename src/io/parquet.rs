//! Apache Parquet in and out. Read from its end, so from files alone.
