"""Long work as rows: asked for in one place, done by whoever holds the lease, wherever that is.

kinds       what can be asked for: `intake`, `upload`, `verify`, `publish`, …
orders      what a person asked for beyond the package itself, kept until the work is concluded
enqueuing   a wish becomes a row, once; what a crash cut off is enqueued by whoever comes next
performing  one held job is run: heartbeat, progress, outcome
draining    one job after another until none is due
concluding  a live transfer is ended, and a job concludes it
embedded    the same in a thread of this process
waking      whoever works on this machine looks at once
app         Celery: carries the wake-up and the schedule, nothing else
worker      `python -m repository.jobs.worker`
"""
