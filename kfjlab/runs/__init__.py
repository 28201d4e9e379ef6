"""Runs, their steps and events, and where they are kept."""
