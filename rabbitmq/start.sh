#!/bin/sh
# Starts RabbitMQ with the users, permissions and queues of definitions.template.json. RabbitMQ puts
# no variables into definitions: this does, at every start, and so a changed password takes effect.
# The default data set has the virtual host `/`, another one a host of its name beside it.
set -eu

template=/etc/rabbitmq/definitions.template.json
definitions=/tmp/definitions # in memory, for the broker alone: it has the passwords
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

for name in $(sed -n 's/.*"${\([A-Z_]*_PASSWORD\)}".*/\1/p' "$template"); do
  password "$name" "$(printenv "$name")"
done

case $QUEUE_TYPE in
  classic) type= ;;
  # -1: a message is delivered again however often its service was killed, and a dead letter however
  # often somebody looked at it; the default is 20 times
  quorum) type='"x-queue-type": "quorum", "x-delivery-limit": -1' ;;
  *) refuse "QUEUE_TYPE" "classic or quorum" ;;
esac
# As pipeline.table.schema_file.name_problem has it.
case $DATASET in
  '' | *[!a-z0-9-]* | [!a-z]* | job | key | label | live | seen | shadow | told | training) is_name= ;;
  *) is_name=$([ ${#DATASET} -gt 32 ] || echo yes) ;;
esac
[ -n "$is_name" ] || refuse "DATASET" "1 to 32 lower-case letters, digits and hyphens, a letter first,\
 and not job, key, label, live, seen, shadow, told, training"

put STREAM_ARGUMENTS "{$type}"
put BY_MODEL_ARGUMENTS "{\"x-dead-letter-exchange\": \"edge.dead_letters\",\
 \"x-dead-letter-routing-key\": \"answers\"${type:+, $type}}"
put DEAD_LETTERS_ARGUMENTS "{\"x-max-length\": 100000, \"x-max-length-bytes\": 1073741824,\
 \"x-overflow\": \"drop-head\"${type:+, $type}}"

if [ -n "${CLUSTER_PASSWORD:-}" ]; then # one of three nodes: docker-compose.cluster.yml
  password CLUSTER_PASSWORD "$CLUSTER_PASSWORD"
  cookie=/var/lib/rabbitmq/.erlang.cookie
  rm -f "$cookie" # it may not be writable
  (umask 077 && printf %s "$CLUSTER_PASSWORD" >"$cookie")

  # The nodes talk over a network of their own, on which alone they have these names.
  address=$(getent ahostsv4 "${RABBITMQ_NODENAME#*@}" | sed '1s/ .*//;q')
  [ -n "$address" ] || refuse "RABBITMQ_NODENAME" "a name that the other nodes know"
  export ERL_EPMD_ADDRESS="$address"
  interface="inet_dist_use_interface {$(echo "$address" | tr . ,)}"
  # Queues stand still while a node tries to reach one that has vanished: for 7 s by default.
  export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel $interface -kernel net_setuptime 2"
fi

write() { # NAME VHOST: the definitions of a data set
  sed "$script
s/\"\${VHOST}\"/\"$2\"/" "$template" >"$definitions/$1.json"
}

(
  umask 077
  rm -rf "$definitions"
  mkdir "$definitions"
  write diabetes '\/'
  [ "$DATASET" = diabetes ] || write "$DATASET" "$DATASET"
)
exec docker-entrypoint.sh rabbitmq-server
