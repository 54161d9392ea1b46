"""The commands of `jiesu`, grouped by what a person does."""
