#!/usr/bin/env bash
# Tries the containers (playfleet-coordinator, playfleet-worker): both become healthy, the sample suite passes, SIGTERM lets the worker end well.
set -euo pipefail
cd "$(dirname "$0")/.."
network=playfleet-smoke

clean() {
  docker rm --force --volumes smoke-coordinator smoke-worker > /dev/null 2>&1 || true
  docker network rm "$network" > /dev/null 2>&1 || true
}
healthy() {
  for _ in $(seq 90); do
    [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ] && return
    sleep 1
  done
  echo "$1 did not become healthy" >&2
  docker logs "$1" >&2
  return 1
}
trap clean EXIT
clean
docker network create "$network" > /dev/null

docker run --detach --name smoke-coordinator --network "$network" --env PLAYFLEET_TLS=1 \
  --env PLAYFLEET_PUBLIC_URL=https://smoke-coordinator:4800 playfleet-coordinator coordinator --json > /dev/null
healthy smoke-coordinator
first=$(docker logs smoke-coordinator 2> /dev/null | head -n 1)
docker run --detach --name smoke-worker --network "$network" --shm-size 1g \
  --env "PLAYFLEET_JOIN=$(jq --raw-output .join <<< "$first")" playfleet-worker > /dev/null
healthy smoke-worker

# Its own copy: the container's user writes there.
docker run --rm --network "$network" --volume "$PWD/resources/sample-suite:/from:ro" --entrypoint sh playfleet-worker -c '
  set -e
  playfleet="node /opt/playfleet/bin/playfleet.mjs"
  cp -r /from /tmp/suite && cd /tmp/suite
  $playfleet login "$1" && $playfleet run --project smoke
' sh "$(jq --raw-output .admin_link <<< "$first")"

docker stop --time 60 smoke-worker > /dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' smoke-worker)
[ "$code" = 0 ] || { echo "the worker ended with $code after SIGTERM" >&2; exit 1; }
echo 'coordinator and worker did what they must'
