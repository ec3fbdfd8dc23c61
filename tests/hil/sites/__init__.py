"""Tests of the simulated sites."""
