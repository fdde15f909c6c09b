#!/usr/bin/env bash
# Build the public images of docker-compose.yml and the Dockerfile, under the same names and tags, from a Debian mirror only,
# and those of docker-compose.observability.yml. For machines that cannot reach an image registry. Run as root on
# Debian with `docker.io` and `debootstrap`; a second run reuses existing images.
# LINGJUN_DEBIAN_MIRROR sets another mirror than the first one of this machine.
set -euo pipefail
cd "$(dirname "$0")"

suite=trixie
images=(python:3.13-slim postgres:17 rabbitmq:4-management redis:8 caddy:2)
images+=(prom/prometheus:v2.53.3 prom/alertmanager:v0.28.1 prom/node-exporter:v1.9.1)
images+=(prometheuscommunity/postgres-exporter:v0.17.1 oliver006/redis_exporter:v1.69.0)

log() { printf '%s\n' "$*" >&2; }

mirror() {
    local found="${LINGJUN_DEBIAN_MIRROR:-}"
    # apt prints each repository of this machine; Debian's own have the label "Debian".
    [ -n "$found" ] || found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
    if [ -z "$found" ]; then
        log "No Debian mirror is known: set LINGJUN_DEBIAN_MIRROR to its address."
        exit 1
    fi
    printf '%s' "${found%/}"
}

import_base() {
    local folder
    folder=$(mktemp --directory)
    trap 'rm --recursive --force "$folder"' RETURN
    log "Debian $suite: unpacking its smallest system"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder/root" "$(mirror)" > "$folder/log" 2>&1 \
        || { tail --lines 20 "$folder/log" >&2; exit 1; }
    # A mirror or an index inside an office often has a certificate of the office's own authority.
    cp /etc/ssl/certs/ca-certificates.crt "$folder/root/etc/ssl/certs/ca-certificates.crt"
    rm --recursive --force "$folder"/root/var/cache/apt/archives/*.deb "$folder"/root/var/lib/apt/lists/*
    # Remove manuals and translations; keep the copyright files, as the licences require.
    printf 'path-exclude=/usr/share/%s/*\n' doc locale man > "$folder/root/etc/dpkg/dpkg.cfg.d/lingjun"
    printf 'path-include=/usr/share/doc/*/copyright\n' >> "$folder/root/etc/dpkg/dpkg.cfg.d/lingjun"
    find "$folder"/root/usr/share/{doc,locale,man} ! -type d ! -name copyright -delete
    tar --directory "$folder/root" --create --one-file-system --exclude=./proc/* --exclude=./sys/* . \
        | docker import - "lingjun-debian:$suite" > /dev/null
}

for program in docker debootstrap; do
    command -v "$program" > /dev/null || { log "Missing: $program. As root: apt-get install docker.io debootstrap"; exit 1; }
done
docker info > /dev/null 2>&1 || { log "No Docker engine answers: start dockerd."; exit 1; }

docker image inspect "lingjun-debian:$suite" > /dev/null 2>&1 || import_base
for image in "${images[@]}"; do
    log "$image"
    name=${image##*/}
    # Pass on the office's own package index, which pip inside the images must use too.
    docker build --quiet --tag "$image" --target "${name%%:*}" \
        --build-arg "PIP_INDEX_URL=$(pip config get global.index-url 2> /dev/null || true)" . > /dev/null
done
