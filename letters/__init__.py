"""The words everyone speaks: messages, topic names, ids, times, the bureau and errors; imports nothing of ours."""
