"""The one kind of error that is meant for people."""


class SfumatoError(Exception):
    """Something that a person can put right: the text says what, where, and what to do.

    The command line prints it as one sentence and leaves with exit code 2; anything else that is raised is a fault of
    the program and keeps its traceback.
    """
