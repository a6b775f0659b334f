"""The processes that do the jobs: one warm maker of works, one process for each training, one for files."""
