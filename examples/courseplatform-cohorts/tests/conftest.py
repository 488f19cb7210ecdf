"""A course with a cohort, made through the API alone."""
