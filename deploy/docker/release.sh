#!/bin/sh
# Puts an image into service on this machine, in the folder of docker-compose.yml and .env, which remembers it.
#   deploy/docker/release.sh IMAGE
set -eu
docker compose version >/dev/null
touch .env
grep -v '^COURSEPLATFORM_IMAGE=' .env >.env.new || true
echo "COURSEPLATFORM_IMAGE=$1" >>.env.new
mv .env.new .env
docker compose pull --quiet
docker compose up --detach --wait --no-build --remove-orphans app worker scheduler nginx
docker compose exec -T nginx nginx -s reload # it looks up where the new containers are
