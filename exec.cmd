@rem npm's scripts say `exec`, so that a signal to npm reaches the server. Windows, where npm runs them in cmd, has no such command.
@%*
