# An image with nothing but the program, which is linked statically and runs as nobody.
#
#   cargo build --release --target x86_64-unknown-linux-musl
#   docker build --build-arg BINARY=target/x86_64-unknown-linux-musl/release/pgwitness -t pgwitness .
#   docker run --rm -v "$PWD:/work:ro" pgwitness check
#
# There is no git and no Postgres in it: `--base` takes a folder or a snapshot, and servers are reached by their URLs.
FROM scratch
ARG BINARY=pgwitness
COPY --chmod=0555 ${BINARY} /pgwitness
WORKDIR /work
USER 65534:65534
ENTRYPOINT ["/pgwitness"]
CMD ["check"]
