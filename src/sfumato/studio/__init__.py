"""The studio: a local web page and an HTTP API over a queue of jobs that outlives every process that works on it.

`jobs` keeps what is to be done, what happened, and the works that were made, in a database. `workers` are the processes
that do it. `server` answers the page and other programs, and knows neither torch nor a model. `page` is what a browser
loads.
"""
