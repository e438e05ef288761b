"""What is known of agents, activities, persons and terms from the statements that were recorded."""
