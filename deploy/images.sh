#!/usr/bin/env bash
# Brings every image that docker-compose.yml names: the public ones from a registry, or, where none can be reached, from
# Debian's packages (offline/build.sh); the house's own by the Dockerfile. Called by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."

for image in python:3.13-slim postgres:17 rabbitmq:4-management redis:8 caddy:2; do
    docker image inspect "$image" > /dev/null 2>&1 || docker pull --quiet "$image" > /dev/null 2>&1 || {
        echo "No registry gives $image: building it from Debian's packages." >&2
        deploy/offline/build.sh
        break
    }
done

compose="docker compose"
$compose version > /dev/null 2>&1 || compose=$(command -v docker-compose || echo .venv/bin/docker-compose)
docker buildx version > /dev/null 2>&1 || export DOCKER_BUILDKIT=0
# One process of each service: the others run the same image. In turn, because the classic builder makes the layers that
# the images share once for each build that runs beside another.
COMPOSE_PARALLEL_LIMIT=1 $compose build --quiet intake-web review-web scheduling-web billing-web portal-web
