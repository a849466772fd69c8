"""Jobs that outlive the page that started them, and the store in which all processes meet."""
