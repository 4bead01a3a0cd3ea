"""The command line: one file for each verb, over the journeys of `repository` and nothing else."""
