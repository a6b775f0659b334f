"""python -m sfumato: the command line, where the program 'sfumato' is not on the path."""

from sfumato.cli.app import main

if __name__ == "__main__":
    main()
