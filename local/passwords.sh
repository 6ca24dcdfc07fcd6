#!/bin/sh
# Puts new random passwords into .env: those of RabbitMQ's users in Docker, and Flower's. If containers
# were started with a profile or files of the command line, that goes into .env as well: so that
# `docker compose up -d`, which gives the passwords to all, leaves out none that runs.
set -eu
umask 077

compose() { # nothing where there is no Docker
  docker compose "$@" 2>/dev/null || true
}

files_of() { # SERVICE: the compose files that its container was made from, as COMPOSE_FILE has them
  for container in $(compose ps --all --quiet "$1"); do
    docker inspect --format '{{index .Config.Labels "com.docker.compose.project.config_files"}}' "$container"
  done | tr , '\n' | awk -v here="$PWD/" '!seen[$0]++ {
    if (index($0, here) == 1) $0 = substr($0, length(here) + 1)
    printf "%s%s", separator, $0
    separator = ":"
  }'
}

touch .env
chmod 600 .env
runs= profiles=
files=$(files_of rabbitmq)
if [ "${files:-docker-compose.yml}" != docker-compose.yml ] && ! grep -q '^COMPOSE_FILE=' .env; then
  runs="COMPOSE_FILE=$files
"
fi
if [ -n "$(compose --profile serving ps --all --quiet gateway)" ] &&
  ! compose config --services | grep -qx gateway; then
  if grep -q '^COMPOSE_PROFILES=.' .env; then
    profiles='s/^COMPOSE_PROFILES=..*/&,serving/'
  else
    runs="${runs}COMPOSE_PROFILES=serving
"
  fi
fi

users=$(sed -n 's/^\([A-Z_]*\)_PASSWORD=.*/\1/p' .env.example)
kept=$(grep -Ev "^($(echo $users | tr ' ' '|'))_PASSWORD=" .env | sed "$profiles" || true)
{
  printf '%s' "${kept:+$kept
}$runs"
  for user in $users; do
    echo "${user}_PASSWORD=$(LC_ALL=C tr -dc A-Za-z0-9 </dev/urandom | head -c 32)"
  done
} >.env
[ -z "$runs" ] || printf 'As it runs so, .env has now, too:\n%s' "$runs"
[ -z "$profiles" ] || printf 'As it runs so, .env has now: %s\n' "$(grep '^COMPOSE_PROFILES=' .env)"
echo 'New passwords are in .env; docker compose up -d puts them to use.'
