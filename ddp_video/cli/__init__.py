"""The command line: one thin file per command, all private; the library does not import it."""
