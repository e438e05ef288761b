"""The bytes of attachments: once per content and store, there while anything refers to them."""
