#!/bin/sh
# Runs a command as the owner of LOGS_DIR, so that what it writes there belongs to whoever made the
# folder. One that belongs to root (Docker makes it so when it is missing) is given to 10001 first.
set -eu

owner=$(stat -c %u "$LOGS_DIR")
if [ "$owner" = 0 ]; then
  owner=10001
  # metric and plot start at the same time: one gives the folder away, the other waits for that.
  # chown changes the folder itself last: still root's means not yet done. It follows no links.
  flock "$LOGS_DIR" find "$LOGS_DIR" -prune -uid 0 -exec chown -RhP $owner:$owner {} +
fi
group=$(stat -c %g "$LOGS_DIR")
exec setpriv --reuid "$owner" --regid "$group" --clear-groups "$@"
