"""The bus and the stages on it: records come in from topics, letters, labels, decisions and messages go out."""
