"""The sub-commands, a file a subject. What they need is imported when they run, so that --help is quick."""
