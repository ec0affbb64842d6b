"""The comparison of the three stacks: plays the conversations, measures, writes the report."""
