#!/usr/bin/env bash
# Builds the images that docker-compose.yml and the Dockerfile fetch from a public registry, under the same names and tags,
# from a Debian mirror and nothing else, and Prometheus for docker-compose.observability.yml. For machines that reach no image
# registry. Run as root on Debian with `docker.io` and `debootstrap`; a second run takes what is there.
# LINGJUN_DEBIAN_MIRROR names another mirror than the first of this machine's own.
set -euo pipefail
cd "$(dirname "$0")"

suite=trixie
images=(python:3.13-slim postgres:17 rabbitmq:4-management redis:8 caddy:2 prom/prometheus:v2.53.3)

say() { printf '%s\n' "$*" >&2; }

mirror() {
    local found="${LINGJUN_DEBIAN_MIRROR:-}"
    # apt prints each repository of this machine; Debian's own carry the label "Debian".
    [ -n "$found" ] || found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
    if [ -z "$found" ]; then
        say "No Debian mirror is known: set LINGJUN_DEBIAN_MIRROR to its address."
        exit 1
    fi
    printf '%s' "${found%/}"
}

import_base() {
    local folder
    folder=$(mktemp --directory)
    trap 'rm --recursive --force "$folder"' RETURN
    say "Debian $suite: unpacking its smallest system"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder/root" "$(mirror)" > "$folder/log" 2>&1 \
        || { tail --lines 20 "$folder/log" >&2; exit 1; }
    # A mirror or an index inside an office often answers with a certificate of the office's own authority.
    cp /etc/ssl/certs/ca-certificates.crt "$folder/root/etc/ssl/certs/ca-certificates.crt"
    rm --recursive --force "$folder"/root/var/cache/apt/archives/*.deb "$folder"/root/var/lib/apt/lists/*
    # Manuals and translations are read by nobody here; whose work a package is stays, as its licence asks.
    printf 'path-exclude=/usr/share/%s/*\n' doc locale man > "$folder/root/etc/dpkg/dpkg.cfg.d/lingjun"
    printf 'path-include=/usr/share/doc/*/copyright\n' >> "$folder/root/etc/dpkg/dpkg.cfg.d/lingjun"
    find "$folder"/root/usr/share/{doc,locale,man} ! -type d ! -name copyright -delete
    tar --directory "$folder/root" --create --one-file-system --exclude=./proc/* --exclude=./sys/* . \
        | docker import - "lingjun-debian:$suite" > /dev/null
}

for program in docker debootstrap; do
    command -v "$program" > /dev/null || { say "Missing: $program. As root: apt-get install docker.io debootstrap"; exit 1; }
done
docker info > /dev/null 2>&1 || { say "No Docker engine answers: start dockerd."; exit 1; }

docker image inspect "lingjun-debian:$suite" > /dev/null 2>&1 || import_base
for image in "${images[@]}"; do
    say "$image"
    name=${image##*/}
    # An index of the office's own, which pip inside the images must use too.
    docker build --quiet --tag "$image" --target "${name%%:*}" \
        --build-arg "PIP_INDEX_URL=$(pip config get global.index-url 2> /dev/null || true)" . > /dev/null
done
