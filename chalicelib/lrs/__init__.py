"""The learning record store: statements, documents, agents, activities, and who may do what with them."""
