"""The questions that an audit asks of many explanations; each file asks one kind."""
