#!/usr/bin/env bash
# Provide every image of docker-compose.yml: pull the public images from a registry, or build them from Debian's packages
# if no registry can be reached (offline/build.sh); build the project's own images. Called by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/compose.sh

for image in python:3.13-slim postgres:17 rabbitmq:4-management redis:8 caddy:2; do
    docker image inspect "$image" > /dev/null 2>&1 || docker pull --quiet "$image" > /dev/null 2>&1 || {
        echo "No registry gives $image: building it from Debian's packages." >&2
        deploy/offline/build.sh
        break
    }
done

docker buildx version > /dev/null 2>&1 || export DOCKER_BUILDKIT=0
# One process of each service, whose others run the same image, and the sandbox. One build at a time, because concurrent builds
# of the classic builder each build the shared layers again.
COMPOSE_PARALLEL_LIMIT=1 $compose build --quiet $(each web) sandbox
