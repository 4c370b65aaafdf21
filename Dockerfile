# Two stages: a static binary is built, and nothing else is shipped but the trust store.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev gcc make ca-certificates
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin kalends && mkdir -p /empty/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/kalends /usr/bin/kalends
COPY --from=build --chown=10001:10001 /empty/data /var/lib/kalends
USER 10001:10001
VOLUME /var/lib/kalends
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/usr/bin/kalends", "healthcheck", "--config", "/etc/kalends/kalends.toml"]
ENTRYPOINT ["/usr/bin/kalends"]
CMD ["serve", "--config", "/etc/kalends/kalends.toml"]
