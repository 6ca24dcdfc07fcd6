#!/bin/sh
# Runs `python -m pipeline …`; the command `dataset` as the owner of the folder datasets/, so that what it
# writes there belongs to whoever made the folder. Even to root: a rootless engine calls the user so.
set -eu

owner=10001:10001
if [ "${4-}" = dataset ]; then
  owner=$(stat -c %u:%g "$DATASETS_DIR")
fi
umask 022 # the services read it as other users
exec setpriv --reuid "${owner%:*}" --regid "${owner#*:}" --clear-groups "$@"
