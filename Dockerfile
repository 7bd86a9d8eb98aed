# Two images: `oet` (operator, REST API and command line; Node and nothing else, no shell) and `scripts` (Python, git and PyPubSub, for
# script pods). Built by docker, podman and buildah alike: see `make oci-build`.
#   NODE_IMAGE           Node 24.9 or later on Debian, with npm; nothing of it but Node and its C libraries gets into an image
#   PYTHON_IMAGE         Python 3.9 or later with venv, on Debian; git is installed where it lacks
#   NODE_EXTRA_CA_CERTS  a file of certificates, where the package registry is reached through a proxy of your own (mount it with -v)
ARG NODE_IMAGE=node:24-bookworm-slim
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${NODE_IMAGE} AS build
ARG NODE_EXTRA_CA_CERTS
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit --loglevel=error && rm -rf "$HOME/.npm"
COPY . .
RUN node tools/build.ts && node tools/build-servers.ts && sh tools/image/rootfs.sh /rootfs

FROM scratch AS oet
COPY --from=build /rootfs /
ENV PATH=/usr/local/bin HOME=/tmp NODE_ENV=production HOST=0.0.0.0
USER 65532:65532
CMD ["oet", "--help"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ska-oso-oet" \
      org.opencontainers.image.description="On-demand Python scripts on Kubernetes: operator (oet-operator), REST API (oet-rest) and command line (oet)" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.vendor="SKA Observatory" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM ${PYTHON_IMAGE} AS packages
ARG PIP_CERT
COPY tools/image/requirements.txt ./
RUN python3 -m venv /venv && /venv/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes --only-binary :all: \
      --target /packages -r requirements.txt

FROM ${PYTHON_IMAGE} AS scripts
RUN command -v git >/dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*; }
# Into the interpreter's own folder: the environments that create_env makes see it, too.
RUN --mount=type=bind,from=packages,source=/packages,target=/packages \
    cp -r /packages/. "$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
ENV HOME=/tmp PYTHONUNBUFFERED=1
USER 65532:65532
CMD ["python3"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ska-oso-oet-scripts" \
      org.opencontainers.image.description="Python, git and PyPubSub for the script pods of ska-oso-oet" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.vendor="SKA Observatory" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
