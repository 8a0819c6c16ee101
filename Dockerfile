# One small image with the one binary: every role is an argument (`proxy`, `backend`, `config-service`).
#
#   docker build --tag byodc \
#       --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .
#   docker run --read-only --tmpfs /tmp --publish 8080:80 byodc backend
#
# Ports: 80 requests (http), 443 requests over TLS where a proxy has a certificate, 8080 figures and health
# (prometheus), 8081 operators and peers (admin; never publish it).
#
# Nothing in the image is written to: the root may be read-only, and the user may be any. Only /tmp must be writable
# (exports that are too large for memory) and what settings name: a journal or ownership in SQLite files
# (Byodc__Journal__Url, Byodc__Ownership__Url), simulated TSEs (Byodc__Simulator__Directory).
#
# Ports below 1024 are open to every user in Docker and in Kubernetes' safe sysctl net.ipv4.ip_unprivileged_port_start=0;
# with podman add --sysctl net.ipv4.ip_unprivileged_port_start=0.
#
# The build takes two images, two Debian packages and crates. Each can come from a mirror:
#
#   --build-arg BUILD_IMAGE=mirror.example/rust:1.95.0-slim-bookworm      or with a digest: rust@sha256:…
#   --build-arg BASE_IMAGE=mirror.example/distroless/cc-debian12:nonroot
#   --build-arg DEBIAN_MIRROR=http://mirror.example/debian
#   --secret id=cargo,src=cargo-config.toml   (a cargo configuration with [source.crates-io] replace-with = …)
#
# Both images must be of one Debian release, whose C library the binary needs; a test compares them.

ARG BUILD_IMAGE=docker.io/library/rust:1.95.0-slim-bookworm
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
ARG DEBIAN_MIRROR=http://deb.debian.org/debian
# cmake and make build zlib-ng; a C compiler is in the image.
RUN sed -i "s|http://deb.debian.org/debian$|${DEBIAN_MIRROR}|" /etc/apt/sources.list.d/debian.sources \
    && apt-get update \
    && apt-get install --yes --no-install-recommends cmake make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# The tests are not part of the build, but their manifest is part of the workspace.
COPY Cargo.toml Cargo.lock ./
COPY tests/Cargo.toml tests/
COPY shared shared
COPY proxy proxy
COPY backend backend
COPY byodc byodc
# Without line tables a quarter of the size is left; function names stay for backtraces.
ENV CARGO_PROFILE_RELEASE_DEBUG=none CARGO_PROFILE_RELEASE_STRIP=debuginfo
# Only the package itself is built, so the feature that lets tests sabotage the binary stays off; `version` says so.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    --mount=type=secret,id=cargo,target=/usr/local/cargo/config.toml \
    cargo build --locked --release --package byodc \
    && cp target/release/byodc /byodc \
    && ! /byodc version | grep sabotage

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="byodc" \
      org.opencontainers.image.description="Fiscal cashboxes as singletons in a cluster, behind a routing proxy" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /byodc /byodc
USER 65532:65532
EXPOSE 80 443 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/byodc", "health"]
ENTRYPOINT ["/byodc"]
