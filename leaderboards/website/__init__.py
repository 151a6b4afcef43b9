"""The static site: every board, method, dataset and protocol of a store as pages that need no server and no network."""
