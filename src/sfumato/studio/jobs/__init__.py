"""The queue of jobs, their events, and the gallery of works, in one database."""
