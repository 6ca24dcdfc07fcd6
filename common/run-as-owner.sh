#!/bin/sh
# Runs a command as the owner of LOGS_DIR, so that what it writes there belongs to whoever made the
# folder. One that belongs to root (Docker makes it so when it is missing) is given to 10001; so are
# files that root left in it, by a run without Docker: its owner must be able to go on with them.
set -eu

owner=$(stat -c %u "$LOGS_DIR")
group=$(stat -c %g "$LOGS_DIR")
if [ "$owner" = 0 ]; then
  owner=10001 group=10001
fi
# metric and plot start at the same time: one gives away, the other waits for that. Links stay.
flock "$LOGS_DIR" find "$LOGS_DIR" -uid 0 -exec chown -h "$owner:$group" {} +
exec setpriv --reuid "$owner" --regid "$group" --clear-groups "$@"
