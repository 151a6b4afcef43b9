"""Predictions that somebody made elsewhere: opened safely, looked at whole, refused in sentences for their author."""
