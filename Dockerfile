# One base, then a target per service: docker build --target intake --tag lingjun-intake .
# The libraries that every service locks are a layer of the base, which the five images share.
# Each image holds its own service, the shared package and the libraries of its lock file, and no compiler.
# The file uses only instructions that the classic builder supports.
FROM python:3.13-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
# The user id is the same in every image, because the services share volumes; a new volume gets its owner from here.
RUN groupadd --gid 10001 lingjun \
    && useradd --uid 10001 --gid lingjun --no-create-home --home-dir /tmp --shell /usr/sbin/nologin lingjun \
    && for folder in files mail clock sandbox token/public token/private keys/identity keys/contact keys/bank keys/scan; do \
        install --directory --owner=lingjun --group=lingjun --mode=0750 /var/lib/lingjun/$folder || exit 1; \
    done
WORKDIR /app
COPY requirements/shared.txt requirements/
RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/shared.txt
COPY deploy/connected.py deploy/
COPY deploy/lingjun /usr/local/bin/

# Opens foreign files for the services: the readers and their libraries, and nothing of a service.
FROM base AS sandbox
COPY requirements/sandbox.txt requirements/
RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/sandbox.txt
COPY shared/sandbox/ shared/sandbox/
USER 10001:10001
CMD ["python", "-m", "shared.sandbox", "/var/lib/lingjun/sandbox/socket"]

# [[[cog d.image_targets() ]]]
FROM base AS intake
COPY requirements/intake.txt requirements/
RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/intake.txt
COPY shared/ shared/
COPY services/__init__.py services/__main__.py services/loading.py services/
COPY services/cli/ services/cli/
COPY services/intake/ services/intake/
USER 10001:10001
CMD ["lingjun", "web", "intake"]

FROM base AS review
COPY requirements/review.txt requirements/
RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/review.txt
COPY shared/ shared/
COPY services/__init__.py services/__main__.py services/loading.py services/
COPY services/cli/ services/cli/
COPY services/review/ services/review/
USER 10001:10001
CMD ["lingjun", "web", "review"]

FROM base AS scheduling
COPY requirements/scheduling.txt requirements/
RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/scheduling.txt
COPY shared/ shared/
COPY services/__init__.py services/__main__.py services/loading.py services/
COPY services/cli/ services/cli/
COPY services/scheduling/ services/scheduling/
USER 10001:10001
CMD ["lingjun", "web", "scheduling"]

FROM base AS billing
COPY requirements/billing.txt requirements/
RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/billing.txt
COPY shared/ shared/
COPY services/__init__.py services/__main__.py services/loading.py services/
COPY services/cli/ services/cli/
COPY services/billing/ services/billing/
USER 10001:10001
CMD ["lingjun", "web", "billing"]

FROM base AS portal
COPY requirements/portal.txt requirements/
RUN pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/portal.txt
COPY shared/ shared/
COPY services/__init__.py services/__main__.py services/loading.py services/
COPY services/cli/ services/cli/
COPY services/portal/ services/portal/
USER 10001:10001
CMD ["lingjun", "web", "portal"]

# [[[end]]]
