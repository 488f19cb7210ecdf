# One image for serving (the default), for `courseplatform worker`, `scheduler`, `migrate` and every other command.
# Everything it writes is below /var/lib/courseplatform and /tmp (backups: /backups): it runs on a read-only file system.
# Debian 13, whose pg_dump is of the PostgreSQL in docker-compose.yml.
ARG BASE=python:3.11.13-slim-trixie

FROM ${BASE} AS build
COPY . /source
RUN PIP_NO_CACHE_DIR=1 /source/deploy/docker/install.sh /source /opt/courseplatform

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="courseplatform" \
      org.opencontainers.image.description="A headless, JSON-only platform for online courses" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 courseplatform \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin courseplatform \
    && install --directory --owner 10001 --group 10001 --mode 0750 /var/lib/courseplatform /backups \
    && apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17=17.* \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/courseplatform /opt/courseplatform
ENV PATH="/opt/courseplatform/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONWARNINGS=ignore:pkg_resources \
    COURSEPLATFORM_SERVER_HOST=0.0.0.0 \
    COURSEPLATFORM_VAR_DIR=/var/lib/courseplatform
WORKDIR /opt/courseplatform
USER 10001:10001
VOLUME /var/lib/courseplatform
EXPOSE 6543
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:6543/health/ready', timeout=4)"]
CMD ["courseplatform", "serve", "production.ini"]
