//! Servers and databases for the suites.
