#!/bin/sh
# Starts RabbitMQ with the users, permissions and queues of definitions.template.json. RabbitMQ puts
# no variables into definitions: this does, at every start, and so a changed password takes effect.
set -eu

template=/etc/rabbitmq/definitions.template.json
definitions=/tmp/definitions.json # in memory, for the broker alone: it has the passwords
script=

refuse() {
  echo "$1 is not accepted: it must be $2" >&2
  exit 1
}

put() { # NAME VALUE: the value for "${NAME}", quotes included
  script="$script
s/\"\${$1}\"/$2/"
}

password() { # NAME VALUE
  case $2 in
    '' | *[!A-Za-z0-9._~-]*) refuse "$1" "letters, digits and . _ ~ - only" ;;
  esac
  put "$1" "\"$2\""
}

password ADMIN_PASSWORD "$ADMIN_PASSWORD"
password FEATURES_PASSWORD "$FEATURES_PASSWORD"
password MODEL_PASSWORD "$MODEL_PASSWORD"
password METRIC_PASSWORD "$METRIC_PASSWORD"
password PLOT_PASSWORD "$PLOT_PASSWORD"

case $QUEUE_TYPE in
  classic) put STREAM_ARGUMENTS '{}' ;;
  # -1: a message is delivered again however often its service was killed; the default is 20 times
  quorum) put STREAM_ARGUMENTS '{"x-queue-type": "quorum", "x-delivery-limit": -1}' ;;
  *) refuse "QUEUE_TYPE" "classic or quorum" ;;
esac

(umask 077 && sed "$script" "$template" >"$definitions")
exec docker-entrypoint.sh rabbitmq-server
