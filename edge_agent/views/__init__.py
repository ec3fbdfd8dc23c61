"""What people read of a gateway and its records: screens, pages and words, in both languages."""
