"""Values to what a person reads (rich) and to what a program reads (JSON), a file a subject. Nothing is decided here."""
