"""One module per trigger: read the event, call one function, answer the partial batch."""
