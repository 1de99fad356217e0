# The caseloom binary and its default configuration; nothing else runs in the image.
#
#   docker build -t caseloom .
#   docker run --rm -p 127.0.0.1:8080:8080 -v caseloom:/var/lib/caseloom -v ./config:/etc/caseloom:ro caseloom
#
# In a container the default listen address, the container's own loopback, is reached by nobody: docker-compose.yml shows how
# to open it without opening it to the world.

FROM rust:1.95-bookworm AS build
# bindgen reads RocksDB's C header with libclang; compilers, OpenSSL and zlib are in this image already.
RUN apt-get update \
 && apt-get install -y --no-install-recommends clang libclang-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches outlive a change of the source: RocksDB takes 10 to 20 minutes on two cores and changes with Cargo.lock only.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --bin caseloom \
 && install -D -t /out target/release/caseloom

# Debian and not distroless: the health check and a shell for the day when something is wrong are worth 40 MB.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libssl3 libstdc++6 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/caseloom --shell /usr/sbin/nologin caseloom \
 && install -d -o caseloom -g caseloom -m 0700 /var/lib/caseloom
COPY --from=build /out/caseloom /usr/bin/caseloom
COPY config/caseloom.toml config/policy.toml /etc/caseloom/
COPY config/mappings /etc/caseloom/mappings

ENV CASELOOM__STORE__PATH=/var/lib/caseloom \
    CASELOOM__POLICY__FILE=/etc/caseloom/policy.toml
# By number, so that a cluster can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/caseloom
VOLUME /var/lib/caseloom
EXPOSE 8080
# Alive, not ready: a broker that is away makes caseloom not ready, and a restart would not bring the broker back.
# bash opens the connection itself, so the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["caseloom"]
CMD ["run", "--config", "/etc/caseloom/caseloom.toml"]
