"""What people look at: tables, figures and pages made from `summary.json` objects."""
