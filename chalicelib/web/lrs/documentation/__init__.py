"""What the OpenAPI document says of the record store; loaded by the call that serves it alone."""
